/// A handler's answer head as offsets into the received bytes; see ``RequestHead``.
public struct ResponseHead: Sendable {
    public private(set) var status = 0
    public private(set) var fields: [FieldLine] = []
    public private(set) var length = 0
    public private(set) var body = Body.none
    public private(set) var keepsAlive = true
    public private(set) var contentType: Slice?
    /// Seconds of a `Keep-Alive: timeout=N` field, where there is one.
    public private(set) var idleSeconds: Int?

    public enum Body: Sendable, Hashable {
        case none
        case length(Int)
        case chunked
        /// Until the connection closes (RFC 9112 section 6.3, last case).
        case untilClose
    }

    public init() {}

    /// Reads one whole head, `bytes[start..<end]` as ``HeadScanner`` found it. A 1xx head has no body and is followed by another head.
    public mutating func parse(_ bytes: UnsafeRawBufferPointer, from start: Int, to end: Int) throws(HTTPRefusal) {
        fields.removeAll(keepingCapacity: true)
        contentType = nil
        idleSeconds = nil
        length = end
        var cursor = LineCursor(bytes: bytes, position: start, end: end)
        guard let line = try cursor.next(), line.count >= 12, bytes.matches("HTTP/1.", at: line.start), bytes[line.start + 7].isDigit,
            bytes[line.start + 8] == .space, let code = bytes.decimal(Slice(start: line.start + 9, end: line.start + 12)),
            (100...599).contains(code), line.count == 12 || bytes[line.start + 12] == .space
        else { throw .malformed(.statusLine) }
        status = code
        var found = FramingFields()
        while let line = try cursor.next(), !line.isEmpty {
            guard fields.count < RequestHead.maximumFields else { throw .headTooLarge }
            let field = try FieldLine(bytes, line)
            fields.append(field)
            switch field.name.count {
            case 4: break  // a Host field in an answer means nothing, twice neither
            case 10 where bytes.matchesIgnoringCase("keep-alive", at: field.name.start, before: field.name.end):
                noteKeepAlive(bytes, field.value)
            case 12 where bytes.matchesIgnoringCase("content-type", at: field.name.start, before: field.name.end):
                contentType = contentType ?? field.value
            default: try found.note(field, in: bytes)
            }
        }
        keepsAlive = !found.closes && (bytes[line.start + 7] != UInt8(ascii: "0") || found.keepsAlive)
        if status < 200 || status == 204 || status == 304 {
            body = .none
        } else if found.hasTransferEncoding {
            guard found.contentLength == nil else { throw .malformed(.bothLengths) }
            body = .chunked
        } else if let length = found.contentLength {
            body = length == 0 ? .none : .length(length)
        } else {
            body = .untilClose
            keepsAlive = false
        }
    }

    private mutating func noteKeepAlive(_ bytes: UnsafeRawBufferPointer, _ value: Slice) {
        ConnectionOptions(bytes, value).forEach { option in
            guard bytes.matchesIgnoringCase("timeout=", at: option.start, before: option.end) else { return }
            idleSeconds = bytes.decimal(Slice(start: option.start + 8, end: option.end))
        }
    }
}
