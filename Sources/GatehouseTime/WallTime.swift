/// A moment of civil time: microseconds since 1970-01-01T00:00:00Z, leap seconds not counted. What records and signatures speak of;
/// spans and timeouts are measured with ``MonotonicTime`` instead.
public struct WallTime: Sendable, Hashable, Comparable, CustomStringConvertible {
    public var microseconds: Int64

    @inlinable public init(microseconds: Int64) { self.microseconds = microseconds }
    /// Saturates: a number of seconds that a peer sent cannot overflow.
    @inlinable public init(seconds: Int64) {
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000)
        microseconds = overflow ? (seconds < 0 ? .min : .max) : product
    }

    /// Whole seconds, rounded down.
    @inlinable public var seconds: Int64 { microseconds / 1_000_000 - (microseconds % 1_000_000 < 0 ? 1 : 0) }

    @inlinable public static func < (left: WallTime, right: WallTime) -> Bool { left.microseconds < right.microseconds }

    /// Saturates at the ends of the range.
    public static func + (left: WallTime, right: Duration) -> WallTime {
        let (sum, overflow) = left.microseconds.addingReportingOverflow(right.microseconds)
        return WallTime(microseconds: overflow ? (right.microseconds < 0 ? .min : .max) : sum)
    }

    public static func - (left: WallTime, right: Duration) -> WallTime {
        let (difference, overflow) = left.microseconds.subtractingReportingOverflow(right.microseconds)
        return WallTime(microseconds: overflow ? (right.microseconds < 0 ? .max : .min) : difference)
    }

    public static func - (left: WallTime, right: WallTime) -> Duration {
        let (difference, overflow) = left.microseconds.subtractingReportingOverflow(right.microseconds)
        return .microseconds(overflow ? (left < right ? .min : .max) : difference)
    }

    /// RFC 3339 in UTC with six digits after the second: `2026-11-24T02:01:02.123456Z`.
    public var description: String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(27)
        append(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension Duration {
    /// Whole microseconds, saturating.
    public var microseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000)
        guard !overflow else { return seconds < 0 ? .min : .max }
        let (sum, carried) = product.addingReportingOverflow(attoseconds / 1_000_000_000_000)
        return carried ? (seconds < 0 ? .min : .max) : sum
    }
}

/// A moment of a clock that never steps: nanoseconds since an unspecified start, comparable within one boot only.
public struct MonotonicTime: Sendable, Hashable, Comparable {
    public var nanoseconds: UInt64

    @inlinable public init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

    @inlinable public static func < (left: MonotonicTime, right: MonotonicTime) -> Bool { left.nanoseconds < right.nanoseconds }

    /// Zero where `right` is later.
    public static func - (left: MonotonicTime, right: MonotonicTime) -> Duration {
        .nanoseconds(Int64(clamping: left.nanoseconds >= right.nanoseconds ? left.nanoseconds - right.nanoseconds : 0))
    }
}
