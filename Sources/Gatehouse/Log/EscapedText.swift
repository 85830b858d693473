/// Text that came from outside, made harmless for a line of a log or of JSON: what could start a line, move a terminal's cursor or turn
/// the reading direction is written as `\u00XX`, which a JSON reader turns back into the very same text (RFC 8259 section 7).
package enum EscapedText {
    /// Appends `text` in double quotes, as a JSON string.
    /// - Parameter limit: the most bytes of `text` that are written; a longer one ends in `…`.
    package static func appendQuoted(_ text: String, to line: inout [UInt8], limit: Int = .max) {
        line.append(UInt8(ascii: "\""))
        append(text, to: &line, limit: limit)
        line.append(UInt8(ascii: "\""))
    }

    /// Appends `bytes` in double quotes, as a JSON string. They must be valid UTF-8, which is not looked at again.
    static func appendQuoted(validUTF8 bytes: UnsafeRawBufferPointer, to line: inout [UInt8]) {
        line.append(UInt8(ascii: "\""))
        append(validUTF8: bytes, quotes: true, to: &line)
        line.append(UInt8(ascii: "\""))
    }

    /// Appends `text` without quotes.
    /// - Parameter quotes: false where a `"` may stay as it is.
    static func append(_ text: String, quotes: Bool = true, to line: inout [UInt8], limit: Int = .max) {
        var text = text
        text.withUTF8 { bytes in
            let kept = prefix(UnsafeRawBufferPointer(bytes), limit)
            append(validUTF8: UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: bytes[..<kept])), quotes: quotes, to: &line)
            if kept < bytes.count { line.append(contentsOf: "…".utf8) }
        }
    }

    /// The most bytes, at most `limit`, that do not cut a character in two.
    private static func prefix(_ bytes: UnsafeRawBufferPointer, _ limit: Int) -> Int {
        guard bytes.count > limit else { return bytes.count }
        var end = max(limit, 0)
        while end > 0, bytes[end] & 0xc0 == 0x80 { end -= 1 }
        return end
    }

    /// In pieces that go through a buffer on the stack: JSON in JSON has a quote every few bytes, and growing an array costs more than they do.
    private static func append(validUTF8 bytes: UnsafeRawBufferPointer, quotes: Bool, to line: inout [UInt8]) {
        var index = 0
        withUnsafeTemporaryAllocation(byteCount: longestPiece, alignment: 1) { piece in
            while index < bytes.count {
                let written = write(bytes, from: &index, quotes: quotes, into: piece)
                line.append(contentsOf: UnsafeRawBufferPointer(rebasing: piece[..<written]))
            }
        }
    }

    /// Bytes of text for one piece; each may become six, and the last step may read seven more.
    private static let pieceBytes = 512
    private static let longestPiece = 6 * (pieceBytes + 8)

    /// Escapes at least ``pieceBytes`` of `bytes`, or all that is left, and moves `index` behind them.
    /// - Returns: the bytes written to `piece`, which has room for ``longestPiece``.
    private static func write(
        _ bytes: UnsafeRawBufferPointer, from index: inout Int, quotes: Bool, into piece: UnsafeMutableRawBufferPointer
    ) -> Int {
        let end = min(bytes.count, index + pieceBytes)
        var written = 0
        while index < end {
            if bytes.count - index >= 8 {
                let word = bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
                piece.storeBytes(of: word, toByteOffset: written, as: UInt64.self)
                let plain = plainPrefix(UInt64(littleEndian: word))
                index += plain
                written += plain
                if plain == 8 { continue }
            }
            let length = escapedLength(bytes, at: index, quotes: quotes)
            if length == 0 {
                piece[written] = bytes[index]
                written += 1
                index += 1
            } else {
                written += writeEscape(bytes, at: index, length: length, to: UnsafeMutableRawBufferPointer(rebasing: piece[written...]))
                index += length
            }
        }
        return written
    }

    /// How many of eight bytes, from the lowest on, are never escaped: ASCII but for controls, quotes and backslashes.
    ///
    /// The subtractions borrow only from a byte that is itself a hit, so the lowest marked byte is always a true one.
    private static func plainPrefix(_ word: UInt64) -> Int {
        let quote = word ^ 0x2222_2222_2222_2222
        let backslash = word ^ 0x5c5c_5c5c_5c5c_5c5c
        let delete = word ^ 0x7f7f_7f7f_7f7f_7f7f
        let marks =
            ((quote &- 0x0101_0101_0101_0101) & ~quote | (backslash &- 0x0101_0101_0101_0101) & ~backslash
                | (delete &- 0x0101_0101_0101_0101) & ~delete | (word &- 0x2020_2020_2020_2020) & ~word | word) & 0x8080_8080_8080_8080
        return marks.trailingZeroBitCount >> 3
    }

    /// How many bytes from `index` on are one character that must be escaped; 0 where none must.
    private static func escapedLength(_ bytes: UnsafeRawBufferPointer, at index: Int, quotes: Bool) -> Int {
        let byte = bytes[index]
        switch byte {
        case 0x00..<0x20, 0x7f, UInt8(ascii: "\\"): return 1
        case UInt8(ascii: "\""): return quotes ? 1 : 0
        case 0xc2:
            // U+0080…U+009F: control characters that some terminals obey.
            return index + 1 < bytes.count && bytes[index + 1] < 0xa0 ? 2 : 0
        case 0xe2:
            guard index + 2 < bytes.count else { return 0 }
            switch (bytes[index + 1], bytes[index + 2]) {
            // U+200E, U+200F, U+2028…U+202E and U+2066…U+2069: direction marks and overrides, line and paragraph separators.
            case (0x80, 0x8e...0x8f), (0x80, 0xa8...0xae), (0x81, 0xa6...0xa9): return 3
            default: return 0
            }
        default: return 0
        }
    }

    /// - Returns: two bytes or six.
    private static func writeEscape(
        _ bytes: UnsafeRawBufferPointer, at index: Int, length: Int, to target: UnsafeMutableRawBufferPointer
    ) -> Int {
        target[0] = UInt8(ascii: "\\")
        switch bytes[index] {
        case UInt8(ascii: "\\"), UInt8(ascii: "\""): target[1] = bytes[index]
        case 0x08: target[1] = UInt8(ascii: "b")
        case 0x09: target[1] = UInt8(ascii: "t")
        case 0x0a: target[1] = UInt8(ascii: "n")
        case 0x0c: target[1] = UInt8(ascii: "f")
        case 0x0d: target[1] = UInt8(ascii: "r")
        default:
            let scalar: UInt32 =
                switch length {
                case 1: UInt32(bytes[index])
                case 2: UInt32(bytes[index] & 0x1f) << 6 | UInt32(bytes[index + 1] & 0x3f)
                default: UInt32(bytes[index] & 0x0f) << 12 | UInt32(bytes[index + 1] & 0x3f) << 6 | UInt32(bytes[index + 2] & 0x3f)
                }
            target[1] = UInt8(ascii: "u")
            for place in 0..<4 {
                let digit = UInt8(truncatingIfNeeded: scalar >> (12 - 4 * UInt32(place)) & 0xf)
                target[2 + place] = digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
            }
            return 6
        }
        return 2
    }
}
