import GatehouseCrypto
import GatehouseHTTP
public import GatehousePolicy
import GatehouseTime
import GatehouseVerify

/// How one step of a fixture ended.
public struct FixtureOutcome: Sendable {
    /// The fixture's name.
    public var name: String
    /// From 1; 0 where the fixture has a single step.
    public var step: Int
    public var passed: Bool
    /// What was expected and what came instead, a line each.
    public var differences: [String]

    public init(name: String, step: Int, passed: Bool, differences: [String]) {
        self.name = name
        self.step = step
        self.passed = passed
        self.differences = differences
    }
}

/// Runs policy fixtures through the gateway's own parser, checks and verifier, with a clock that stands where the fixture says. Nothing is
/// sent, no state is read; an accepted event counts as taken by its handler.
public struct FixtureRunner: Sendable {
    private let policy: Policy
    private let directory: String

    /// `directory` is the policy directory, where a fixture's `scheme:` is looked for before the shipped ones.
    public init(policy: Policy, directory: String = "policies") {
        self.policy = policy
        self.directory = directory
    }

    public func run(_ fixture: Fixture) -> [FixtureOutcome] {
        func outcome(_ index: Int, _ differences: [String]) -> FixtureOutcome {
            FixtureOutcome(
                name: fixture.name, step: fixture.steps.count > 1 ? index + 1 : 0, passed: differences.isEmpty, differences: differences)
        }
        do {
            var bench = try FixtureBench(fixture, policy: policy, directory: directory)
            return fixture.steps.enumerated().map { index, step in outcome(index, bench.run(step).differences(from: step.expect)) }
        } catch {
            return [outcome(0, ["\(error)"])]
        }
    }
}

/// A gateway without network, state and clock, for the steps of one fixture.
private struct FixtureBench {
    private let policy: Policy
    private let table: RouteTable
    private let endpoint: EndpointPolicy
    private let workspace: Workspace
    private let tokens: FixtureTokens
    /// The replay memory: the answer's status, the body's digest and when the event is forgotten.
    private var remembered: [EventKey: (status: Int, body: BodyDigest, until: WallTime)] = [:]

    init(_ fixture: Fixture, policy: Policy, directory: String) throws {
        var policy = policy
        switch fixture.subject {
        case .endpoint(let name):
            guard let endpoint = policy.endpoints.first(where: { $0.name == name }) else {
                throw GatewayError(
                    .control, "the policy has no endpoint \(name); it has \(policy.endpoints.map(\.name).joined(separator: ", "))")
            }
            self.endpoint = endpoint
        case .scheme(let name):
            let scheme = try Scheme.named(name, in: directory)
            endpoint = EndpointPolicy(
                name: name, path: "/\(name)", senders: [name], publicURL: policy.gateway.publicURL + "/\(name)",
                authenticate: [.signature(name)])
            policy.schemes[name] = scheme
            policy.senders[name] = SenderPolicy(name: name)
            policy.endpoints = [endpoint]
        }
        // A URL of a step replaces the endpoint's own for the whole fixture: signed URLs come from policy, never from the request.
        if let url = fixture.steps.compactMap(\.request.url).first {
            let bare = String(url.prefix { $0 != "?" })
            for index in policy.endpoints.indices where policy.endpoints[index].name == endpoint.name {
                policy.endpoints[index].publicURL = bare
            }
        }
        var credentials: [CredentialName: [CredentialVersion]] = [:]
        let keys = DerivedKeys(replay: try Secret(random: 32), passwords: try Secret(random: 32))
        for (text, values) in fixture.credentials {
            guard let name = CredentialName(text) else { continue }
            credentials[name] = try values.enumerated().map { index, value in
                let secret = Secret(utf8: value)
                let stored = name.kind == .basic ? try BasicVerifier.make(secret, generated: true, keys: keys).encoded() : secret
                return CredentialVersion(
                    number: index + 1, state: .active, created: WallTime(microseconds: 0), value: PlainCredential(stored))
            }
        }
        let set = CredentialSet(credentials)
        tokens = try FixtureTokens(policy: policy, credentials: set)
        let verifier = try Verifier(policy: policy, credentials: set, keys: keys, tokens: tokens.validator, minimumKeyBytes: 1)
        let names = MetricsNames()
        table = RouteTable(
            policy.endpoints.enumerated().map { index, endpoint in
                Route(
                    index: index, policy: endpoint, verifier: verifier.endpoints[index], schemes: policy.schemes,
                    limits: policy.gateway.limits, rate: nil,
                    hand: HandOverPlan(relay: nil), names: names)
            })
        self.policy = policy
        workspace = try Workspace()
    }

    struct Verdict {
        var decision: DecisionKind
        var reason: Reason
        var answer: Int
        var sender: String?
        var event = EventIdentity()
        var body: String?

        func differences(from expected: Fixture.Expectation) -> [String] {
            func difference(_ name: String, _ expected: String?, _ actual: String?) -> String? {
                guard let expected, expected != actual else { return nil }
                return "\(name): expected \(expected), got \(actual ?? "none")"
            }
            return [
                difference("decision", expected.decision, decision.rawValue), difference("reason", expected.reason, reason.rawValue),
                difference("sender", expected.sender, sender), difference("event id", expected.eventID, event.id),
                difference("event type", expected.eventType, event.type),
                difference("answer", expected.answer.map(String.init), String(answer)),
                difference("body", expected.body, body),
            ].compactMap { $0 }
        }
    }

    mutating func run(_ step: Fixture.Step) -> Verdict {
        let certificate = step.request.certificate.flatMap { try? CertificateInfo.load(pemFile: $0) }.map {
            ClientCertificate(subject: $0.subject, spkiSHA256: $0.spkiSHA256, sha256: $0.sha256, notAfter: $0.notAfter)
        }
        var request = step.request
        if let token = request.token {
            do {
                let text = try tokens.make(token, at: step.at, certificate: certificate)
                request.headers.append(Fixture.Header(name: "Authorization", value: "Bearer " + text))
            } catch {
                return Verdict(
                    decision: .failed, reason: .unavailable, answer: 503, body: "the fixture's token could not be made: \(error)")
            }
        }
        let bytes = raw(request)
        let body = step.request.body
        var head = RequestHead()
        let refusal: HTTPRefusal? = bytes.withUnsafeBytes { buffer in
            var scanner = HeadScanner()
            switch scanner.scan(buffer, lineLimit: policy.gateway.limits.headers, headLimit: policy.gateway.limits.headers) {
            case .complete(let start, let end):
                do throws(HTTPRefusal) {
                    try head.parse(buffer, from: start, to: end)
                    return nil
                } catch {
                    return error
                }
            case .refused(let refusal): return refusal
            case .incomplete: return .malformed(.requestLine)
            }
        }
        if let refusal {
            return Verdict(decision: .rejected, reason: EarlyChecks.Refusal.reason(of: refusal).reason, answer: refusal.status)
        }
        return bytes.withUnsafeBytes { buffer in
            body.withUnsafeBytes { body in decide(RequestView(bytes: buffer, head: head, body: body), step, certificate) }
        }
    }

    private mutating func decide(_ view: RequestView, _ step: Fixture.Step, _ certificate: ClientCertificate?) -> Verdict {
        let context = EarlyChecks.Context(listener: 0, peer: step.request.peer)
        switch EarlyChecks(policy.gateway, table).run(view, context) {
        case .refused(let refusal): return Verdict(decision: .rejected, reason: refusal.reason.reason, answer: refusal.status)
        case .admitted(let route):
            var verification = route.verifier.verify(
                view, arrival: Arrival(now: step.at, peer: step.request.peer, certificate: certificate, diagnoseRetired: true),
                workspace: workspace)
            if case .passwordNeeded(let checks) = verification.outcome {
                verification = verification.resume(checks.map { (try? $0.run()) ?? false })
            }
            return decide(verification, route, at: step.at)
        }
    }

    private mutating func decide(_ verification: Verification, _ route: Route, at now: WallTime) -> Verdict {
        func verdict(_ decision: DecisionKind, _ reason: Reason, _ answer: Int) -> Verdict {
            Verdict(decision: decision, reason: reason, answer: answer, sender: verification.sender, event: verification.event)
        }
        func repeated(_ key: EventKey) -> Verdict? {
            guard let known = remembered[key], known.until >= now else { return nil }
            if known.body == verification.bodySHA256 { return verdict(.duplicate, .duplicate, known.status) }
            return route.policy.replay.conflict == .answer
                ? verdict(.duplicate, .eventConflict, known.status) : verdict(.rejected, .eventConflict, 409)
        }
        switch verification.outcome {
        case .refused(.timestampStale):
            // A copy of an event that was accepted in time is known however late it comes.
            return verification.event.key.flatMap { repeated($0) } ?? verdict(.rejected, .timestampStale, 401)
        case .refused(.unavailable): return verdict(.failed, .unavailable, 503)
        case .refused(let reason): return verdict(.rejected, reason, RequestExchange.status(refused: reason))
        case .passwordNeeded: return verdict(.failed, .unavailable, 503)
        case .handshake(let answer, _):
            var verdict = verdict(.ignored, .handshake, answer.status)
            verdict.body = String(decoding: answer.body, as: UTF8.self)
            return verdict
        case .authenticated: break
        }
        guard route.verifier.accepted.matches(verification.event.type) else {
            return verdict(.ignored, .eventType, route.policy.events.otherwise == .acknowledge ? 200 : 422)
        }
        guard let key = verification.event.key else { return verdict(.accepted, .ok, verification.okStatus) }
        if let repeated = repeated(key) { return repeated }
        remembered[key] = (verification.okStatus, verification.bodySHA256, now + route.policy.replay.remember)
        return verdict(.accepted, .ok, verification.okStatus)
    }

    /// The request as a sender would write it. Only a Content-Length is added where the fixture has none.
    private func raw(_ request: Fixture.Request) -> [UInt8] {
        let query = request.url.flatMap { url in url.firstIndex(of: "?").map { String(url[$0...]) } } ?? ""
        var text = "\(request.method) \(endpoint.path)\(query) HTTP/1.1\r\n"
        let names = Set(request.headers.map { $0.name.lowercased() })
        if !names.contains("host") { text += "Host: fixture.example\r\n" }
        for header in request.headers { text += "\(header.name): \(header.value)\r\n" }
        if !names.contains("content-length"), !names.contains("transfer-encoding") { text += "Content-Length: \(request.body.count)\r\n" }
        return Array((text + "\r\n").utf8)
    }
}
