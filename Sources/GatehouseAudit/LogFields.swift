/// The members of a record that reviews look at, found in one pass over its line. Texts are raw: still escaped, and valid only as long as
/// the line's bytes.
public struct LogFields {
    public private(set) var kind: UnsafeRawBufferPointer?
    public private(set) var reference: UnsafeRawBufferPointer?
    public private(set) var endpoint: UnsafeRawBufferPointer?
    public private(set) var sender: UnsafeRawBufferPointer?
    public private(set) var decision: UnsafeRawBufferPointer?
    public private(set) var reason: UnsafeRawBufferPointer?
    public private(set) var remote: UnsafeRawBufferPointer?
    /// Of a decision.
    public private(set) var eventID: UnsafeRawBufferPointer?
    public private(set) var eventType: UnsafeRawBufferPointer?
    public private(set) var eventKey: UnsafeRawBufferPointer?
    /// The array, brackets included.
    public private(set) var checks: UnsafeRawBufferPointer?
    /// In milliseconds.
    public private(set) var skew: Int64?
    /// How many the record stands for; nil where it is one.
    public private(set) var requests: Int64?

    /// Stops at the first thing that is not as records are written; what was found until then stays.
    public init(_ line: LogLine) {
        let bytes = line.bytes
        walk(bytes, from: line.timeStart - 9, to: bytes.count - LogLine.tail - LogLine.previousPart, inEvent: false)
    }

    /// Each member from the comma or brace before it on.
    private mutating func walk(_ bytes: UnsafeRawBufferPointer, from start: Int, to end: Int, inEvent: Bool) {
        var position = start
        while position + 3 < end, bytes[position] == 0x2c || inEvent && bytes[position] == 0x7b, bytes[position + 1] == 0x22,
            let quote = bytes.firstIndex(of: 0x22, from: position + 2), quote + 2 < end, bytes[quote + 1] == 0x3a
        {
            let value = quote + 2
            guard let next = Self.end(of: value, in: bytes, limit: end) else { return }
            if inEvent {
                takeOfEvent(bytes, name: position + 2, length: quote - position - 2, value..<next)
            } else {
                take(bytes, name: position + 2, length: quote - position - 2, value..<next)
            }
            position = next
        }
    }

    private mutating func take(_ bytes: UnsafeRawBufferPointer, name: Int, length: Int, _ value: Range<Int>) {
        let text = bytes[value.lowerBound] == 0x22 ? bytes.part(value.lowerBound + 1..<value.upperBound - 1) : nil
        switch length {
        case 4 where bytes.has("kind", at: name): kind = text
        case 5 where bytes.has("event", at: name):
            if bytes[value.lowerBound] == 0x7b { walk(bytes, from: value.lowerBound, to: value.upperBound, inEvent: true) }
        case 6:
            if bytes.has("sender", at: name) { sender = text }
            if bytes.has("reason", at: name) { reason = text }
            if bytes.has("remote", at: name) { remote = text }
            if bytes.has("checks", at: name) { checks = bytes.part(value) }
        case 7 where bytes.has("skew_ms", at: name): skew = Self.integer(bytes.part(value))
        case 8:
            if bytes.has("endpoint", at: name) { endpoint = text }
            if bytes.has("decision", at: name) { decision = text }
            if bytes.has("requests", at: name) { requests = Self.integer(bytes.part(value)) }
        case 9 where bytes.has("reference", at: name): reference = text
        default: break
        }
    }

    private mutating func takeOfEvent(_ bytes: UnsafeRawBufferPointer, name: Int, length: Int, _ value: Range<Int>) {
        guard bytes[value.lowerBound] == 0x22 else { return }
        let text = bytes.part(value.lowerBound + 1..<value.upperBound - 1)
        if length == 2, bytes.has("id", at: name) { eventID = text }
        if length == 4, bytes.has("type", at: name) { eventType = text }
        if length == 3, bytes.has("key", at: name) { eventKey = text }
    }

    /// Where the value that begins at `start` ends; nil where it does not.
    private static func end(of start: Int, in bytes: UnsafeRawBufferPointer, limit: Int) -> Int? {
        var position = start
        var depth = 0
        while position < limit {
            switch bytes[position] {
            case 0x22:
                guard let quote = closingQuote(after: position, in: bytes, limit: limit) else { return nil }
                position = quote + 1
                if depth == 0 { return position }
                continue
            case 0x7b, 0x5b: depth += 1
            case 0x7d, 0x5d:
                if depth == 0 { return position }
                depth -= 1
                if depth == 0 { return position + 1 }
            case 0x2c where depth == 0: return position
            default: break
            }
            position += 1
        }
        return depth == 0 ? limit : nil
    }

    private static func closingQuote(after opening: Int, in bytes: UnsafeRawBufferPointer, limit: Int) -> Int? {
        var start = opening + 1
        while let quote = bytes.firstIndex(of: 0x22, from: start), quote < limit {
            var slashes = 0
            while bytes[quote - 1 - slashes] == 0x5c { slashes += 1 }
            if slashes % 2 == 0 { return quote }
            start = quote + 1
        }
        return nil
    }

    static func integer(_ text: UnsafeRawBufferPointer) -> Int64? {
        var value: Int64 = 0
        let isNegative = text.first == 0x2d
        let digits = isNegative ? text.dropFirst() : text[...]
        guard !digits.isEmpty, digits.count <= 18 else { return nil }
        for byte in digits {
            guard byte &- 0x30 < 10 else { return nil }
            value = value * 10 + Int64(byte - 0x30)
        }
        return isNegative ? -value : value
    }
}
