/// Text of a record, as it was received: a string, or bytes that may not be UTF-8.
public enum RecordText: Sendable, Hashable {
    case string(String)
    case bytes([UInt8])
}

/// The most bytes that a text of a record takes, escapes counted and quotes not. What is longer is cut at a character's end, and says
/// by how many received bytes it was cut: `…+123`.
public enum RecordLimit {
    /// Names of endpoints, senders, schemes, clients, commands.
    public static let name = 256
    /// Ids and types of events.
    public static let event = 512
    /// Values of received fields, and details of system records.
    public static let value = 2_048
    /// Names of received fields.
    public static let fieldName = 128
    /// Fields whose names and lengths a refused request's record holds.
    public static let fields = 64
    /// Fields whose values a refused request's record holds.
    public static let values = 16
    /// Checks of a decision, details of a system record, scopes of a token record; a quarter of it where a detail is a list.
    public static let items = 32
    /// Bytes of a whole line. Everything above together stays below it.
    public static let line = 131_072
}

extension RecordWriter {
    /// Appends a JSON string in quotes: at most `limit` bytes of `text`, every control character (C0, DEL, C1), line and paragraph
    /// separator and bidirectional control as `\u00xx` in lower case, every byte that is not UTF-8 as `\ufffd`.
    mutating func append(text: String, limit: Int) {
        var text = text
        text.withUTF8 { append(text: $0, limit: limit) }
    }

    mutating func append(text: RecordText, limit: Int) {
        switch text {
        case .string(let string): append(text: string, limit: limit)
        case .bytes(let bytes): bytes.withUnsafeBufferPointer { append(text: $0, limit: limit) }
        }
    }

    mutating func append(text: UnsafeBufferPointer<UInt8>, limit: Int) {
        append(UInt8(ascii: "\""))
        let plain = text.plainPrefix
        if plain == text.count, plain <= limit {
            append(text)
        } else {
            appendEscaped(text, limit: limit)
        }
        append(UInt8(ascii: "\""))
    }

    private mutating func appendEscaped(_ text: UnsafeBufferPointer<UInt8>, limit: Int) {
        var position = 0
        var room = limit
        while position < text.count {
            let step = EscapeStep(text, at: position)
            guard step.written <= room else { break }
            switch step.form {
            case .asIs: append(UnsafeBufferPointer(rebasing: text[position..<position + step.length]))
            case .backslash:
                append(UInt8(ascii: "\\"))
                append(text[position])
            case .unicode(let value):
                append("\\u")
                for digit in 0..<4 as Range<UInt32> { append(Self.hexDigit(UInt8(truncatingIfNeeded: value >> (12 - 4 * digit)) & 15)) }
            }
            room -= step.written
            position += step.length
        }
        if position < text.count {
            append("…+")
            append(decimal: UInt64(text.count - position))
        }
    }
}

/// What becomes of the character at a position.
private struct EscapeStep {
    enum Form {
        case asIs, backslash
        case unicode(UInt32)
    }

    let form: Form
    /// Bytes taken from the text.
    let length: Int
    /// Bytes that it takes in the record.
    let written: Int

    init(_ text: UnsafeBufferPointer<UInt8>, at position: Int) {
        let first = text[position]
        if first < 0x80 {
            length = 1
            switch first {
            case 0x22, 0x5c: (form, written) = (.backslash, 2)
            case 0..<0x20, 0x7f: (form, written) = (.unicode(UInt32(first)), 6)
            default: (form, written) = (.asIs, 1)
            }
            return
        }
        guard let (scalar, count) = Self.decode(text, at: position) else {
            (form, length, written) = (.unicode(0xfffd), 1, 6)
            return
        }
        length = count
        switch scalar {
        case 0x80...0x9f, 0x061c, 0x200b...0x200f, 0x2028...0x202e, 0x2060...0x206f, 0xfeff: (form, written) = (.unicode(scalar), 6)
        default: (form, written) = (.asIs, count)
        }
    }

    /// The scalar of two to four bytes there; nil where they are not the one valid form (RFC 3629 section 4).
    private static func decode(_ text: UnsafeBufferPointer<UInt8>, at position: Int) -> (UInt32, Int)? {
        let first = text[position]
        let count: Int
        var scalar: UInt32
        switch first {
        case 0xc2...0xdf: (count, scalar) = (2, UInt32(first & 0x1f))
        case 0xe0...0xef: (count, scalar) = (3, UInt32(first & 0x0f))
        case 0xf0...0xf4: (count, scalar) = (4, UInt32(first & 0x07))
        default: return nil
        }
        guard position + count <= text.count else { return nil }
        for index in 1..<count {
            let byte = text[position + index]
            guard byte & 0xc0 == 0x80 else { return nil }
            scalar = scalar << 6 | UInt32(byte & 0x3f)
        }
        let smallest: UInt32 = count == 2 ? 0x80 : count == 3 ? 0x800 : 0x1_0000
        guard scalar >= smallest, scalar <= 0x10_ffff, !(0xd800...0xdfff).contains(scalar) else { return nil }
        return (scalar, count)
    }
}

extension UnsafeBufferPointer<UInt8> {
    /// How many bytes from the start are printable ASCII that needs no escape.
    fileprivate var plainPrefix: Int {
        var index = 0
        while index < count {
            let byte = self[index]
            guard byte &- 0x20 < 0x5f, byte != 0x22, byte != 0x5c else { return index }
            index += 1
        }
        return index
    }
}
