import GatehouseCrypto
import GatehouseTime

extension Fixture {
    /// Reads one fixture. Every mistake in it is thrown at once.
    public static func load(file: String) throws(PolicyError) -> Fixture {
        let reading = Reading(checksFiles: true)
        let node = SourceFile.read(file, reading).flatMap { Node.parse($0, file: file, mayHoldSecrets: true, reading) }
        let fixture = node.flatMap { FixtureReader(reading: reading).read($0, file: file) }
        try reading.check()
        guard let fixture else { throw PolicyError(diagnostics: []) }
        return fixture
    }

    /// The fixtures of a directory, sorted by name; the path itself where it is a file.
    public static func files(at path: String) throws(PolicyError) -> [String] {
        guard SourceFile.isDirectory(path) else {
            if let obstacle = SourceFile.obstacle(path) {
                throw PolicyError(diagnostics: [
                    Diagnostic(
                        file: path, line: 0, column: 0, message: obstacle,
                        hint: "fixtures are YAML files, by default in tests/ of the policy directory")
                ])
            }
            return [path]
        }
        return (SourceFile.list(path) ?? []).filter { $0.hasSuffix(".yaml") }.map { path.hasSuffix("/") ? path + $0 : "\(path)/\($0)" }
    }
}

/// Reads `tests/*.yaml`.
struct FixtureReader {
    let reading: Reading

    private static let largestBody = 16 * 1024 * 1024

    func read(_ node: Node, file path: String) -> Fixture? {
        guard let file = Mapping(node, "a fixture", reading) else { return nil }
        // endpoint: one of the policy's; or scheme: an endpoint of its own with that one signature item.
        let endpoint = file.value("endpoint", .name)
        let scheme = file.value("scheme", .name)
        if (file.node("endpoint") == nil) == (file.node("scheme") == nil) {
            reading.error("a fixture names an 'endpoint' or a 'scheme'", at: node, hint: "endpoint: NAME, or scheme: NAME")
        }
        // credentials: SENDER/KIND and its values, oldest first; a single value may stand alone.
        let credentials = file.value("credentials", credentials, default: [:])
        let steps = steps(file)
        file.finish()
        let subject = endpoint.map(Fixture.Subject.endpoint) ?? scheme.map(Fixture.Subject.scheme)
        guard let subject, let steps else { return nil }
        let name = path.split(separator: "/").last.map(String.init) ?? path
        return Fixture(
            name: name.hasSuffix(".yaml") ? String(name.dropLast(5)) : name, file: path, subject: subject, credentials: credentials,
            steps: steps)
    }

    private var credentials: Form<[String: [String]]> {
        Form { node, _ in
            guard case .mapping(let members) = node.content else {
                reading.error("expected a mapping of SENDER/KIND to values, not \(node.kind)", at: node)
                return nil
            }
            var credentials: [String: [String]] = [:]
            for member in members {
                let parts = member.key.split(separator: "/", omittingEmptySubsequences: false)
                guard parts.count == 2, PolicyText.isSafeName(parts[0]),
                    ["signing", "basic", "oauth", "key", "certificate", "verify"].contains(parts[1])
                else {
                    reading.error(
                        "\(quoted(member.key)) is not a credential", at: member.place,
                        hint: "SENDER/ and signing, basic, oauth, key, certificate or verify")
                    continue
                }
                let single = member.value.text.map { [$0] }
                credentials[member.key] = single ?? Form.list(.text).read(member.value, reading)
            }
            return credentials
        }
    }

    private func steps(_ file: Mapping) -> [Fixture.Step]? {
        guard let list = file.node("steps") else {
            guard let step = step(file) else { return nil }
            return [step]
        }
        file.refuse(["at", "request", "expect"], because: "stands inside 'steps'")
        guard case .sequence(let items) = list.content, !items.isEmpty else {
            reading.error("steps is a list of { at, request, expect }, not \(list.kind)", at: list)
            return nil
        }
        let steps = items.compactMap { item -> Fixture.Step? in
            guard let mapping = Mapping(item, "a step", reading) else { return nil }
            defer { mapping.finish() }
            return step(mapping)
        }
        return steps.count == items.count ? steps : nil
    }

    private func step(_ item: Mapping) -> Fixture.Step? {
        // at: when the request arrives, as RFC 3339 or Unix seconds (with a fraction, if need be).
        let at = item.required("at", .time)
        let request = item.required("request", Form { node, _ in self.request(node) })
        let expect = item.required("expect", Form { node, _ in expectation(node) })
        guard let at, let request, let expect else { return nil }
        return Fixture.Step(at: at, request: request, expect: expect)
    }

    private func request(_ node: Node) -> Fixture.Request? {
        guard let item = Mapping(node, "a request", reading) else { return nil }
        var request = Fixture.Request()
        request.method = item.value("method", .text("a method", PolicyText.isToken), default: request.method)
        // headers: names and values; a list is a header that is sent more than once.
        request.headers = item.value("headers", headers, default: [])
        request.body = body(item)
        // url: overrides public-url + path; its query is the request's.
        let isURL = { (text: String) in (try? WebAddress(text)) != nil }
        request.url = item.value("url", .text("a URL", isURL))
        // peer: the sender's address, 127.0.0.1 unless given.
        let isAddress = { (text: String) in IPAddress(text) != nil }
        if let peer = item.value("peer", .text("an IP address", isAddress)).flatMap({ IPAddress($0) }) { request.peer = peer }
        // certificate: a PEM file with the client's certificate.
        request.certificate = item.value("certificate", .readableFile(hint: "a PEM file with the client's certificate"))
        // token: an access token of this gateway, made for the request.
        request.token = item.value("token", Form { node, _ in token(node) })
        item.finish()
        if let place = item.node("token"), request.headers.contains(where: { $0.name.lowercased() == "authorization" }) {
            reading.error("a request has one Authorization field, not both a token and one of its own", at: place)
        }
        return request
    }

    private func token(_ node: Node) -> Fixture.Token? {
        guard let item = Mapping(node, "a token", reading) else { return nil }
        // sender: whose token it is.
        let sender = item.required("sender", .name)
        // scopes, audience: all of the sender's unless given.
        let scopes = item.value("scopes", .distinct(.scope))
        let audience = item.value("audience", .audience)
        // age: how long before the request it was issued.
        let age = item.value("age", .durationOrZero, default: .zero)
        // bound: to the request's certificate.
        let isBound = item.value("bound", .flag, default: false)
        item.finish()
        return sender.map { Fixture.Token(sender: $0, scopes: scopes, audience: audience, age: age, isBound: isBound) }
    }

    private var headers: Form<[Fixture.Header]> {
        Form { node, _ in
            guard case .mapping(let members) = node.content else {
                reading.error("expected a mapping of names to values, not \(node.kind)", at: node)
                return nil
            }
            return members.flatMap { member -> [Fixture.Header] in
                guard PolicyText.isToken(member.key) else {
                    reading.error("\(quoted(member.key)) is not a header name", at: member.place)
                    return []
                }
                var values = [member.value]
                if case .sequence(let list) = member.value.content { values = list }
                return values.compactMap { value in
                    // An empty value is a case worth testing.
                    if value.isNull { return Fixture.Header(name: member.key, value: "") }
                    guard let text = value.text, !text.unicodeScalars.contains(where: { ["\r", "\n", "\0"].contains($0) }) else {
                        reading.error("a header's value is text on one line", at: value)
                        return nil
                    }
                    return Fixture.Header(name: member.key, value: text)
                }
            }
        }
    }

    private func body(_ item: Mapping) -> [UInt8] {
        // body: as text; body-base64: any bytes; body-file: a file's bytes. None: an empty body.
        let given = ["body", "body-base64", "body-file"].filter { item.node($0) != nil }
        if given.count > 1 {
            reading.error("a request has one body, not both '\(given[0])' and '\(given[1])'", at: item.place(of: given[1]))
        }
        if let node = item.node("body") {
            if node.text == nil { reading.error("a body is text, not \(node.kind)", at: node, hint: "quote it: body: '{\"id\":1}'") }
            return Array((node.text ?? "").utf8)
        }
        if let node = item.node("body-base64") {
            let text = Array((node.text ?? "").utf8)
            var decoded = [UInt8](repeating: 0, count: text.count)
            let count = text.withUnsafeBytes { source in
                decoded.withUnsafeMutableBytes { Base64.decode(source, into: $0, alphabet: .standard, padding: .optional) }
            }
            guard let count else {
                reading.error("not base64", at: node)
                return []
            }
            return Array(decoded.prefix(count))
        }
        guard let path = item.value("body-file", .readableFile(hint: "the file with the body, relative to this fixture")) else { return [] }
        return SourceFile.read(path, limit: Self.largestBody, reading) ?? []
    }

    private func expectation(_ node: Node) -> Fixture.Expectation? {
        guard let item = Mapping(node, "expect", reading) else { return nil }
        var expectation = Fixture.Expectation()
        // decision: accepted | rejected | failed | duplicate | ignored.
        let decisions = ["accepted", "rejected", "failed", "duplicate", "ignored"]
        let isDecision = { (text: String) in decisions.contains(text) }
        expectation.decision = item.value("decision", .text("a decision", hint: decisions.joined(separator: ", "), isDecision))
        // reason: a reason code, as audit records have it.
        expectation.reason = item.value("reason", .text)
        // sender: who it was.
        expectation.sender = item.value("sender", .name)
        // answer: the status.
        expectation.answer = item.value("answer", .number(100...599))
        // body: the body of the answer, as for handshakes.
        expectation.body = item.value("body", .text)
        if let event = item.mapping("event", "event") {
            expectation.eventID = event.value("id", .text)
            expectation.eventType = event.value("type", .text)
            event.finish()
        }
        item.finish()
        if item.isEmpty { reading.error("'expect' expects nothing", at: node, hint: "expect: { decision: accepted, reason: ok }") }
        return expectation
    }
}

extension Form where Value == WallTime {
    /// RFC 3339, or Unix seconds with or without a fraction.
    static var time: Form {
        Form { node, reading in
            let text = node.text ?? ""
            if let time = WallTime(rfc3339: Array(text.utf8)) { return time }
            let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
            if let seconds = parts.first.flatMap({ PolicyText.number($0) }), seconds < 253_402_300_800 {
                let fraction = parts.count == 2 ? parts[1] : "0"
                if fraction.count <= 6, let digits = PolicyText.number(fraction) {
                    let scale = (fraction.count..<6).reduce(1) { value, _ in value * 10 }
                    return WallTime(microseconds: Int64(seconds) * 1_000_000 + Int64(digits * scale))
                }
            }
            reading.error(
                "\(node.text.map(quoted) ?? node.kind) is not a time", at: node,
                hint: "RFC 3339 as in 2021-11-01T18:23:10Z, or Unix seconds")
            return nil
        }
    }
}
