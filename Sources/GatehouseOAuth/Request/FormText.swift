internal import GatehouseCrypto

/// `application/x-www-form-urlencoded` (WHATWG URL section 5.1, RFC 6749 appendix B), read strictly.
enum FormText {
    /// Decodes one name or value and returns its length; nil for a `%` without two hex digits, for control characters, which no parameter
    /// of OAuth holds, and for what is not UTF-8.
    ///
    /// - Precondition: `output` has room for `text.count` bytes.
    static func decode(_ text: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) -> Int? {
        var read = 0
        var written = 0
        while read < text.count {
            var byte = text[read]
            read += 1
            if byte == UInt8(ascii: "+") {
                byte = 0x20
            } else if byte == UInt8(ascii: "%") {
                guard text.count - read >= 2, let high = Hex.value(text[read]), let low = Hex.value(text[read + 1]) else { return nil }
                byte = high << 4 | low
                read += 2
            }
            guard byte >= 0x20, byte != 0x7f else { return nil }
            output[written] = byte
            written += 1
        }
        let decoded = UnsafeRawBufferPointer(rebasing: output[..<written])
        if decoded.contains(where: { $0 >= 0x80 }), String(validating: decoded, as: UTF8.self) == nil { return nil }
        return written
    }

    /// The same into memory of its own, which is wiped.
    static func decode(_ text: UnsafeRawBufferPointer) -> Secret? {
        var count: Int?
        guard let room = try? Secret(count: text.count, fill: { count = decode(text, into: $0) }), let count else { return nil }
        return count == text.count ? room : room.withBytes { Secret(copying: UnsafeRawBufferPointer(rebasing: $0[..<count])) }
    }
}
