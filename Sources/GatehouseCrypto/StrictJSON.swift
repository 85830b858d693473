/// A JSON text (RFC 8259) as the JOSE standards want it read (RFC 7515 section 5.2, RFC 7519 section 4): a member named twice in one
/// object, at any depth, ends the reading, as readers disagree about which one counts (SEC-46). Depth is bounded; the length is the caller's to
/// bound.
package indirect enum StrictJSON: Sendable, Hashable {
    case null
    case bool(Bool)
    /// As it stands in the text: what is exact there stays exact.
    case number(String)
    case string(String)
    case array([StrictJSON])
    case object([String: StrictJSON])

    package static let maximumDepth = 16

    /// Nil for anything but one JSON text in UTF-8 without repeated members.
    package init?(_ bytes: UnsafeRawBufferPointer) {
        var reader = Reader(bytes: bytes)
        guard let value = reader.value(depth: 1) else { return nil }
        reader.skipBlanks()
        guard reader.position == bytes.count else { return nil }
        self = value
    }

    package init?(_ bytes: [UInt8]) {
        guard let value = bytes.withUnsafeBytes({ StrictJSON($0) }) else { return nil }
        self = value
    }

    package var members: [String: StrictJSON]? { if case .object(let members) = self { members } else { nil } }
    package var elements: [StrictJSON]? { if case .array(let elements) = self { elements } else { nil } }
    package var text: String? { if case .string(let text) = self { text } else { nil } }

    /// An integer written as digits alone; nil with a fraction or an exponent, and beyond 64 bits.
    package var integer: Int64? { if case .number(let text) = self { Int64(text) } else { nil } }
}

private struct Reader {
    let bytes: UnsafeRawBufferPointer
    var position = 0

    init(bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// 0 at the end, which no token begins with.
    private var peek: UInt8 { position < bytes.count ? bytes[position] : 0 }

    mutating func skipBlanks() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x09, 0x0a, 0x0d: position += 1
            default: return
            }
        }
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard peek == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    /// The recursion is no deeper than ``StrictJSON/maximumDepth``.
    mutating func value(depth: Int) -> StrictJSON? {
        skipBlanks()
        switch peek {
        case UInt8(ascii: "{"): return depth <= StrictJSON.maximumDepth ? object(depth) : nil
        case UInt8(ascii: "["): return depth <= StrictJSON.maximumDepth ? array(depth) : nil
        case UInt8(ascii: "\""): return string().map { .string($0) }
        case UInt8(ascii: "t"): return word("true") ? .bool(true) : nil
        case UInt8(ascii: "f"): return word("false") ? .bool(false) : nil
        case UInt8(ascii: "n"): return word("null") ? .null : nil
        default: return number().map { .number($0) }
        }
    }

    private mutating func object(_ depth: Int) -> StrictJSON? {
        position += 1
        var members: [String: StrictJSON] = [:]
        skipBlanks()
        if take("}") { return .object(members) }
        members.reserveCapacity(12)
        repeat {
            skipBlanks()
            guard peek == UInt8(ascii: "\""), let name = string() else { return nil }
            skipBlanks()
            guard take(":"), let value = value(depth: depth + 1), members.updateValue(value, forKey: name) == nil else { return nil }
            skipBlanks()
        } while take(",")
        return take("}") ? .object(members) : nil
    }

    private mutating func array(_ depth: Int) -> StrictJSON? {
        position += 1
        var elements: [StrictJSON] = []
        skipBlanks()
        if take("]") { return .array(elements) }
        repeat {
            guard let value = value(depth: depth + 1) else { return nil }
            elements.append(value)
            skipBlanks()
        } while take(",")
        return take("]") ? .array(elements) : nil
    }

    /// From the opening quote to behind the closing one.
    private mutating func string() -> String? {
        position += 1
        let start = position
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "\""):
                let text = String(validating: bytes[start..<position], as: UTF8.self)
                position += 1
                return text
            case UInt8(ascii: "\\"): return escapedString(from: start)
            case 0..<0x20: return nil
            default: position += 1
            }
        }
        return nil
    }

    /// The rest of a string in which `position` is at the first backslash.
    private mutating func escapedString(from start: Int) -> String? {
        var text = Array(bytes[start..<position])
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return String(validating: text, as: UTF8.self)
            case UInt8(ascii: "\\"): guard escape(&text) else { return nil }
            case 0..<0x20: return nil
            default: text.append(byte)
            }
        }
        return nil
    }

    /// What follows a backslash.
    private mutating func escape(_ text: inout [UInt8]) -> Bool {
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
        guard take("\\"), take("u"), let second = hexUnit(), (0xdc00..<0xe000).contains(second) else { return nil }
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

    private mutating func word(_ text: StaticString) -> Bool {
        let count = text.utf8CodeUnitCount
        guard bytes.count - position >= count, text.withUTF8Buffer({ bytes[position..<position + count].elementsEqual($0) }) else {
            return false
        }
        position += count
        return true
    }

    private mutating func number() -> String? {
        let start = position
        _ = take("-")
        if !take("0") { guard digits() else { return nil } }
        if take(".") { guard digits() else { return nil } }
        if peek | 0x20 == UInt8(ascii: "e") {
            position += 1
            if !take("+") { _ = take("-") }
            guard digits() else { return nil }
        }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    private mutating func digits() -> Bool {
        let start = position
        while peek &- 0x30 <= 9 { position += 1 }
        return position > start
    }
}
