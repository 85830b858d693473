internal import GatehouseCrypto

/// `application/x-www-form-urlencoded` (WHATWG URL section 5.1, RFC 6749 appendix B), read strictly.
enum FormText {
    /// What keeps a name or a value from being decoded.
    enum Flaw: Error, CustomStringConvertible {
        /// A `%` without two hex digits.
        case escape
        /// No parameter of OAuth holds one.
        case control(isLast: Bool)
        /// Not UTF-8.
        case encoding

        /// Goes on after what it is about.
        var description: String {
            switch self {
            case .escape: "has a `%` without two hex digits behind it"
            case .control(isLast: true): "has a control character at its end, such as the line break of the file it was read from"
            case .control(isLast: false): "has a control character in it"
            case .encoding: "is not UTF-8"
            }
        }
    }

    /// Decodes one name or value and returns its length.
    ///
    /// - Precondition: `output` has room for `text.count` bytes.
    static func decode(_ text: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) throws(Flaw) -> Int {
        var read = 0
        var written = 0
        while read < text.count {
            var byte = text[read]
            read += 1
            if byte == UInt8(ascii: "+") {
                byte = 0x20
            } else if byte == UInt8(ascii: "%") {
                guard text.count - read >= 2, let high = Hex.value(text[read]), let low = Hex.value(text[read + 1]) else {
                    throw .escape
                }
                byte = high << 4 | low
                read += 2
            }
            guard byte >= 0x20, byte != 0x7f else { throw .control(isLast: isEnd(text[read...])) }
            output[written] = byte
            written += 1
        }
        let decoded = UnsafeRawBufferPointer(rebasing: output[..<written])
        if decoded.contains(where: { $0 >= 0x80 }), String(validating: decoded, as: UTF8.self) == nil { throw .encoding }
        return written
    }

    /// Nothing, or the line feed behind a carriage return.
    private static func isEnd(_ rest: Slice<UnsafeRawBufferPointer>) -> Bool {
        rest.isEmpty || ["\n", "%0A", "%0a"].contains { rest.elementsEqual($0.utf8) }
    }

    /// The same into memory of its own, which is wiped.
    static func decode(_ text: UnsafeRawBufferPointer) -> Secret? {
        var count: Int?
        guard let room = try? Secret(count: text.count, fill: { count = try? decode(text, into: $0) }), let count else { return nil }
        return count == text.count ? room : room.withBytes { Secret(copying: UnsafeRawBufferPointer(rebasing: $0[..<count])) }
    }
}
