internal import GatehouseCrypto

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

    private var cursor: JSONCursor

    init(_ bytes: UnsafeRawBufferPointer) { cursor = JSONCursor(bytes) }

    var isAtEnd: Bool {
        mutating get {
            cursor.skipBlanks()
            return cursor.isAtEnd
        }
    }

    mutating func value(depth: Int) -> RecordValue? {
        cursor.skipBlanks()
        guard depth <= Self.deepest else { return nil }
        switch cursor.peek {
        case UInt8(ascii: "{"): return object(depth: depth)
        case UInt8(ascii: "["): return array(depth: depth)
        case UInt8(ascii: "\""): return cursor.string().map { .string($0) }
        case UInt8(ascii: "t"): return cursor.take("true") ? .flag(true) : nil
        case UInt8(ascii: "f"): return cursor.take("false") ? .flag(false) : nil
        case UInt8(ascii: "n"): return cursor.take("null") ? .null : nil
        default: return number()
        }
    }

    private mutating func object(depth: Int) -> RecordValue? {
        var members: [RecordValue.Member] = []
        var names = UniqueNames()
        _ = cursor.take("{")
        if cursor.takeAfterBlanks("}") { return .object([]) }
        repeat {
            cursor.skipBlanks()
            guard let name = cursor.string(), names.insert(name, into: members), cursor.takeAfterBlanks(":"),
                let value = value(depth: depth + 1)
            else { return nil }
            members.append(RecordValue.Member(name: name, value: value))
        } while cursor.takeAfterBlanks(",")
        return cursor.takeAfterBlanks("}") ? .object(members) : nil
    }

    private mutating func array(depth: Int) -> RecordValue? {
        var values: [RecordValue] = []
        _ = cursor.take("[")
        if cursor.takeAfterBlanks("]") { return .array([]) }
        repeat {
            guard let value = value(depth: depth + 1) else { return nil }
            values.append(value)
        } while cursor.takeAfterBlanks(",")
        return cursor.takeAfterBlanks("]") ? .array(values) : nil
    }

    private mutating func number() -> RecordValue? {
        guard let number = cursor.number() else { return nil }
        if number.isWhole, let value = Int64(number.text) { return .integer(value) }
        return Double(number.text).map { .decimal($0) }
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
