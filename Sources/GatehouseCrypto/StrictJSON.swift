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
        var reader = Reader(cursor: JSONCursor(bytes))
        guard let value = reader.value(depth: 1) else { return nil }
        reader.cursor.skipBlanks()
        guard reader.cursor.isAtEnd else { return nil }
        self = value
    }

    package init?(_ bytes: [UInt8]) {
        guard let value = bytes.withUnsafeBytes({ StrictJSON($0) }) else { return nil }
        self = value
    }

    /// What it is, in words.
    package var kind: String {
        switch self {
        case .null: "null"
        case .bool: "true or false"
        case .number: "a number"
        case .string: "a text"
        case .array: "a list"
        case .object: "an object"
        }
    }

    package var members: [String: StrictJSON]? { if case .object(let members) = self { members } else { nil } }
    package var elements: [StrictJSON]? { if case .array(let elements) = self { elements } else { nil } }
    package var text: String? { if case .string(let text) = self { text } else { nil } }

    /// An integer written as digits alone; nil with a fraction or an exponent, and beyond 64 bits.
    package var integer: Int64? { if case .number(let text) = self { Int64(text) } else { nil } }
}

private struct Reader {
    var cursor: JSONCursor

    /// The recursion is no deeper than ``StrictJSON/maximumDepth``.
    mutating func value(depth: Int) -> StrictJSON? {
        cursor.skipBlanks()
        switch cursor.peek {
        case UInt8(ascii: "{"): return depth <= StrictJSON.maximumDepth ? object(depth) : nil
        case UInt8(ascii: "["): return depth <= StrictJSON.maximumDepth ? array(depth) : nil
        case UInt8(ascii: "\""): return cursor.string().map { .string($0) }
        case UInt8(ascii: "t"): return cursor.take("true") ? .bool(true) : nil
        case UInt8(ascii: "f"): return cursor.take("false") ? .bool(false) : nil
        case UInt8(ascii: "n"): return cursor.take("null") ? .null : nil
        default: return cursor.number().map { .number($0.text) }
        }
    }

    private mutating func object(_ depth: Int) -> StrictJSON? {
        _ = cursor.take("{")
        var members: [String: StrictJSON] = [:]
        if cursor.takeAfterBlanks("}") { return .object(members) }
        members.reserveCapacity(12)
        repeat {
            cursor.skipBlanks()
            guard let name = cursor.string(), cursor.takeAfterBlanks(":"), let value = value(depth: depth + 1),
                members.updateValue(value, forKey: name) == nil
            else { return nil }
        } while cursor.takeAfterBlanks(",")
        return cursor.takeAfterBlanks("}") ? .object(members) : nil
    }

    private mutating func array(_ depth: Int) -> StrictJSON? {
        _ = cursor.take("[")
        var elements: [StrictJSON] = []
        if cursor.takeAfterBlanks("]") { return .array(elements) }
        repeat {
            guard let value = value(depth: depth + 1) else { return nil }
            elements.append(value)
        } while cursor.takeAfterBlanks(",")
        return cursor.takeAfterBlanks("]") ? .array(elements) : nil
    }
}
