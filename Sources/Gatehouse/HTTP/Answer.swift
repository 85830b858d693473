import GatehouseAudit
import NIOCore

/// What goes back to the sender, but for the fields that every answer has.
struct Answer: Sendable {
    var status: Int
    var contentType: String?
    var body: ByteBuffer?
    /// Challenges, `Allow`, `Retry-After`, a handshake's fields.
    var fields: [(name: String, value: String)] = []
    /// The connection ends with this answer.
    var closes = false

    init(status: Int, contentType: String? = nil, body: ByteBuffer? = nil) {
        self.status = status
        self.contentType = contentType
        self.body = body
    }

    /// RFC 9457, and nothing in it but what the status says (SEC-27).
    static func problem(_ status: Int, reference: Reference, fields: [(name: String, value: String)] = [], closes: Bool = false) -> Answer {
        var body = ByteBuffer()
        body.writeString("{\"type\":\"about:blank\",\"title\":\"\(StatusText.of(status))\",\"status\":\(status),\"reference\":\"")
        body.writeString(reference.description)
        body.writeStaticString("\"}\n")
        var answer = Answer(status: status, contentType: "application/problem+json", body: body)
        answer.fields = fields
        answer.closes = closes
        return answer
    }

    /// Head and body, in `buffer`'s storage where nobody else holds it. `date` is the whole Date line of this second.
    func write(
        into buffer: consuming ByteBuffer, reference: Reference, date: [UInt8], keepsAlive: Bool, withoutBody: Bool = false
    ) -> ByteBuffer {
        var writer = HeadWriter(buffer)
        writer.statusLine(status)
        let hasBody = status >= 200 && status != 204 && status != 304
        if hasBody { writer.field("Content-Length", body?.readableBytes ?? 0) }
        if let contentType { writer.field("Content-Type", contentType) }
        writer.field("Gatehouse-Reference", reference)
        writer.checked(date)
        for field in fields { writer.field(named: field.name, field.value) }
        if !keepsAlive || closes { writer.line("Connection: close") }
        writer.end()
        if hasBody, !withoutBody, let body { writer.body(body) }
        return writer.finish()
    }
}
