extension RequestHead {
    /// Most field lines of one head (SEC-17).
    public static let maximumFields = 100

    /// Reads one whole head, `bytes[start..<end]` as ``HeadScanner`` found it, into this value, whose array is reused.
    ///
    /// Strict: RFC 9112 sections 2.2, 3, 5, 6 without any of their leniencies (SEC-10…15). On a refusal the value's content is unspecified.
    public mutating func parse(_ bytes: UnsafeRawBufferPointer, from start: Int, to end: Int) throws(HTTPRefusal) {
        fields.removeAll(keepingCapacity: true)
        query = nil
        body = .length(0)
        expectation = .none
        length = end
        var cursor = LineCursor(bytes: bytes, position: start, end: end)
        guard let line = try cursor.next() else { throw .malformed(.requestLine) }
        try parseRequestLine(bytes, line)
        let targetHost = host
        var found = FramingFields()
        while let line = try cursor.next() {
            guard !line.isEmpty else { break }
            guard fields.count < Self.maximumFields else { throw .headTooLarge }
            let field = try FieldLine(bytes, line)
            fields.append(field)
            try found.note(field, in: bytes)
        }
        try apply(found, bytes, targetHost: targetHost)
    }

    /// `method SP target SP HTTP/1.x` (RFC 9112 section 3).
    private mutating func parseRequestLine(_ bytes: UnsafeRawBufferPointer, _ line: Slice) throws(HTTPRefusal) {
        var position = line.start
        while position < line.end, ByteClass.token.contains(bytes[position]) { position += 1 }
        method = Slice(start: line.start, end: position)
        guard !method.isEmpty, method.count <= 32, position < line.end, bytes[position] == .space else { throw .malformed(.requestLine) }
        position += 1
        let targetStart = position
        while position < line.end, ByteClass.target.contains(bytes[position]) { position += 1 }
        target = Slice(start: targetStart, end: position)
        guard position < line.end, bytes[position] == .space, !target.isEmpty else { throw .malformed(.target) }
        position += 1
        guard line.end - position == 8, bytes.matches("HTTP/1.", at: position) else { throw .malformed(.version) }
        switch bytes[position + 7] {
        case UInt8(ascii: "1"): minorVersion = 1
        case UInt8(ascii: "0"): minorVersion = 0
        default: throw .malformed(.version)
        }
        keepsAlive = minorVersion == 1
        try parseTarget(bytes)
    }

    /// origin-form, absolute-form, or the asterisk (RFC 9112 section 3.2); authority-form is CONNECT's and no gateway's.
    private mutating func parseTarget(_ bytes: UnsafeRawBufferPointer) throws(HTTPRefusal) {
        host = Slice(start: 0, end: 0)
        var pathStart = target.start
        if bytes[target.start] != UInt8(ascii: "/") {
            if target.count == 1, bytes[target.start] == UInt8(ascii: "*") {
                path = target
                return
            }
            let scheme =
                bytes.matchesIgnoringCase("https://", at: target.start, before: target.end)
                ? 8 : bytes.matchesIgnoringCase("http://", at: target.start, before: target.end) ? 7 : 0
            guard scheme > 0 else { throw .malformed(.target) }
            let authority = target.start + scheme
            pathStart = authority
            while pathStart < target.end, bytes[pathStart] != UInt8(ascii: "/"), bytes[pathStart] != UInt8(ascii: "?") { pathStart += 1 }
            host = Slice(start: authority, end: pathStart)
            guard bytes.isAuthority(host) else { throw .malformed(.target) }
        }
        var pathEnd = pathStart
        while pathEnd < target.end, bytes[pathEnd] != UInt8(ascii: "?") { pathEnd += 1 }
        path = Slice(start: pathStart, end: pathEnd)
        if pathEnd < target.end { query = Slice(start: pathEnd + 1, end: target.end) }
    }

    private mutating func apply(_ found: FramingFields, _ bytes: UnsafeRawBufferPointer, targetHost: Slice) throws(HTTPRefusal) {
        guard let hostField = found.host, bytes.isAuthority(hostField) else { throw .malformed(.host) }
        host = targetHost.isEmpty ? hostField : targetHost
        if found.hasTransferEncoding {
            guard found.contentLength == nil else { throw .malformed(.bothLengths) }
            guard minorVersion == 1 else { throw .malformed(.transferEncoding) }
            body = .chunked
        } else {
            body = .length(found.contentLength ?? 0)
        }
        if found.closes { keepsAlive = false } else if found.keepsAlive { keepsAlive = true }
        if minorVersion == 1 { expectation = found.expectation }
    }
}

/// The fields that decide where a message ends and whether the connection goes on.
struct FramingFields {
    var host: Slice?
    var contentLength: Int?
    var hasTransferEncoding = false
    var closes = false
    var keepsAlive = false
    var expectation = RequestHead.Expectation.none

    /// Dispatches on the name's length first: nearly every field is none of these.
    mutating func note(_ field: FieldLine, in bytes: UnsafeRawBufferPointer) throws(HTTPRefusal) {
        switch field.name.count {
        case 4 where bytes.matchesIgnoringCase("host", at: field.name.start, before: field.name.end):
            guard host == nil else { throw .malformed(.host) }
            host = field.value
        case 6 where bytes.matchesIgnoringCase("expect", at: field.name.start, before: field.name.end):
            let isContinue =
                field.value.count == 12
                && bytes.matchesIgnoringCase("100-continue", at: field.value.start, before: field.value.end)
            expectation = isContinue && expectation == .none ? .continue100 : .other
        case 10 where bytes.matchesIgnoringCase("connection", at: field.name.start, before: field.name.end):
            ConnectionOptions(bytes, field.value).forEach { option in
                if option.count == 5, bytes.matchesIgnoringCase("close", at: option.start, before: option.end) { closes = true }
                if option.count == 10, bytes.matchesIgnoringCase("keep-alive", at: option.start, before: option.end) { keepsAlive = true }
            }
        case 14 where bytes.matchesIgnoringCase("content-length", at: field.name.start, before: field.name.end):
            guard contentLength == nil, let length = bytes.decimal(field.value) else { throw .malformed(.contentLength) }
            contentLength = length
        case 17 where bytes.matchesIgnoringCase("transfer-encoding", at: field.name.start, before: field.name.end):
            guard !hasTransferEncoding else { throw .malformed(.transferEncoding) }
            hasTransferEncoding = true
            if field.value.count == 7, bytes.matchesIgnoringCase("chunked", at: field.value.start, before: field.value.end) { return }
            let isToken = !field.value.isEmpty && bytes[field.value.start..<field.value.end].allSatisfy(ByteClass.token.contains)
            throw isToken ? .unknownTransferCoding : .malformed(.transferEncoding)
        default: break
        }
    }
}

/// The comma-separated options of a Connection field (RFC 9110 section 7.6.1).
public struct ConnectionOptions {
    private let bytes: UnsafeRawBufferPointer
    private let value: Slice

    public init(_ bytes: UnsafeRawBufferPointer, _ value: Slice) {
        self.bytes = bytes
        self.value = value
    }

    public func forEach(_ body: (Slice) -> Void) {
        var start = value.start
        while start <= value.end {
            var end = start
            while end < value.end, bytes[end] != UInt8(ascii: ",") { end += 1 }
            let option = bytes.trimmed(Slice(start: start, end: end))
            if !option.isEmpty { body(option) }
            start = end + 1
        }
    }
}

extension FieldLine {
    /// `name ":" OWS value OWS` (RFC 9112 section 5): the name a token that ends at the colon, the value without controls.
    init(_ bytes: UnsafeRawBufferPointer, _ line: Slice) throws(HTTPRefusal) {
        var position = line.start
        while position < line.end, ByteClass.token.contains(bytes[position]) { position += 1 }
        guard position > line.start, position < line.end, bytes[position] == UInt8(ascii: ":") else {
            let first = bytes[line.start]
            throw .malformed(first == .space || first == .tab ? .folding : .fieldName)
        }
        name = Slice(start: line.start, end: position)
        let rest = Slice(start: position + 1, end: line.end)
        for offset in rest.start..<rest.end where !bytes[offset].isFieldValue { throw .malformed(.fieldValue) }
        value = bytes.trimmed(rest)
    }
}

/// Walks over lines that end in CRLF; a carriage return anywhere else refuses the head.
struct LineCursor {
    let bytes: UnsafeRawBufferPointer
    var position: Int
    let end: Int

    /// The next line without its CRLF; nil at the end.
    mutating func next() throws(HTTPRefusal) -> Slice? {
        guard position < end else { return nil }
        var lineEnd = position
        while lineEnd < end, bytes[lineEnd] != .carriageReturn { lineEnd += 1 }
        guard lineEnd + 1 < end, bytes[lineEnd + 1] == .lineFeed else { throw .malformed(.lineEnd) }
        defer { position = lineEnd + 2 }
        return Slice(start: position, end: lineEnd)
    }
}

extension UnsafeRawBufferPointer {
    func matches(_ text: StaticString, at position: Int) -> Bool {
        guard position >= 0, position + text.utf8CodeUnitCount <= count else { return false }
        for offset in 0..<text.utf8CodeUnitCount where self[position + offset] != text.utf8Start[offset] { return false }
        return true
    }

    /// `text` is lower case.
    package func matchesIgnoringCase(_ text: StaticString, at position: Int, before end: Int) -> Bool {
        guard position >= 0, position + text.utf8CodeUnitCount <= end, end <= count else { return false }
        for offset in 0..<text.utf8CodeUnitCount where self[position + offset].lowercased != text.utf8Start[offset] { return false }
        return true
    }

    func trimmed(_ slice: Slice) -> Slice {
        var start = slice.start
        var end = slice.end
        while start < end, self[start] == .space || self[start] == .tab { start += 1 }
        while end > start, self[end - 1] == .space || self[end - 1] == .tab { end -= 1 }
        return Slice(start: start, end: end)
    }

    /// 1 to 18 digits and nothing else (SEC-11).
    func decimal(_ slice: Slice) -> Int? {
        guard (1...18).contains(slice.count) else { return nil }
        var value = 0
        for offset in slice.start..<slice.end {
            guard self[offset].isDigit else { return nil }
            value = value * 10 + Int(self[offset] - 0x30)
        }
        return value
    }

    /// `host [":" port]` without user information (RFC 9110 section 7.2).
    func isAuthority(_ slice: Slice) -> Bool {
        var position = slice.start
        if position < slice.end, self[position] == UInt8(ascii: "[") {
            position += 1
            let start = position
            while position < slice.end, ByteClass.ipv6.contains(self[position]) { position += 1 }
            guard position > start, position < slice.end, self[position] == UInt8(ascii: "]") else { return false }
            position += 1
        } else {
            let start = position
            while position < slice.end, ByteClass.host.contains(self[position]) { position += 1 }
            guard position > start else { return false }
        }
        guard position < slice.end else { return true }
        guard self[position] == UInt8(ascii: ":"), slice.end - position <= 6 else { return false }
        for offset in (position + 1)..<slice.end where !self[offset].isDigit { return false }
        return true
    }
}
