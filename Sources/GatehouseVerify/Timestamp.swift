internal import GatehousePolicy
internal import GatehouseTime

/// The time in a signature, read strictly: one text is one time, so that nothing beside it can slide into it (SEC-59).
enum Timestamp {
    /// Digits only for `s` and `ms`, at most 18 of them; RFC 3339 with an offset; IMF-fixdate. `auto` takes any of these and counts ten to
    /// the eleventh and more as milliseconds (in seconds that would be the year 5138). Nil for anything else.
    static func parse(_ text: UnsafeRawBufferPointer, unit: TimestampSource.Unit) -> WallTime? {
        switch unit {
        case .s: digits(text).map { WallTime(seconds: $0) }
        case .ms: digits(text).map { milliseconds($0) }
        case .rfc3339: WallTime(rfc3339: text)
        case .httpDate: WallTime(httpDate: text)
        case .auto:
            if let number = digits(text) {
                number >= 100_000_000_000 ? milliseconds(number) : WallTime(seconds: number)
            } else {
                WallTime(rfc3339: text) ?? WallTime(httpDate: text)
            }
        }
    }

    private static func digits(_ text: UnsafeRawBufferPointer) -> Int64? {
        guard 1...18 ~= text.count else { return nil }
        var number: Int64 = 0
        for byte in text {
            guard 0x30 <= byte, byte <= 0x39 else { return nil }
            number = number * 10 + Int64(byte - 0x30)
        }
        return number
    }

    private static func milliseconds(_ number: Int64) -> WallTime {
        let (product, overflow) = number.multipliedReportingOverflow(by: 1_000)
        return WallTime(microseconds: overflow ? .max : product)
    }
}

/// How old and how far ahead a signed time may be, both edges included (SEC-62).
struct Window: Sendable {
    /// Microseconds.
    let tolerance: Int64
    let future: Int64

    /// The endpoint's word counts before the scheme's.
    init(_ replay: EndpointPolicy.ReplayPolicy, _ timestamp: TimestampSource?) {
        tolerance = (replay.tolerance ?? timestamp?.tolerance ?? .seconds(300)).microseconds
        future = (replay.future ?? timestamp?.future ?? .seconds(60)).microseconds
    }

    enum Verdict { case inside, stale, future }

    func judge(_ signedAt: WallTime, at now: WallTime) -> Verdict {
        // A time at the end of the range is outside whatever the clock says.
        let (age, overflow) = now.microseconds.subtractingReportingOverflow(signedAt.microseconds)
        if overflow { return signedAt < now ? .stale : .future }
        if age > tolerance { return .stale }
        return age < -future ? .future : .inside
    }
}
