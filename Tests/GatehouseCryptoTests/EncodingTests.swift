import GatehouseCrypto
import Testing

@Suite struct EncodingTests {
    @Test(
        "RFC 4648: the texts of section 10",
        arguments: [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
        ])
    func base64(_ plain: String, _ text: String) {
        #expect(Base64.encode(Array(plain.utf8)) == text)
        #expect(Base64.decode(text, padding: .required) == Array(plain.utf8))
        let bare = String(text.prefix { $0 != "=" })
        #expect(Base64.encode(Array(plain.utf8), padded: false) == bare)
        #expect(Base64.decode(bare, padding: .forbidden) == Array(plain.utf8))
        #expect(Base64.decode(bare, padding: .optional) == Array(plain.utf8))
        #expect(Base64.decode(text, padding: .optional) == Array(plain.utf8))
    }

    @Test(
        "SEC-48: loose final bits, blanks, foreign letters and stray or partial padding are refused",
        arguments: [
            "Zh==", "Zm9=", "Zg=", "Z", "Zm9vY", "Zg===", "====", "=", "Zm9v=", "Zm9v====", "Zm 9v", "Zm9v\n", "Zm9v\u{0}", "Zm-v", "Zm_v",
            "Zg==Zg==", "Zm9ü",
        ])
    func strictness(_ text: String) {
        #expect(Base64.decode(text) == nil)
    }

    @Test("each alphabet refuses the other's letters, and padding is as asked for")
    func alphabets() {
        #expect(Base64.decode("-_-_", alphabet: .url) == [0xfb, 0xff, 0xbf])
        #expect(Base64.decode("+/+/", alphabet: .url) == nil)
        #expect(Base64.encode([0xfb, 0xff, 0xbf], alphabet: .url) == "-_-_")
        #expect(Base64.decode("Zg", padding: .required) == nil)
        #expect(Base64.decode("Zg==", padding: .forbidden) == nil)
    }

    @Test("a buffer without room is refused, not overrun")
    func room() {
        let text = Array("Zm9vYmFy".utf8)
        var output = [UInt8](repeating: 0xee, count: 6)
        let decoded = text.withUnsafeBytes { source in
            output.withUnsafeMutableBytes { Base64.decode(source, into: UnsafeMutableRawBufferPointer(rebasing: $0[..<5])) }
        }
        #expect(decoded == nil)
        #expect(output == [UInt8](repeating: 0xee, count: 6))
    }

    @Test("every byte survives base64 and hex")
    func roundTrip() throws {
        for count in 0..<70 {
            let bytes = try Random.bytes(count)
            #expect(Base64.decode(Base64.encode(bytes), padding: .required) == bytes)
            #expect(Base64.decode(Base64.encode(bytes, alphabet: .url, padded: false), alphabet: .url, padding: .forbidden) == bytes)
            #expect(Hex.decode(Hex.encode(bytes)) == bytes)
        }
    }

    @Test("hex is read in either case, and only in pairs of digits")
    func hex() {
        #expect(Hex.encode([0x00, 0xab, 0xff]) == "00abff")
        #expect(Hex.decode("00aBFf") == [0x00, 0xab, 0xff])
        for text in ["0", "0g", "0x00", " 00", "00 "] { #expect(Hex.decode(text) == nil) }
    }
}
