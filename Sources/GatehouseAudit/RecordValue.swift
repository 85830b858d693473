/// A JSON value of a record, for readers. Members keep their order.
public indirect enum RecordValue: Sendable, Hashable {
    case object([Member])
    case array([RecordValue])
    case string(String)
    case integer(Int64)
    /// A number with a fraction or an exponent, or a whole one that 64 bits do not hold.
    case decimal(Double)
    case flag(Bool)
    case null

    public struct Member: Sendable, Hashable {
        public var name: String
        public var value: RecordValue

        public init(name: String, value: RecordValue) {
            self.name = name
            self.value = value
        }
    }

    /// The member of an object; nil for everything else.
    public subscript(_ name: String) -> RecordValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name == name }?.value
    }

    public var string: String? { if case .string(let value) = self { value } else { nil } }
    public var integer: Int64? { if case .integer(let value) = self { value } else { nil } }
    public var array: [RecordValue]? { if case .array(let value) = self { value } else { nil } }
    public var members: [Member]? { if case .object(let value) = self { value } else { nil } }

    /// Reads one JSON value (RFC 8259) and nothing after it. Nil where it is malformed, nests deeper than 16, repeats a name, is not
    /// UTF-8, or is longer than ``RecordLimit/line``.
    public init?(json bytes: UnsafeRawBufferPointer) {
        guard bytes.count <= RecordLimit.line else { return nil }
        var reader = RecordReader(bytes)
        guard let value = reader.value(depth: 0), reader.isAtEnd else { return nil }
        self = value
    }
}

private struct RecordReader {
    private static let deepest = 16

    private let bytes: UnsafeRawBufferPointer
    private var position = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    var isAtEnd: Bool {
        mutating get {
            skipSpace()
            return position == bytes.count
        }
    }

    mutating func value(depth: Int) -> RecordValue? {
        skipSpace()
        guard depth <= Self.deepest, position < bytes.count else { return nil }
        switch bytes[position] {
        case UInt8(ascii: "{"): return object(depth: depth)
        case UInt8(ascii: "["): return array(depth: depth)
        case UInt8(ascii: "\""): return string().map { .string($0) }
        case UInt8(ascii: "t"): return take("true") ? .flag(true) : nil
        case UInt8(ascii: "f"): return take("false") ? .flag(false) : nil
        case UInt8(ascii: "n"): return take("null") ? .null : nil
        default: return number()
        }
    }

    private mutating func object(depth: Int) -> RecordValue? {
        var members: [RecordValue.Member] = []
        var names = UniqueNames()
        position += 1
        if takeAfterSpace("}") { return .object([]) }
        repeat {
            skipSpace()
            guard let name = string(), names.insert(name, into: members), takeAfterSpace(":"), let value = value(depth: depth + 1) else {
                return nil
            }
            members.append(RecordValue.Member(name: name, value: value))
        } while takeAfterSpace(",")
        return takeAfterSpace("}") ? .object(members) : nil
    }

    private mutating func array(depth: Int) -> RecordValue? {
        var values: [RecordValue] = []
        position += 1
        if takeAfterSpace("]") { return .array([]) }
        repeat {
            guard let value = value(depth: depth + 1) else { return nil }
            values.append(value)
        } while takeAfterSpace(",")
        return takeAfterSpace("]") ? .array(values) : nil
    }

    private mutating func string() -> String? {
        guard take("\"") else { return nil }
        let start = position
        var union: UInt8 = 0
        while position < bytes.count, bytes[position] >= 0x20, bytes[position] != 0x22, bytes[position] != 0x5c {
            union |= bytes[position]
            position += 1
        }
        let plain = bytes.part(start..<position)
        if position < bytes.count, bytes[position] == 0x22 {
            position += 1
            // Nearly every text is ASCII, and the validating initialiser, being generic, costs many times as much.
            guard union < 0x80 else { return String(validating: plain, as: UTF8.self) }
            return String(unsafeUninitializedCapacity: plain.count) { buffer in
                UnsafeMutableRawBufferPointer(buffer).copyMemory(from: plain)
                return plain.count
            }
        }
        var text = Array(plain)
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

    private mutating func escape(into text: inout [UInt8]) -> Bool {
        guard position < bytes.count else { return false }
        let byte = bytes[position]
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0c)
        case UInt8(ascii: "n"): text.append(0x0a)
        case UInt8(ascii: "r"): text.append(0x0d)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            guard let scalar = scalar() else { return false }
            text.append(contentsOf: String(Character(scalar)).utf8)
        default: return false
        }
        return true
    }

    /// After `\u`: four digits, or the two halves of a surrogate pair.
    private mutating func scalar() -> Unicode.Scalar? {
        guard let first = fourDigits() else { return nil }
        guard (0xd800..<0xdc00).contains(first) else { return Unicode.Scalar(first) }
        guard take("\\u"), let second = fourDigits(), (0xdc00..<0xe000).contains(second) else { return nil }
        return Unicode.Scalar(0x1_0000 + (first - 0xd800) << 10 + (second - 0xdc00))
    }

    private mutating func fourDigits() -> UInt32? {
        guard position + 4 <= bytes.count else { return nil }
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = Character(Unicode.Scalar(bytes[position])).hexDigitValue else { return nil }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }

    private mutating func number() -> RecordValue? {
        let start = position
        _ = take("-")
        let digits = position
        guard skipDigits(), bytes[digits] != 0x30 || position == digits + 1 else { return nil }
        var isWhole = true
        if take(".") {
            isWhole = false
            guard skipDigits() else { return nil }
        }
        if take("e") || take("E") {
            isWhole = false
            _ = take("+") || take("-")
            guard skipDigits() else { return nil }
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if isWhole, let value = Int64(text) { return .integer(value) }
        return Double(text).map { .decimal($0) }
    }

    private mutating func skipDigits() -> Bool {
        let start = position
        while position < bytes.count, bytes[position] &- 0x30 < 10 { position += 1 }
        return position > start
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 }

    private mutating func skipSpace() {
        while position < bytes.count, bytes[position] <= 0x20, Self.isSpace(bytes[position]) { position += 1 }
    }

    private mutating func take(_ literal: StaticString) -> Bool {
        guard bytes.has(literal, at: position) else { return false }
        position += literal.utf8CodeUnitCount
        return true
    }

    private mutating func takeAfterSpace(_ literal: StaticString) -> Bool {
        skipSpace()
        return take(literal)
    }
}

/// Whether a name is new to an object. Objects of records are small, so names are compared one by one; of larger ones a set is kept.
private struct UniqueNames {
    private var set: Set<String> = []

    mutating func insert(_ name: String, into members: [RecordValue.Member]) -> Bool {
        if members.count < 24 { return !members.contains { $0.name == name } }
        if set.isEmpty { set = Set(members.map(\.name)) }
        return set.insert(name).inserted
    }
}
