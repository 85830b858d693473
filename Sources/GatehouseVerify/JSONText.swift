internal import GatehouseCrypto

/// The text between a JSON string's quotes.
enum JSONText {
    /// Writes the string's UTF-8 and returns its length, which is never more than the source's. Nil for half a surrogate pair, which is no
    /// text, and for a malformed escape.
    ///
    /// - Precondition: `output` has room for `text.count` bytes.
    static func unescape(_ text: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) -> Int? {
        var read = 0
        var written = 0
        while read < text.count {
            let byte = text[read]
            guard byte == UInt8(ascii: "\\") else {
                output[written] = byte
                read += 1
                written += 1
                continue
            }
            guard text.count - read >= 2 else { return nil }
            let plain: UInt8
            switch text[read + 1] {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): plain = text[read + 1]
            case UInt8(ascii: "b"): plain = 0x08
            case UInt8(ascii: "f"): plain = 0x0c
            case UInt8(ascii: "n"): plain = 0x0a
            case UInt8(ascii: "r"): plain = 0x0d
            case UInt8(ascii: "t"): plain = 0x09
            case UInt8(ascii: "u"):
                guard let (scalar, length) = scalar(text, at: read) else { return nil }
                for unit in String(scalar).utf8 {
                    output[written] = unit
                    written += 1
                }
                read += length
                continue
            default: return nil
            }
            output[written] = plain
            read += 2
            written += 1
        }
        return written
    }

    /// Four hex digits; nil where there are not.
    static func hexUnit(_ text: UnsafeRawBufferPointer, at offset: Int) -> UInt16? {
        guard text.count - offset >= 4 else { return nil }
        var unit: UInt16 = 0
        for index in offset..<offset + 4 {
            guard let digit = Hex.value(text[index]) else { return nil }
            unit = unit << 4 | UInt16(digit)
        }
        return unit
    }

    /// The scalar of one `\uXXXX`, or of two that are a surrogate pair, and how many bytes it took.
    private static func scalar(_ text: UnsafeRawBufferPointer, at offset: Int) -> (Unicode.Scalar, Int)? {
        guard let first = hexUnit(text, at: offset + 2) else { return nil }
        if let scalar = Unicode.Scalar(first) { return (scalar, 6) }
        guard first < 0xdc00, text.count - offset >= 12, text[offset + 6] == UInt8(ascii: "\\"), text[offset + 7] == UInt8(ascii: "u"),
            let second = hexUnit(text, at: offset + 8), 0xdc00 <= second, second <= 0xdfff,
            let scalar = Unicode.Scalar(0x10000 + (UInt32(first) - 0xd800) << 10 + (UInt32(second) - 0xdc00))
        else { return nil }
        return (scalar, 12)
    }

    /// Appends `text` as a JSON string, quotes included.
    static func appendQuoted(_ text: UnsafeRawBufferPointer, to output: inout [UInt8]) {
        output.append(UInt8(ascii: "\""))
        for byte in text {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                output.append(UInt8(ascii: "\\"))
                output.append(byte)
            case 0..<0x20:
                output.append(contentsOf: "\\u00".utf8)
                output.append(byte < 0x10 ? 0x30 : 0x31)
                output.append(byte & 15 < 10 ? 0x30 + (byte & 15) : 0x57 + (byte & 15))
            default:
                output.append(byte)
            }
        }
        output.append(UInt8(ascii: "\""))
    }
}
