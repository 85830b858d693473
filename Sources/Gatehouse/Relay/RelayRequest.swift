import GatehouseAudit
import GatehouseHTTP
import GatehouseTime
import GatehouseVerify
import NIOCore

/// What the gateway tells a handler about an event, beside the event itself.
struct HandOverFacts {
    var endpoint: String
    var verification: Verification?
    var received: WallTime
    var reference: Reference
    var attempt: Int
    /// ``EndpointVerifier/secretFields``.
    var secretFields: [String]

    /// A structured field list of what was checked (RFC 8941 section 3.1).
    var checks: String { verification.map { CheckList.text($0.checks) } ?? "" }

    /// What `webhook-id` names the event by: its id, the same in every attempt. Of an id that is too long to be shown whole, the digest that
    /// is made of all of it.
    var webhookID: String {
        guard let event = verification?.event, let id = event.id else { return reference.description }
        if event.isIDCut, let key = event.key { return key.hex }
        return PrintableASCII.encode(id)
    }
}

/// What is the same in every request to one endpoint's handler, written once.
struct RelayLines: Sendable {
    let target: RelayTarget
    /// From the blank after the method to the end of the Host line.
    fileprivate let start: [UInt8]
    /// `Gatehouse-Endpoint`.
    fileprivate let endpoint: [UInt8]

    init(target: RelayTarget, path: String, endpoint: String) {
        self.target = target
        start = Array(" \(path) HTTP/1.1\r\n".utf8) + HeadWriter.lines([("Host", target.authority)])
        self.endpoint = HeadWriter.lines([("Gatehouse-Endpoint", endpoint)])
    }
}

/// A request to an `http` handler as one buffer: head and body are written in one flush.
enum RelayRequest {
    /// The bytes that a request has beyond head and body of the sender's, as a rule.
    static let ownBytes = 640

    static func make(
        _ view: RequestView, _ facts: HandOverFacts, lines: RelayLines, checks: String, signer: HandOverSigner?, now: WallTime,
        into buffer: consuming ByteBuffer
    ) -> (bytes: ByteBuffer, body: Int) {
        var writer = HeadWriter(buffer)
        writer.checked(view.method)
        writer.checked(lines.start)
        EndToEndFields(view, facts, withoutWebhookFields: signer != nil).forEachRun { writer.checked($0) }
        writer.field("Content-Length", view.body.count)
        writer.checked(lines.endpoint)
        if let sender = facts.verification?.sender { writer.field("Gatehouse-Sender", sender) }
        if let event = facts.verification?.event {
            if let id = event.id { writer.field("Gatehouse-Event-Id", PrintableASCII.encode(id)) }
            if event.isIDCut { writer.line("Gatehouse-Event-Id-Cut: ?1") }
            if let type = event.type { writer.field("Gatehouse-Event-Type", PrintableASCII.encode(type)) }
        }
        writer.field("Gatehouse-Received", facts.received)
        writer.field("Gatehouse-Reference", facts.reference)
        writer.field("Gatehouse-Checks", checks)
        writer.field("Gatehouse-Attempt", facts.attempt)
        if let signer {
            for field in signer.fields(id: facts.webhookID, at: now, body: view.body) {
                writer.field(named: field.name, field.value)
            }
        }
        writer.end()
        let body = writer.body(view.body)
        return (writer.finish(), body)
    }
}

/// The fields of a request that go on to a handler (contract 3; SEC-85).
struct EndToEndFields {
    private let view: RequestView
    private let secret: [String]
    private let withoutWebhookFields: Bool

    init(_ view: RequestView, _ facts: HandOverFacts, withoutWebhookFields: Bool) {
        self.view = view
        secret = facts.secretFields
        self.withoutWebhookFields = withoutWebhookFields
    }

    /// The lines that go on, neighbours together, each with its CRLF: bytes as received.
    func forEachRun(_ body: (UnsafeRawBufferPointer) -> Void) {
        let named = connectionOptions
        let fields = view.head.fields
        var start: Int?
        for line in fields {
            if goesOn(line, named) {
                start = start ?? line.name.start
            } else if let from = start {
                body(view[Slice(start: from, end: line.name.start)])
                start = nil
            }
        }
        // The last line ends where the empty one begins.
        if let from = start { body(view[Slice(start: from, end: view.head.length - 2)]) }
    }

    func forEach(_ body: (FieldLine) -> Void) {
        let named = connectionOptions
        for line in view.head.fields where goesOn(line, named) { body(line) }
    }

    private var connectionOptions: [[UInt8]] {
        var options: [[UInt8]] = []
        for line in view.head.fields where line.name.count == 10 && isNamed(line.name, "connection") {
            ConnectionOptions(view.bytes, line.value).forEach { slice in options.append(view[slice].map(Self.folded)) }
        }
        return options
    }

    private func goesOn(_ line: FieldLine, _ named: [[UInt8]]) -> Bool {
        let name = line.name
        switch name.count {
        case 2 where isNamed(name, "te"), 4 where isNamed(name, "host"), 6 where isNamed(name, "expect"),
            7 where isNamed(name, "trailer") || isNamed(name, "upgrade"),
            10 where isNamed(name, "connection") || isNamed(name, "keep-alive"),
            13 where isNamed(name, "authorization"), 14 where isNamed(name, "content-length"), 17 where isNamed(name, "transfer-encoding"):
            return false
        default: break
        }
        if begins(name, "gatehouse-") || begins(name, "proxy-") || (withoutWebhookFields && begins(name, "webhook-")) { return false }
        if !secret.isEmpty, secret.contains(where: { isNamed(name, $0) }) { return false }
        guard !named.isEmpty else { return true }
        return !named.contains(view[name].map(Self.folded))
    }

    /// - Parameter text: in lower case; `*` at its end stands for anything.
    private func isNamed(_ name: Slice, _ text: String) -> Bool {
        let bytes = view[name].lazy.map(Self.folded)
        let wanted = text.utf8.lazy.map(Self.folded)
        return text.hasSuffix("*") ? bytes.starts(with: wanted.dropLast()) : bytes.elementsEqual(wanted)
    }

    /// Lower case, with `_` as `-`: handlers behind CGI cannot tell the two apart.
    private static func folded(_ byte: UInt8) -> UInt8 {
        byte == UInt8(ascii: "_") ? UInt8(ascii: "-") : 0x41 <= byte && byte <= 0x5a ? byte | 0x20 : byte
    }

    private func isNamed(_ name: Slice, _ text: StaticString) -> Bool { name.count == text.utf8CodeUnitCount && begins(name, text) }

    private func begins(_ name: Slice, _ text: StaticString) -> Bool {
        guard name.count >= text.utf8CodeUnitCount else { return false }
        for offset in 0..<text.utf8CodeUnitCount where Self.folded(view.bytes[name.start + offset]) != text.utf8Start[offset] {
            return false
        }
        return true
    }
}

/// `signature;scheme="digital-river";version=3, oauth;client="acme"`.
enum CheckList {
    static func text(_ checks: [CheckResult]) -> String {
        var text = ""
        for check in checks where check.result == .ok {
            if !text.isEmpty { text += ", " }
            text += check.check.rawValue
            if let scheme = check.scheme { text += ";scheme=\"\(scheme)\"" }
            if let client = check.client { text += ";client=\"\(client)\"" }
            if let version = check.version { text += ";version=\(version)" }
        }
        return text
    }
}

/// What was checked, in the words of the handler's field and of the record.
struct CheckTexts {
    let results: [CheckResult]
    let text: String
    let recorded: [DecisionRecord.Check]

    init(results: [CheckResult]) {
        self.results = results
        text = CheckList.text(results)
        recorded = results.map(DecisionRecord.Check.init)
    }
}

extension HandOver {
    init(_ view: RequestView, _ facts: HandOverFacts, takesFields: Bool, signer: HandOverSigner?, now: WallTime) {
        var fields: [(name: String, value: String)] = []
        if takesFields {
            EndToEndFields(view, facts, withoutWebhookFields: signer != nil).forEach { line in
                fields.append((String(decoding: view[line.name], as: UTF8.self), String(decoding: view[line.value], as: UTF8.self)))
            }
        }
        if let signer {
            fields += signer.fields(id: facts.webhookID, at: now, body: view.body)
        }
        var contentType: String?
        if case .one(let value) = view.field(.contentType) { contentType = String(decoding: value, as: UTF8.self) }
        self.init(
            endpoint: facts.endpoint, sender: facts.verification?.sender ?? "", eventID: facts.verification?.event.id,
            isEventIDCut: facts.verification?.event.isIDCut ?? false, eventType: facts.verification?.event.type, received: facts.received,
            reference: facts.reference.description,
            checks: facts.checks, attempt: facts.attempt, contentType: contentType,
            method: String(decoding: view.method, as: UTF8.self), fields: fields, body: ByteBuffer(bytes: view.body))
    }
}
