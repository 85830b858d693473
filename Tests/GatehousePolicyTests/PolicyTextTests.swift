import Testing

@testable import GatehousePolicy

@Suite("the notations of policy")
struct PolicyTextTests {
    @Test(
        "durations",
        arguments: [
            ("500ms", Duration.milliseconds(500)), ("30s", .seconds(30)), ("5m", .seconds(300)), ("24h", .seconds(86_400)),
            ("7d", .seconds(604_800)), ("0s", .zero),
        ] as [(String, Duration)])
    func durations(_ text: String, _ expected: Duration) {
        #expect(PolicyText.duration(text) == expected)
        #expect(expected == .zero || PolicyText.duration(expected.policyText) == expected)
    }

    @Test(
        "what is no duration",
        arguments: ["", "5", "s", "-5s", "5 s", "1.5h", "5S", "1w", "99999999999999999999s", "9223372036854775807d", "40000d", "٣s"])
    func noDuration(_ text: String) { #expect(PolicyText.duration(text) == nil) }

    @Test("sizes and rates")
    func sizes() {
        #expect(
            PolicyText.size("16KiB") == 16_384 && PolicyText.size("1MiB") == 1_048_576 && PolicyText.size("1GiB") == 1 << 30
                && PolicyText.size("7B") == 7)
        for text in ["", "16", "16KB", "16kib", "-1B", "9223372036854775807GiB"] { #expect(PolicyText.size(text) == nil) }
        #expect(PolicyText.rate("5000/h") == Rate(events: 5_000, per: .seconds(3_600)))
        for text in ["", "5", "0/s", "5/d", "/s", "5/s/s", "-1/s"] { #expect(PolicyText.rate(text) == nil) }
    }

    @Test(
        "addresses",
        arguments: [
            ("0.0.0.0:8443", "0.0.0.0"), ("[::1]:443", "::1"), ("localhost:1", "localhost"), ("erp_1.internal:0", "erp_1.internal"),
        ])
    func addresses(_ text: String, _ host: String) { #expect(PolicyText.address(text)?.host == host) }

    @Test(
        "what is no address",
        arguments: ["", ":1", "a", "a:", "a:65536", "::1:443", "[::1]", "1.2.3:4", "256.0.0.1:1", "a..b:1", "-a:1", "a b:1", "[a]:1"])
    func noAddress(_ text: String) { #expect(PolicyText.address(text) == nil) }

    @Test("safe names")
    func names() {
        for name in ["acme", "0", "a-b_c.d", String(repeating: "a", count: 64)] { #expect(PolicyText.isSafeName(name)) }
        for name in ["", "Acme", "-a", ".a", "a/b", "a b", "ä", "..", String(repeating: "a", count: 65)] {
            #expect(!PolicyText.isSafeName(name))
        }
    }

    @Test(
        "URLs",
        arguments: [
            ("http://a", false, "a", 80, "", nil), ("https://a:444/b?c=d", true, "a", 444, "/b", "c=d"),
            ("https://[::1]/", true, "::1", 443, "/", nil),
            ("https://[::1]:8443", true, "::1", 8_443, "", nil), ("http://a?b", false, "a", 80, "", "b"),
        ] as [(String, Bool, String, Int, String, String?)])
    func urls(_ text: String, _ isTLS: Bool, _ host: String, _ port: Int, _ path: String, _ query: String?) throws {
        let url = try WebAddress(text)
        #expect(url.isTLS == isTLS && url.host == host && url.port == port && url.path == path && url.query == query)
    }

    @Test(
        "what is no URL",
        arguments: [
            "", "a", "ftp://a", "HTTP://a", "http://", "http:///a", "http://a b", "http://u@a", "http://a#b", "http://a:b", "http://::1/",
            "http://a/\u{e4}", "http://[::1",
        ])
    func noURL(_ text: String) { #expect(throws: WebAddress.Problem.self) { try WebAddress(text) } }

    @Test("the nearest name")
    func nearest() {
        #expect(nearestName(to: "deliverr", among: ["deliver", "path"]) == "deliver")
        #expect(nearestName(to: "xyz", among: ["deliver", "path"]) == nil)
        #expect(nearestName(to: "", among: ["deliver"]) == nil)
    }

    @Test("a length of time is written as it is read", arguments: ["0s", "5s", "90s", "2m", "1h", "36h", "7d", "500ms", "1500ms"])
    func durations(_ text: String) throws {
        #expect(PolicyText.text(try #require(PolicyText.duration(text))) == text)
    }
}
