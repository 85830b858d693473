import Testing

@testable import GatehouseAudit

@Suite("Text of records")
struct RecordTextTests {
    @Test(
        "control characters, quotes and bytes that are not UTF-8 are escaped (SEC-80)",
        arguments: [
            ([0x61, 0x22, 0x5c, 0x2f], #"a\"\\/"#),
            ([0x00, 0x09, 0x0a, 0x0d, 0x1b, 0x1f, 0x7f], #"\u0000\u0009\u000a\u000d\u001b\u001f\u007f"#),
            ([0xc2, 0x80, 0xc2, 0x9b, 0xc2, 0xa0], "\\u0080\\u009b\u{a0}"),
            (Array("é€😀".utf8), "é€😀"),
            ([0xe2, 0x80, 0xae, 0xe2, 0x81, 0xa6, 0xe2, 0x80, 0xa8, 0xef, 0xbb, 0xbf], #"\u202e\u2066\u2028\ufeff"#),
            ([0xff, 0x41, 0xc0, 0xaf, 0x80], #"\ufffdA\ufffd\ufffd\ufffd"#),
            ([0xed, 0xa0, 0x80], #"\ufffd\ufffd\ufffd"#),
            ([0xf4, 0x90, 0x80, 0x80], #"\ufffd\ufffd\ufffd\ufffd"#),
            ([0xe2, 0x82], #"\ufffd\ufffd"#),
            ([], ""),
        ] as [([UInt8], String)])
    func escapes(bytes: [UInt8], expected: String) {
        #expect(written(bytes, limit: 1_000) == "\"\(expected)\"")
    }

    @Test("a text that is too long is cut at a character's end and says by how much (SEC-80)")
    func cuts() {
        #expect(written(Array("abcdef".utf8), limit: 6) == "\"abcdef\"")
        #expect(written(Array("abcdefg".utf8), limit: 6) == "\"abcdef…+1\"")
        #expect(written(Array("abcd€€".utf8), limit: 6) == "\"abcd…+6\"")
        #expect(written(Array("abc\u{1}".utf8), limit: 6) == "\"abc…+1\"")
    }

    @Test("every byte sequence of two makes valid JSON that a strict reader takes (SEC-80)")
    func pairs() {
        for first in UInt8.min...UInt8.max {
            for second in UInt8.min...UInt8.max {
                let text = written([first, second], limit: 100)
                #expect(Array(text.utf8).withUnsafeBytes { RecordValue(json: $0) } != nil, "\(first) \(second)")
            }
        }
    }

    private func written(_ bytes: [UInt8], limit: Int) -> String {
        var output: [UInt8] = []
        output.write { $0.append(text: .bytes(bytes), limit: limit) }
        return String(validating: output, as: UTF8.self) ?? "not UTF-8"
    }
}
