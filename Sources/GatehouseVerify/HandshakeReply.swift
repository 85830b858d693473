internal import GatehouseCrypto
internal import GatehouseHTTP
internal import GatehousePolicy

/// Writes the answers of handshakes. What a peer sent goes back only within a length and an alphabet, never as HTML (SEC-61).
struct HandshakeReply {
    let request: RequestView
    let workspace: Workspace

    /// Nil where the value is missing or not one that goes back.
    ///
    /// - Parameter mac: the sender's newest key, for keyed answers.
    func answer(_ plan: HandshakePlan, mac: MAC?) -> HandshakeAnswer? {
        switch plan.answer {
        case .echo(let source):
            guard let value = echoed(source) else { return nil }
            return Self.answer("text/plain; charset=utf-8", Array(value))
        case .echoHeader(let source, let name):
            guard let value = echoed(source) else { return nil }
            return HandshakeAnswer(fields: [(name: name, value: String(decoding: value, as: UTF8.self))])
        case .json(let member, let source):
            guard let value = echoed(source) else { return nil }
            return Self.json([(member, Array(value))])
        case .keyed(let source, let plainMember, let keyedMember, let prefix, let encoding):
            guard let value = workspace.text(source, in: request), Self.mayBeKeyed(value), let mac else { return nil }
            mac.start()
            mac.update(value)
            let count = mac.finish(into: workspace.code)
            guard count > 0 else { return nil }
            let code = UnsafeRawBufferPointer(rebasing: workspace.code[..<count])
            let text =
                switch encoding {
                case .hex, .text: Hex.encode(code)
                case .base64: Base64.encode(code)
                case .base64url: Base64.encode(code, alphabet: .url, padded: false)
                }
            var members: [(String, [UInt8])] = []
            if let plainMember { members.append((plainMember, Array(value))) }
            members.append((keyedMember, Array((prefix + text).utf8)))
            return Self.json(members)
        case .fixed(let status, let mediaType, let body):
            return HandshakeAnswer(
                status: status, fields: mediaType.map { [(name: "Content-Type", value: $0), Self.nosniff] } ?? [], body: Array(body.utf8))
        case .allowOrigin(let rate):
            guard case .one(let origin) = request.field("webhook-request-origin"), Self.isOrigin(origin) else { return nil }
            var fields = [
                (name: "Allow", value: "OPTIONS, POST"), (name: "WebHook-Allowed-Origin", value: String(decoding: origin, as: UTF8.self)),
            ]
            if let rate {
                fields.append((name: "WebHook-Allowed-Rate", value: "\(rate)"))
            } else if case .one = request.field("webhook-request-rate") {
                fields.append((name: "WebHook-Allowed-Rate", value: "*"))
            }
            return HandshakeAnswer(fields: fields)
        }
    }

    /// Printable ASCII without what could begin markup, at most 1024 bytes.
    private func echoed(_ source: SourcePlan) -> UnsafeRawBufferPointer? {
        guard let value = workspace.text(source, in: request), 1...1024 ~= value.count,
            value.allSatisfy({ 0x20 <= $0 && $0 <= 0x7e && $0 != UInt8(ascii: "<") && $0 != UInt8(ascii: ">") })
        else { return nil }
        return value
    }

    /// Values that are answered with a MAC. Signed strings of this shape are refused (``SchemePlan/answersKeyed``), so that an answer is
    /// never the signature of an event.
    static func mayBeKeyed(_ value: some Collection<UInt8>) -> Bool {
        1...256 ~= value.count && value.allSatisfy(isKeyable)
    }

    /// Letters, digits, `-` and `_`: a scheme with keyed answers has a literal outside these in its signed string.
    static func isKeyable(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, UInt8(ascii: "-"), UInt8(ascii: "_"): true
        default: false
        }
    }

    /// A host name or URL, as in `eventemitter.example.com`, or `*`.
    private static func isOrigin(_ value: UnsafeRawBufferPointer) -> Bool {
        1...256 ~= value.count && value.allSatisfy { isKeyable($0) || originMarks.contains($0) }
    }

    private static let originMarks = Array(".:/*[]~%".utf8)

    private static func json(_ members: [(String, [UInt8])]) -> HandshakeAnswer {
        var body: [UInt8] = [UInt8(ascii: "{")]
        for (index, (name, value)) in members.enumerated() {
            if index > 0 { body.append(UInt8(ascii: ",")) }
            Array(name.utf8).withUnsafeBytes { JSONText.appendQuoted($0, to: &body) }
            body.append(UInt8(ascii: ":"))
            value.withUnsafeBytes { JSONText.appendQuoted($0, to: &body) }
        }
        body.append(UInt8(ascii: "}"))
        return answer("application/json", body)
    }

    private static func answer(_ mediaType: String, _ body: [UInt8]) -> HandshakeAnswer {
        HandshakeAnswer(fields: [(name: "Content-Type", value: mediaType), nosniff], body: body)
    }

    private static let nosniff = (name: "X-Content-Type-Options", value: "nosniff")
}
