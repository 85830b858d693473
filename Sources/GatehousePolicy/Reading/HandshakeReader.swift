/// Reads `handshake:` of a scheme: a list of requests that the gateway answers itself, each with when and what.
///
/// ```yaml
/// handshake:
///   - { method: GET, present: ["query:challenge"], echo: "query:challenge" }                        # the value, as text/plain
///   - { present: ["header:X-Hook-Secret"], signed: false, echo-header: X-Hook-Secret }              # the value, as the same header
///   - { equal: { "json:type": url_verification }, json: { challenge: "json:challenge" } }           # one member of a JSON object
///   - { equal: { "json:event": endpoint.url_validation },
///       keyed: { value: "json:payload.plainToken", plain: plainToken, keyed: encryptedToken } }     # the value and its HMAC-SHA256
///   - { method: GET, equal: { "query:hub.mode": subscribe }, token: "query:hub.verify_token", echo: "query:hub.challenge" }
///   - { equal: { "json:type": "0" }, fixed: { status: 204 } }                                       # or media-type and body
///   - { method: OPTIONS, present: ["header:WebHook-Request-Origin"], allow-origin: { rate: 120 } }  # CloudEvents HTTP webhooks
/// ```
struct HandshakeReader {
    let reading: Reading

    var form: Form<[Handshake]> {
        Form { node, _ in Form.list(Form { node, _ in read(node) }).read(node, reading) }
    }

    private enum Method: String, CaseIterable {
        case get = "GET"
        case post = "POST"
        case options = "OPTIONS"
    }

    private func read(_ node: Node) -> Handshake? {
        guard let item = Mapping(node, "a handshake", reading) else { return nil }
        // method: GET, POST (the default) or OPTIONS; a scheme's endpoints take it for its handshakes only.
        let method = item.value("method", .choice, default: Method.post)
        // present: parts of the request that must be there.
        var matches = item.value("present", .distinct(.source), default: []).map { Handshake.Match(source: $0) }
        // equal: parts of the request that must have a value; JSON numbers and booleans by their text.
        matches += item.value("equal", equalities, default: [])
        // token: a part of the request that must be a live value of the credential SENDER/signing; or { from, credential }.
        let token = item.node("token").flatMap(token)
        // signed: the request carries a signature like an event. Default: true for POST, false for the others.
        let signed = item.value("signed", .flag, default: method == .post)
        let answer = answer(item)
        item.finish()
        if matches.isEmpty, token == nil {
            reading.error("a handshake needs 'present', 'equal' or 'token'", at: node, hint: "else every request would be one")
        }
        guard let answer else { return nil }
        if case .keyed = answer, !signed {
            reading.error(
                "an answer with an HMAC needs signed: true", at: item.place(of: "keyed"),
                hint: "else strangers choose what the secret signs (CWE-347)")
        }
        return Handshake(
            when: Handshake.Condition(
                method: method.rawValue, present: matches, token: token?.source, tokenCredential: token?.credential ?? .signing),
            answer: answer, signed: signed)
    }

    private func token(_ node: Node) -> (source: ValueSource, credential: Handshake.TokenCredential)? {
        guard node.isMapping, let item = Mapping(node, "token", reading) else {
            return Form.source.read(node, reading).map { ($0, .signing) }
        }
        // from: the part of the request.
        let source = item.required("from", .source)
        // credential: signing, or verify for the credential SENDER/verify, which is asked for only where the sender has one.
        let credential = item.value("credential", .choice, default: Handshake.TokenCredential.signing)
        item.finish()
        return source.map { ($0, credential) }
    }

    private var equalities: Form<[Handshake.Match]> {
        Form { node, _ in
            guard case .mapping(let members) = node.content else {
                reading.error(
                    "expected a mapping of sources to values, not \(node.kind)", at: node,
                    hint: "equal: { \"json:type\": url_verification }")
                return nil
            }
            return members.compactMap { member in
                let source = Form.source.read(Node(place: member.place, content: .scalar(member.key, quoted: true)), reading)
                let value = Form.text.read(member.value, reading)
                guard let source, let value else { return nil }
                return Handshake.Match(source: source, equals: value)
            }
        }
    }

    private static let answers = ["echo", "echo-header", "json", "keyed", "fixed", "allow-origin"]

    private func answer(_ item: Mapping) -> Handshake.Answer? {
        let given = Self.answers.filter { item.node($0) != nil }
        guard given.count == 1, let answer = given.first else {
            reading.error(
                given.isEmpty ? "a handshake needs an answer" : "a handshake has one answer, not \(given.count)", at: item.node,
                hint: "one of \(Self.answers.joined(separator: ", "))")
            return nil
        }
        switch answer {
        case "echo": return item.value("echo", .source).map { .echo($0) }
        case "echo-header": return item.value("echo-header", .headerName).map { .echoHeader($0) }
        case "json": return json(item)
        case "keyed": return item.mapping("keyed", "keyed").flatMap(keyed)
        case "fixed": return item.mapping("fixed", "fixed").flatMap(fixed)
        default:
            guard let options = item.mapping("allow-origin", "allow-origin") else { return nil }
            // rate: requests a minute that the sender may make; absent: as many as it likes.
            let rate = options.value("rate", .number(1...1_000_000))
            options.finish()
            return .allowOrigin(rate: rate)
        }
    }

    private func json(_ item: Mapping) -> Handshake.Answer? {
        guard let node = item.node("json") else { return nil }
        guard case .mapping(let members) = node.content, members.count == 1, let member = members.first else {
            reading.error("json names one member and its source", at: node, hint: "json: { challenge: \"json:challenge\" }")
            return nil
        }
        return Form.source.read(member.value, reading).map { .json(member: member.key, value: $0) }
    }

    private func keyed(_ item: Mapping) -> Handshake.Answer? {
        // value: what the HMAC is made of.
        let value = item.required("value", .source)
        // plain, keyed: the members of the answer that hold the value and its HMAC; without plain the value is left out.
        let plain = item.value("plain", .text)
        let keyed = item.required("keyed", .text)
        // prefix: text before the HMAC.
        let prefix = item.value("prefix", .text, default: "")
        let encoding = item.value("encoding", .choice, default: SignatureSource.Encoding.hex)
        item.finish()
        if encoding == .text { reading.error("an HMAC is not text", at: item.place(of: "encoding"), hint: "hex, base64 or base64url") }
        guard let value, let keyed else { return nil }
        return .keyed(value: value, plainMember: plain, keyedMember: keyed, prefix: prefix, encoding: encoding)
    }

    private func fixed(_ item: Mapping) -> Handshake.Answer? {
        let status = item.required("status", .number(200...299))
        let mediaType = item.value("media-type", .mediaType)
        let body = item.value("body", .text, default: "")
        item.finish()
        if !body.isEmpty, mediaType == nil { reading.error("a body needs 'media-type'", at: item.place(of: "body")) }
        if mediaType == "text/html" { reading.error("answers are never HTML", at: item.place(of: "media-type")) }
        if status == 204, !body.isEmpty { reading.error("status 204 has no body", at: item.place(of: "body")) }
        return status.map { .fixed(status: $0, mediaType: mediaType, body: body) }
    }
}

extension Form where Value == String {
    /// `type/subtype` in lower case, without parameters.
    static var mediaType: Form {
        Form { node, reading in
            text("a media type", hint: "as in application/json") { text in
                let parts = text.split(separator: "/", omittingEmptySubsequences: false)
                return parts.count == 2 && parts.allSatisfy(PolicyText.isToken)
            }.read(node, reading)?.lowercased()
        }
    }
}
