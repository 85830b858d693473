#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The two clocks that deciding code is handed. Tests hand it one that stands still until told to move.
public protocol GatewayClock: Sendable {
    var now: WallTime { get }
    var monotonic: MonotonicTime { get }
}

/// The operating system's clocks.
public struct SystemClock: GatewayClock {
    public init() {}

    public var now: WallTime {
        let time = Self.read(CLOCK_REALTIME)
        return WallTime(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000)
    }

    public var monotonic: MonotonicTime {
        let time = Self.read(CLOCK_MONOTONIC)
        return MonotonicTime(nanoseconds: UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec))
    }

    private static func read(_ clock: clockid_t) -> timespec {
        var time = timespec()
        clock_gettime(clock, &time)
        return time
    }
}
