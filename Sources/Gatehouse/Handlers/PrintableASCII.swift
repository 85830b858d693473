/// Text as a header field or an environment variable carries it: printable ASCII of a bounded length.
enum PrintableASCII {
    /// Percent-encodes (RFC 3986 section 2.1) every byte of the text's UTF-8 outside space…`~`, every `%`, and a blank at either end, which a
    /// header field would lose: decoding gives the text back. What is longer than `limit` bytes is cut, never within an escape.
    static func encode(_ text: String, limit: Int = .max) -> String {
        let bytes = text.utf8
        if bytes.count <= limit, bytes.allSatisfy(isPlain), bytes.first != blank, bytes.last != blank { return text }
        var encoded: [UInt8] = []
        for (index, byte) in bytes.enumerated() {
            let isPlain = isPlain(byte) && (byte != blank || index > 0 && index < bytes.count - 1)
            guard encoded.count + (isPlain ? 1 : 3) <= limit else { break }
            if isPlain {
                encoded.append(byte)
            } else {
                encoded.append(percent)
                encoded.append(digit(byte >> 4))
                encoded.append(digit(byte & 0xf))
            }
        }
        return String(decoding: encoded, as: UTF8.self)
    }

    private static func isPlain(_ byte: UInt8) -> Bool { 0x20 <= byte && byte <= 0x7e && byte != percent }

    private static let blank = UInt8(ascii: " ")
    private static let percent = UInt8(ascii: "%")

    private static func digit(_ value: UInt8) -> UInt8 { value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "A") + value - 10 }
}
