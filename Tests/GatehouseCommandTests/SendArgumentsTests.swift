import GatehouseTime
import Testing

@testable import GatehouseCommand

@Suite("Arguments of send")
struct SendArgumentsTests {
    @Test("a header is a token, a colon and a value without controls (SEC-26)")
    func headers() throws {
        let header = try #require(HeaderArgument(argument: "X-Some:  a: b"))
        #expect(header.name == "X-Some")
        #expect(header.value == "a: b")
        for bad in ["X", ": v", "X Y: v", "X: a\r\nEvil: b", "X: a\u{0}"] { #expect(HeaderArgument(argument: bad) == nil, "\(bad)") }
    }

    @Test("a duration is as policy files write it, or 0")
    func durations() {
        #expect(DurationArgument(argument: "24h")?.value == .seconds(86_400))
        #expect(DurationArgument(argument: "0")?.value == .zero)
        for bad in ["", "5", "h", "-1h", "1 h"] { #expect(DurationArgument(argument: bad) == nil, "\(bad)") }
    }

    @Test("a time is RFC 3339, Unix seconds or how long ago")
    func times() {
        let now = WallTime(seconds: 1_700_000_000)
        #expect(TimeArgument("2023-11-14T22:13:20Z", now: now)?.value == now)
        #expect(TimeArgument("1700000000", now: now)?.value == now)
        #expect(TimeArgument("10m", now: now)?.value == WallTime(seconds: 1_699_999_400))
        #expect(TimeArgument("500ms", now: now)?.value == WallTime(microseconds: 1_699_999_999_500_000))
        for bad in ["", "m", "-5", "5y", "99999999999999999999d", "9223372036854775807d"] {
            #expect(TimeArgument(bad, now: now) == nil, "\(bad)")
        }
    }
}
