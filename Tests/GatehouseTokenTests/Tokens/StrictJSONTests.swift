import GatehouseCrypto
import Testing

@testable import GatehouseToken

@Suite("JSON as JOSE wants it")
struct StrictJSONTests {
    @Test("values of every kind are read, escapes and surrogate pairs too")
    func values() {
        let text = "{\"a\":[1,-2.5e3,true,false,null,\"\\u00e9\\ud83d\\ude00\\n\\/\"],\"b\":{\"c\":\"\"}}"
        let value = StrictJSON(Array(text.utf8))
        #expect(
            value
                == .object([
                    "a": .array([.number("1"), .number("-2.5e3"), .bool(true), .bool(false), .null, .string("é😀\n/")]),
                    "b": .object(["c": .string("")]),
                ]))
    }

    @Test(
        "SEC-46: what is no JSON, or says a member twice at any depth, is nothing",
        arguments: [
            "", " ", "{", "}", "{\"a\":1,}", "{\"a\":1}}", "{\"a\":1}x", "{'a':1}", "{a:1}", "{\"a\" 1}", "[1,]", "[1 2]", "01", "+1", "1.",
            ".5",
            "1e", "-", "tru", "nul", "NaN", "Infinity", "\"\\x\"", "\"\\u12\"", "\"\\ud800\"", "\"\\udc00\"", "\"\n\"", "\"a",
            "{\"a\":1,\"a\":2}",
            "{\"a\":{\"b\":1,\"b\":1}}", "[{\"b\":1,\"\\u0062\":1}]", "{\"\":1,\"\":1}", "/**/1", "\u{feff}1",
        ])
    func refused(_ text: String) {
        #expect(StrictJSON(Array(text.utf8)) == nil)
    }

    @Test(
        "SEC-46: text that is not UTF-8 is nothing",
        arguments: [[0xff], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xf5, 0x80, 0x80, 0x80]] as [[UInt8]])
    func encoding(_ bytes: [UInt8]) {
        #expect(StrictJSON([0x22] + bytes + [0x22]) == nil)
    }

    @Test("SEC-25: depth is bounded, however deep the text")
    func depth() {
        func nested(_ depth: Int) -> [UInt8] { Array((String(repeating: "[", count: depth) + String(repeating: "]", count: depth)).utf8) }
        #expect(StrictJSON(nested(StrictJSON.maximumDepth)) != nil)
        #expect(StrictJSON(nested(StrictJSON.maximumDepth + 1)) == nil)
        #expect(StrictJSON(nested(100_000)) == nil)
        #expect(StrictJSON(Array(String(repeating: "{\"a\":", count: 100_000).utf8)) == nil)
    }

    @Test("SEC-45: a time is whole seconds from 1970 to 9999 and nothing else")
    func times() {
        for text in ["0", "1790000000", "253402300799"] { #expect(StrictJSON(Array(text.utf8))?.numericDate != nil) }
        for text in [
            "-1", "1.0", "1.5", "1e9", "253402300800", "9223372036854775807", "9223372036854775808", "99999999999999999999999999999999",
            "-0.1",
            "\"1790000000\"", "null", "true", "[1]",
        ] {
            #expect(StrictJSON(Array(text.utf8))?.numericDate == nil)
        }
    }
}
