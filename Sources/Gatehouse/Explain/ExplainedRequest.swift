import GatehouseHTTP

/// A request as text that can be changed and looked at again.
struct ExplainedRequest {
    struct Header {
        var name: String
        var value: String

        func isNamed(_ other: String) -> Bool { name.lowercased() == other.lowercased() }
    }

    var method: String
    /// Path and query.
    var target: String
    var headers: [Header]
    var body: [UInt8]
    /// What the file has otherwise than the gateway would take it.
    private(set) var notes: [String] = []

    init(method: String, target: String, headers: [Header], body: [UInt8]) {
        self.method = method
        self.target = target
        self.headers = headers
        self.body = body
    }

    /// A raw HTTP/1.1 request. Lines that end in LF alone, as editors leave them, are taken too.
    init(raw: [UInt8]) throws {
        guard let (head, bodyStart) = Self.split(raw) else {
            throw GatewayError(
                .control, "the file holds no raw HTTP/1.1 request: expected a request line, headers, an empty line and the body")
        }
        // With the empty line at its end.
        let whole = raw[..<bodyStart]
        if zip([0] + whole, whole).contains(where: { $0 != 0x0d && $1 == 0x0a }) {
            notes.append("Lines of the head end in LF alone and were taken for CR LF; the gateway answers such bytes with 400, malformed")
        }
        // By bytes: to a String, CR LF is one character.
        var lines = head.split(separator: 0x0a, omittingEmptySubsequences: false).map { line in
            String(decoding: line.last == 0x0d ? line.dropLast() : line, as: UTF8.self)
        }
        let parts = lines.removeFirst().split(separator: " ")
        guard parts.count == 3, parts[2].hasPrefix("HTTP/1.") else {
            throw GatewayError(.control, "the file does not begin with a request line like `POST /hooks/acme HTTP/1.1`")
        }
        method = String(parts[0])
        target = String(parts[1])
        headers = try lines.map { line in
            guard let colon = line.firstIndex(of: ":"), colon != line.startIndex else {
                throw GatewayError(.control, "this line of the request is no header: \(line.prefix(60))")
            }
            let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
            return Header(name: String(line[..<colon]), value: String(value.reversed().drop { $0 == " " || $0 == "\t" }.reversed()))
        }
        guard !headers.contains(where: { $0.isNamed("transfer-encoding") }) else {
            throw GatewayError(.control, "the request is in chunks; write the body as one piece and leave Transfer-Encoding out")
        }
        body = Array(raw[bodyStart...])
        if let stated = headers.first(where: { $0.isNamed("content-length") }).flatMap({ Int($0.value) }), stated != body.count {
            if stated < body.count {
                notes.append("Content-Length says \(stated) bytes; the \(body.count - stated) after them were left out")
                body = Array(body[..<stated])
            } else {
                notes.append("Content-Length says \(stated) bytes, and the file has only \(body.count) of them")
            }
        }
    }

    private static func split(_ raw: [UInt8]) -> (ArraySlice<UInt8>, Int)? {
        var lineStart = 0
        for (index, byte) in raw.enumerated() where byte == 0x0a {
            let end = index > lineStart && raw[index - 1] == 0x0d ? index - 1 : index
            if end == lineStart, lineStart > 0 {
                let headEnd = lineStart - 1
                return (raw[..<headEnd], index + 1)
            }
            lineStart = index + 1
        }
        return nil
    }

    /// As the listener finds it; nil where it would refuse the head.
    var path: String? { withView { String(decoding: $0.path, as: UTF8.self) } }

    /// Keeps the query.
    mutating func replacePath(_ path: String) { target = path + target.drop { $0 != "?" } }

    /// Headers that were kept without their value.
    var withheld: [Header] { headers.filter { WithheldValue.isOne($0.value) } }

    func value(_ name: String) -> String? { headers.first { $0.isNamed(name) }?.value }

    mutating func replace(_ name: String, with value: String) {
        for index in headers.indices where headers[index].isNamed(name) { headers[index].value = value }
    }

    /// Parsed as the listener parses; nil where it would refuse the head.
    func withView<R>(_ body: (RequestView) throws -> R) rethrows -> R? {
        var text = "\(method) \(target) HTTP/1.1\r\n"
        if value("host") == nil { text += "Host: explain.example\r\n" }
        for header in headers where !header.isNamed("content-length") { text += "\(header.name): \(header.value)\r\n" }
        let bytes = Array((text + "Content-Length: \(self.body.count)\r\n\r\n").utf8)
        return try bytes.withUnsafeBytes { buffer in
            var scanner = HeadScanner()
            var head = RequestHead()
            guard case .complete(let start, let end) = scanner.scan(buffer, lineLimit: 65_536, headLimit: 262_144) else { return nil }
            do throws(HTTPRefusal) { try head.parse(buffer, from: start, to: end) } catch { return nil }
            return try self.body.withUnsafeBytes { try body(RequestView(bytes: buffer, head: head, body: $0)) }
        }
    }
}
