import GatehouseTime
import Testing

@Suite("A wall time")
struct WallTimeTests {
    @Test(
        "is written and read as RFC 3339",
        arguments: [
            (0, "1970-01-01T00:00:00.000000Z"), (1_635_790_986_272_054, "2021-11-01T18:23:06.272054Z"),
            (951_782_400_000_000, "2000-02-29T00:00:00.000000Z"), (-1, "1969-12-31T23:59:59.999999Z"),
            (4_107_542_399_999_999, "2100-02-28T23:59:59.999999Z"),
        ])
    func rfc3339(microseconds: Int64, text: String) {
        #expect(WallTime(microseconds: microseconds).description == text)
        #expect(WallTime(rfc3339: Array(text.utf8)) == WallTime(microseconds: microseconds))
    }

    @Test(
        "is read with an offset and any number of digits",
        arguments: [
            ("2020-01-01T00:00:00-07:00", 1_577_862_000_000_000), ("2021-11-01T18:23:06Z", 1_635_790_986_000_000),
            ("2021-11-01t18:23:06.5z", 1_635_790_986_500_000), ("2021-11-01T20:23:06.123456789+02:00", 1_635_790_986_123_456),
        ] as [(String, Int64)])
    func offsets(text: String, microseconds: Int64) {
        #expect(WallTime(rfc3339: Array(text.utf8))?.microseconds == microseconds)
    }

    @Test(
        "is not read from anything else",
        arguments: [
            "", "2021-11-01", "2021-11-01T18:23:06", "2021-13-01T00:00:00Z", "2021-02-29T00:00:00Z", "2021-11-01T24:00:00Z",
            "2021-11-01T18:23:06.Z", "2021-11-01T18:23:06+2:00", "2021-11-01T18:23:06Z ", "+021-11-01T18:23:06Z", "2021-00-01T00:00:00Z",
            "2021-11-01T18:23:06+24:00",
        ])
    func malformed(text: String) {
        #expect(WallTime(rfc3339: Array(text.utf8)) == nil)
    }

    @Test("is written and read as an HTTP date")
    func httpDate() {
        let time = WallTime(seconds: 1_618_884_475)
        #expect(String(decoding: time.httpDate, as: UTF8.self) == "Tue, 20 Apr 2021 02:07:55 GMT")
        #expect(WallTime(httpDate: time.httpDate) == time)
        #expect(WallTime(httpDate: Array("Tuesday, 20-Apr-21 02:07:55 GMT".utf8)) == nil)
    }

    @Test("saturates where numbers end, so that no peer's number overflows (SEC-25)")
    func saturation() {
        #expect(WallTime(seconds: .max).microseconds == .max)
        #expect(WallTime(seconds: .min).microseconds == .min)
        #expect((WallTime(microseconds: .max) + .seconds(1)).microseconds == .max)
        #expect((WallTime(microseconds: .min) - .seconds(1)).microseconds == .min)
        #expect(WallTime(microseconds: .max) - WallTime(microseconds: .min) > .seconds(1))
        _ = WallTime(microseconds: .max).description
        _ = WallTime(microseconds: .min).httpDate
    }
}
