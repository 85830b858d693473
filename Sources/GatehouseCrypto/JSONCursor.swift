/// A place in a JSON text (RFC 8259), moved behind one token after another. What reads whole values is built on it and decides what they become.
///
/// A function that returns nil or false has met something else than its token; where it then stands means nothing.
package struct JSONCursor {
    package let bytes: UnsafeRawBufferPointer
    package private(set) var position = 0

    package init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    package var isAtEnd: Bool { position == bytes.count }

    /// The byte here; 0 at the end, which no token begins with.
    package var peek: UInt8 { position < bytes.count ? bytes[position] : 0 }

    package mutating func skipBlanks() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x09, 0x0a, 0x0d: position += 1
            default: return
            }
        }
    }

    /// Stays where it is when something else stands here.
    package mutating func take(_ text: StaticString) -> Bool {
        let count = text.utf8CodeUnitCount
        guard bytes.count - position >= count else { return false }
        for offset in 0..<count where bytes[position + offset] != text.utf8Start[offset] { return false }
        position += count
        return true
    }

    package mutating func takeAfterBlanks(_ text: StaticString) -> Bool {
        skipBlanks()
        return take(text)
    }

    /// A string in quotes, decoded: UTF-8 without control characters, escapes as RFC 8259 has them, surrogates in pairs only.
    package mutating func string() -> String? {
        guard take("\"") else { return nil }
        let start = position
        var union: UInt8 = 0
        while position < bytes.count, bytes[position] >= 0x20, bytes[position] != 0x22, bytes[position] != 0x5c {
            union |= bytes[position]
            position += 1
        }
        guard peek == UInt8(ascii: "\"") else { return escapedString(from: start) }
        let plain = UnsafeRawBufferPointer(rebasing: bytes[start..<position])
        position += 1
        // Nearly every text is ASCII, and the validating initialiser, being generic, costs many times as much.
        guard union < 0x80 else { return String(validating: plain, as: UTF8.self) }
        return String(unsafeUninitializedCapacity: plain.count) { buffer in
            UnsafeMutableRawBufferPointer(buffer).copyMemory(from: plain)
            return plain.count
        }
    }

    /// A number, as it stands in the text, and whether it is digits alone.
    package mutating func number() -> (text: String, isWhole: Bool)? {
        let start = position
        var isWhole = true
        _ = take("-")
        if !take("0") { guard skipDigits() else { return nil } }
        if take(".") {
            isWhole = false
            guard skipDigits() else { return nil }
        }
        if take("e") || take("E") {
            isWhole = false
            if !take("+") { _ = take("-") }
            guard skipDigits() else { return nil }
        }
        return (String(decoding: bytes[start..<position], as: UTF8.self), isWhole)
    }

    private mutating func skipDigits() -> Bool {
        let start = position
        while peek &- 0x30 <= 9 { position += 1 }
        return position > start
    }

    /// The rest of a string that is plain from `start` to here.
    private mutating func escapedString(from start: Int) -> String? {
        var text = Array(bytes[start..<position])
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return String(validating: text, as: UTF8.self)
            case UInt8(ascii: "\\"): guard escape(into: &text) else { return nil }
            case 0..<0x20: return nil
            default: text.append(byte)
            }
        }
        return nil
    }

    /// What follows a backslash.
    private mutating func escape(into text: inout [UInt8]) -> Bool {
        let escaped = peek
        position += 1
        switch escaped {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(escaped)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0c)
        case UInt8(ascii: "n"): text.append(0x0a)
        case UInt8(ascii: "r"): text.append(0x0d)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            guard let scalar = escapedScalar() else { return false }
            text.append(contentsOf: String(scalar).utf8)
        default: return false
        }
        return true
    }

    /// What follows `\u`, with the second half of a surrogate pair.
    private mutating func escapedScalar() -> Unicode.Scalar? {
        guard let first = hexUnit() else { return nil }
        guard (0xd800..<0xdc00).contains(first) else { return Unicode.Scalar(first) }
        guard take("\\u"), let second = hexUnit(), (0xdc00..<0xe000).contains(second) else { return nil }
        return Unicode.Scalar(0x10000 + (first - 0xd800) << 10 + (second - 0xdc00))
    }

    private mutating func hexUnit() -> UInt32? {
        guard bytes.count - position >= 4 else { return nil }
        var pair: (UInt8, UInt8) = (0, 0)
        let digits = UnsafeRawBufferPointer(rebasing: bytes[position..<position + 4])
        guard withUnsafeMutableBytes(of: &pair, { Hex.decode(digits, into: $0) }) == 2 else { return nil }
        position += 4
        return UInt32(pair.0) << 8 | UInt32(pair.1)
    }
}
