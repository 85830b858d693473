import Testing

@testable import GatehouseAudit

@Suite("Reading records")
struct RecordValueTests {
    @Test(
        "malformed JSON is no record",
        arguments: [
            "", " ", "{", "}", "[1,]", "{\"a\":1,}", "{\"a\" 1}", "{a:1}", "\"a", "\"\\x\"", "\"\\u12\"", "\"\\ud800\"", "\"\\udc00\"",
            "\"\\ud800\\u0041\"",
            "\"\u{1}\"", "01", "-", "1.", ".5", "1e", "+1", "tru", "nul", "1 2", "{} {}", "{\"a\":1,\"a\":2}", "[", "NaN", "\"\n\"",
        ])
    func malformed(text: String) {
        #expect(Array(text.utf8).withUnsafeBytes { RecordValue(json: $0) } == nil)
    }

    @Test("deep nesting and long input end without a value")
    func bounds() {
        let deep = Array(String(repeating: "[", count: 100_000).utf8)
        #expect(deep.withUnsafeBytes { RecordValue(json: $0) } == nil)
        let fits = Array((String(repeating: "[", count: 16) + String(repeating: "]", count: 16)).utf8)
        #expect(fits.withUnsafeBytes { RecordValue(json: $0) } != nil)
        let long = [UInt8](repeating: 0x20, count: RecordLimit.line) + [0x31]
        #expect(long.withUnsafeBytes { RecordValue(json: $0) } == nil)
        let notUTF8: [UInt8] = [0x22, 0xff, 0x22]
        #expect(notUTF8.withUnsafeBytes { RecordValue(json: $0) } == nil)
    }

    @Test("values of each kind are read")
    func values() {
        let text = #" { "a" : [ 1 , -2.5e1 , "x\u00e9\ud83d\ude00\n" , true , false , null , { } , [ ] , 99999999999999999999 ] } "#
        let value = Array(text.utf8).withUnsafeBytes { RecordValue(json: $0) }
        #expect(
            value?["a"]?.array == [
                .integer(1), .decimal(-25), .string("xé😀\n"), .flag(true), .flag(false), .null, .object([]), .array([]), .decimal(1e20),
            ])
    }

    @Test("a repeated name is found in large objects too")
    func repeatedNames() {
        let members = (0..<100).map { "\"n\($0)\":\($0)" }
        let good = "{\(members.joined(separator: ","))}"
        #expect(Array(good.utf8).withUnsafeBytes { RecordValue(json: $0) }?.members?.count == 100)
        for again in [0, 50, 99] {
            let bad = "{\(members.joined(separator: ",")),\"n\(again)\":0}"
            #expect(Array(bad.utf8).withUnsafeBytes { RecordValue(json: $0) } == nil)
        }
    }

    @Test("members are found by position without decoding, and names inside texts are not met")
    func positions() throws {
        var record = DecisionRecord.accepted(5)
        record.endpoint = #"x","decision":"y\"#
        record.event?.id = #"{"answer":7,"key":"no"}"#
        var chain = Chain(node: #"n","kind":"z"#)
        var line: [UInt8] = []
        chain.finish(record.members, time: someTime, into: &line)
        line.removeLast()
        try line.withUnsafeBytes { bytes in
            let parsed = try #require(LogLine(bytes))
            func text(_ name: StaticString) -> String? { parsed.text(name).map { String(decoding: $0, as: UTF8.self) } }
            #expect(text("kind") == "decision" && text("decision") == "accepted" && text("reason") == "ok")
            #expect(text("endpoint") == #"x\",\"decision\":\"y\\"#)
            #expect(text("key") == "00000000000000050000000000000007" && parsed.number("answer") == 200 && parsed.number("skew_ms") == -12)
            #expect(parsed.time == someTime && text("nothing") == nil && parsed.number("kind") == nil)
        }
    }
}
