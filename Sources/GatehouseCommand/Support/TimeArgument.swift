import ArgumentParser
import GatehouseTime

/// A moment on a command line: RFC 3339, a date (its first moment in UTC), Unix seconds, or how long ago (`500ms`, `30s`, `10m`, `2h`, `3d`).
struct TimeArgument: ExpressibleByArgument {
    var value: WallTime

    init?(argument: String) { self.init(argument, now: SystemClock().now) }

    init?(_ text: String, now: WallTime) {
        if let exact = WallTime(rfc3339: Array(text.utf8)) {
            value = exact
        } else if let day = WallTime(rfc3339: Array("\(text)T00:00:00Z".utf8)) {
            value = day
        } else if let seconds = Int64(text), text.utf8.allSatisfy({ 0x30 <= $0 && $0 <= 0x39 }) {
            value = WallTime(seconds: seconds)
        } else if let ago = DurationArgument(argument: text) {
            value = now - ago.value
        } else {
            return nil
        }
    }
}

/// A length of time as policy files write it: `500ms`, `30s`, `5m`, `24h`, `7d`, or `0`.
struct DurationArgument: ExpressibleByArgument {
    var value: Duration

    init?(argument: String) {
        let digits = argument.prefix { "0" <= $0 && $0 <= "9" }
        let unit = argument.dropFirst(digits.count)
        guard let count = Int64(digits), let each = unit.isEmpty && count == 0 ? 1 : Self.units[String(unit)] else { return nil }
        let (microseconds, overflow) = count.multipliedReportingOverflow(by: each)
        guard !overflow else { return nil }
        value = .microseconds(microseconds)
    }

    /// Microseconds each.
    private static let units: [String: Int64] = ["ms": 1_000, "s": 1_000_000, "m": 60_000_000, "h": 3_600_000_000, "d": 86_400_000_000]
}
