/// Reads one JSON object (RFC 8259) for its string members; other values are checked for shape and skipped. Depth is bounded.
struct FlatJSONReader {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// Name → string, or nil within for a value that is no string. Nil for malformed text, a repeated name or bytes behind the object.
    mutating func object() -> [String: String?]? {
        var members: [String: String?] = [:]
        skipBlanks()
        guard take("{") else { return nil }
        skipBlanks()
        if !take("}") {
            repeat {
                skipBlanks()
                guard let name = string() else { return nil }
                skipBlanks()
                guard take(":"), members[name] == nil else { return nil }
                skipBlanks()
                if peek == UInt8(ascii: "\"") {
                    guard let value = string() else { return nil }
                    members[name] = .some(value)
                } else {
                    guard skipValue(depth: 0) else { return nil }
                    members[name] = .some(nil)
                }
                skipBlanks()
            } while take(",")
            guard take("}") else { return nil }
        }
        skipBlanks()
        return position == bytes.count ? members : nil
    }

    private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard peek == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func skipBlanks() {
        while let byte = peek, byte == 0x20 || byte == 0x09 || byte == 0x0a || byte == 0x0d { position += 1 }
    }

    private mutating func string() -> String? {
        guard take("\"") else { return nil }
        var text: [UInt8] = []
        while let byte = peek {
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return String(validating: text, as: UTF8.self)
            case UInt8(ascii: "\\"):
                guard let escape = peek else { return nil }
                position += 1
                switch escape {
                case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(escape)
                case UInt8(ascii: "b"): text.append(0x08)
                case UInt8(ascii: "f"): text.append(0x0c)
                case UInt8(ascii: "n"): text.append(0x0a)
                case UInt8(ascii: "r"): text.append(0x0d)
                case UInt8(ascii: "t"): text.append(0x09)
                case UInt8(ascii: "u"):
                    guard let scalar = escapedScalar() else { return nil }
                    text.append(contentsOf: Array(String(Character(scalar)).utf8))
                default: return nil
                }
            case 0..<0x20: return nil
            default: text.append(byte)
            }
        }
        return nil
    }

    /// What follows `\u`, with the second half of a surrogate pair.
    private mutating func escapedScalar() -> Unicode.Scalar? {
        guard let first = hexUnit() else { return nil }
        guard (0xd800..<0xdc00).contains(first) else { return Unicode.Scalar(first) }
        guard take("\\"), take("u"), let second = hexUnit(), (0xdc00..<0xe000).contains(second) else { return nil }
        return Unicode.Scalar(0x10000 + (first - 0xd800) << 10 + (second - 0xdc00))
    }

    private mutating func hexUnit() -> UInt32? {
        guard bytes.count - position >= 4, let pair = Hex.decode(String(decoding: bytes[position..<position + 4], as: UTF8.self)),
            pair.count == 2
        else { return nil }
        position += 4
        return UInt32(pair[0]) << 8 | UInt32(pair[1])
    }

    private mutating func skipValue(depth: Int) -> Bool {
        guard depth < 16, let first = peek else { return false }
        switch first {
        case UInt8(ascii: "\""): return string() != nil
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            let isObject = first == UInt8(ascii: "{")
            let end: Unicode.Scalar = isObject ? "}" : "]"
            position += 1
            skipBlanks()
            if take(end) { return true }
            repeat {
                skipBlanks()
                if isObject {
                    guard string() != nil else { return false }
                    skipBlanks()
                    guard take(":") else { return false }
                    skipBlanks()
                }
                guard skipValue(depth: depth + 1) else { return false }
                skipBlanks()
            } while take(",")
            return take(end)
        default:
            let start = position
            while let byte = peek,
                byte == 0x2b || byte == 0x2d || byte == 0x2e || (0x30...0x39).contains(byte) || (0x61...0x7a).contains(byte) || byte == 0x45
            {
                position += 1
            }
            let word = bytes[start..<position]
            return word.elementsEqual("true".utf8) || word.elementsEqual("false".utf8) || word.elementsEqual("null".utf8)
                || word.first.map { $0 == 0x2d || (0x30...0x39).contains($0) } ?? false
        }
    }
}
