/// Text as a header field or an environment variable carries it: printable ASCII of a bounded length.
enum PrintableASCII {
    /// Every byte of `text` outside space…`~` becomes `%XX`; a `%` stays as it is. What is longer than `limit` bytes is cut, never within
    /// an escape.
    static func encode(_ text: String, limit: Int) -> String {
        let bytes = text.utf8
        if bytes.count <= limit, bytes.allSatisfy({ 0x20 <= $0 && $0 <= 0x7e }) { return text }
        var encoded: [UInt8] = []
        for byte in bytes {
            let plain = 0x20 <= byte && byte <= 0x7e
            guard encoded.count + (plain ? 1 : 3) <= limit else { break }
            if plain {
                encoded.append(byte)
            } else {
                encoded.append(UInt8(ascii: "%"))
                encoded.append(digit(byte >> 4))
                encoded.append(digit(byte & 0xf))
            }
        }
        return String(decoding: encoded, as: UTF8.self)
    }

    private static func digit(_ value: UInt8) -> UInt8 { value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "A") + value - 10 }
}
