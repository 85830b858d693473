import Testing

@testable import GatehouseVerify

@Suite("Event patterns")
struct EventPatternTests {
    @Test(
        "a star stands for any characters, dots and none too",
        arguments: [
            ("order.*", "order.accepted", true), ("order.*", "order.charge.refund.complete", true), ("order.*", "order.", true),
            ("order.*", "order", false),
            ("order.*", "reorder.accepted", false), ("*.created", "order.created", true), ("*.created", "order.created.x", false),
            ("*", "", true),
            ("a*b*c", "a.b.b.c", true), ("a*b*c", "a.c.b", false), ("order.accepted", "order.accepted", true),
            ("order.accepted", "Order.accepted", false),
            ("", "", true), ("", "a", false), ("**", "x", true), ("*a", "aaab", false), ("a.b", "a-b", false), ("[a-z]", "b", false),
            ("?", "a", false),
        ])
    func matches(_ pattern: String, _ type: String, _ expected: Bool) {
        #expect(EventPattern(pattern).matches(type) == expected)
        #expect(EventPatterns([pattern]).matches(type) == expected)
    }

    @Test("an event without a type matches only the star")
    func untyped() {
        #expect(EventPatterns(["order.*", "*"]).matches(nil))
        #expect(!EventPatterns(["order.*", "*.x", "**x"]).matches(nil))
        #expect(!EventPatterns([]).matches(nil))
        #expect(!EventPatterns([]).matches("a"))
    }

    @Test("many stars do not take long")
    func stars() {
        #expect(
            !EventPattern(String(repeating: "*a", count: 30)).matches(
                String(repeating: "a", count: 29) + String(repeating: "b", count: 226)))
    }
}
