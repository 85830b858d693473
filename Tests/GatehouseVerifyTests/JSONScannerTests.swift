import Foundation
import Testing

@testable import GatehouseVerify

@Suite("The JSON scanner")
struct JSONScannerTests {
    /// The texts under the paths, or the problem's name for each.
    static func read(_ text: [UInt8], _ paths: [String]) -> [String?] {
        var tree = JSONPaths()
        for path in paths { _ = tree.slot(for: path.split(separator: ".").map(String.init)) }
        var found = [JSONScanner.Value?](repeating: nil, count: paths.count)
        return text.withUnsafeBytes { bytes in
            do throws(JSONScanner.Problem) {
                try JSONScanner.scan(bytes, paths: tree, into: &found)
            } catch {
                return ["\(error)"]
            }
            return found.map { value in
                guard let value else { return nil }
                let raw = bytes.slice(value.start, value.end)
                guard value.escaped else { return String(decoding: raw, as: UTF8.self) }
                var output = [UInt8](repeating: 0, count: raw.count)
                guard let count = output.withUnsafeMutableBytes({ JSONText.unescape(raw, into: $0) }) else { return "no text" }
                return String(decoding: output[..<count], as: UTF8.self)
            }
        }
    }

    static func read(_ text: String, _ paths: String...) -> [String?] { read(Array(text.utf8), paths) }

    @Test("all paths are found in one pass, at any depth and after anything")
    func finds() {
        let text =
            #"{ "x" : [1, {"id":"no"}, "}]\""], "data":{"skip":{"id":2},"id" : "in","n":-1.5e+3}, "type":"t","list":[{"v":0},{"v":"two"}], "id":"\u00e9\n\ud83d\ude00" }"#
        #expect(
            Self.read(text, "id", "type", "data.id", "data.n", "list.1.v", "absent", "data.absent") == [
                "é\n😀", "t", "in", "-1.5e+3", "two", nil, nil,
            ])
    }

    @Test("a member name is compared as it reads, escapes and all")
    func escapedNames() {
        #expect(Self.read(#"{"\u0074ype":"a"}"#, "type") == ["a"])
        #expect(Self.read(#"{"type":"a","typ\u0065":"b"}"#, "type") == ["repeated"])
    }

    @Test("SEC-46 a member on a path that is there twice ends the scan; off the paths it does not matter")
    func repeated() {
        #expect(Self.read(#"{"id":1,"id":1}"#, "id") == ["repeated"])
        #expect(Self.read(#"{"a":{"id":1},"a":{}}"#, "a.id") == ["repeated"])
        #expect(Self.read(#"{"a":{"id":1,"id":2}}"#, "a.id") == ["repeated"])
        #expect(Self.read(#"{"a":[{"id":1,"id":2}]}"#, "a.0.id") == ["repeated"])
        #expect(Self.read(#"{"id":1,"b":{"c":1,"c":2},"b":3}"#, "id") == ["1"])
        #expect(Self.read(#"{"b":{"id":1},"id":2}"#, "id") == ["2"])
    }

    @Test(
        "what is not one strict JSON text is not read",
        arguments: [
            "", " ", "{", "}", "[1", "[1,]", "[,1]", "{\"id\":1,}", "{\"id\"}", "{\"id\":}", "{id:1}", "{'id':1}", "{\"id\":1}x",
            "{\"id\":1}{}", "01", "-", "1.", ".5",
            "1e", "+1", "0x1", "NaN", "tru", "truex", "nul", "\"a", "\"\\", "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", "\"\u{1}\"", "\"a\nb\"",
            "[1 2]", "{\"id\" 1}", "{\"id\":1 \"b\":2}",
            "{\"a\":[}", "{\"a\":[1}]", "[{]}", "\u{feff}{}", "/**/{}", "{\"b\":[1,2,[3,{\"c\":}]]}", "[\"a\":1]", "{1:2}",
        ])
    func malformed(_ text: String) {
        #expect(Self.read(text, "id") == ["notJSON"])
        #expect(Self.read("{\"off\":\(text)", "id") == ["notJSON"])
    }

    @Test(
        "UTF-8 is checked, in strings on and off the paths",
        arguments: [
            [0x80], [0xc0, 0x80], [0xc1, 0xbf], [0xe0, 0x80, 0x80], [0xed, 0xa0, 0x80], [0xf0, 0x80, 0x80, 0x80], [0xf4, 0x90, 0x80, 0x80],
            [0xf5, 0x80, 0x80, 0x80],
            [0xff], [0xc3], [0xe2, 0x82], [0xf0, 0x9f, 0x98], [0xc3, 0x28],
        ] as [[UInt8]])
    func invalidUTF8(_ bytes: [UInt8]) {
        for name in ["id", "off"] {
            #expect(Self.read(Array("{\"\(name)\":\"aaaaaaaaa".utf8) + bytes + Array("\"}".utf8), ["id"]) == ["notJSON"])
            #expect(Self.read(Array("{\"\(name)\":\"".utf8) + bytes, ["id"]) == ["notJSON"])
        }
    }

    @Test(
        "half a surrogate pair is JSON, but no text", arguments: [#"\ud800"#, #"\udc00"#, #"\ud800\u0041"#, #"\ud800x"#, #"\ud800\ud800"#])
    func loneSurrogates(_ escape: String) {
        #expect(Self.read("{\"id\":\"\(escape)\"}", "id") == ["no text"])
        #expect(Self.read("{\"off\":\"\(escape)\",\"id\":1}", "id") == ["1"])
    }

    @Test("SEC-25 nesting is bounded and needs no stack", arguments: ["[", "{\"a\":", "[{\"a\":", "{\"id\":", "{\"b\":[{\"id\":["])
    func deep(_ opening: String) {
        #expect(Self.read(Array(String(repeating: opening, count: 100_000).utf8), ["id", "b.0.id"]) == ["tooDeep"])
        #expect(Self.read(Array(("{\"off\":" + String(repeating: opening, count: 100_000)).utf8), ["id"]) == ["tooDeep"])
    }

    @Test("512 levels are read")
    func deepest() {
        let inner = String(repeating: "[", count: 511) + String(repeating: "]", count: 511)
        #expect(Self.read("{\"a\":\(inner),\"id\":7}", "id") == ["7"])
        #expect(Self.read("{\"a\":[\(inner)],\"id\":7}", "id") == ["tooDeep"])
    }

    @Test("objects and arrays alternate without being mistaken for each other")
    func alternating() {
        let text = String(repeating: #"{"a":["#, count: 200) + String(repeating: "]}", count: 200)
        #expect(Self.read("{\"off\":\(text),\"id\":1}", "id") == ["1"])
        #expect(Self.read("{\"off\":\(text.dropLast(2))}],\"id\":1}", "id") == ["notJSON"])
    }

    @Test("agrees with Foundation on what is JSON, for every change of one byte")
    func agrees() {
        let text = Array(#"{"id":"a\u00e9\"b","n":[-0,1.25E-7,true,false,null,{}],"o":{"k":[[]],"é":"ü"},"z":""}"#.utf8)
        for index in text.indices {
            for byte in [
                UInt8(ascii: "\""), 0x5c, 0x7b, 0x7d, 0x5b, 0x5d, 0x2c, 0x3a, 0x00, 0x20, 0x30, 0x2e, 0xff, 0xc3, UInt8(ascii: "e"),
            ] {
                var changed = text
                changed[index] = byte
                let isJSON = (try? JSONSerialization.jsonObject(with: Data(changed), options: .fragmentsAllowed)) != nil
                let read = Self.read(changed, ["id"])
                if (read != ["notJSON"]) != isJSON {
                    // Foundation takes what RFC 8259 does not; the scanner must be the stricter one.
                    #expect(isJSON && read == ["notJSON"] || read == ["repeated"], "\(String(decoding: changed, as: UTF8.self))")
                }
            }
        }
    }

    @Test("no prefix of a text is a text, and none of its ends is read beyond")
    func prefixes() {
        let text = Array(#"{"id":"aaaaaaaaaaaaaaaaé","t":[1,"bbbbbbbbbbbbbbbbb\u1234"],"u":true}"#.utf8)
        for count in 0..<text.count { #expect(Self.read(Array(text[..<count]), ["id"]) == ["notJSON"]) }
    }
}
