import Dispatch
public import GatehouseAudit
import GatehouseCrypto
import GatehousePolicy
import GatehouseState
public import GatehouseTime
import GatehouseToken
import GatehouseVerify

/// What `gatehouse explain` asks: over the control socket of a running gateway, so that secrets stay in it, or on the state of a stopped one.
public struct ExplainCommands: Sendable {
    private let place: StatePlace

    /// - Throws: `PolicyError` where no policy says where the state is.
    public init(policies: String) throws { place = try StatePlace(policies: policies) }

    /// Of one request, head and body: more than `limits.body` is unless policy raises it. In base64 it must fit into one request of the
    /// control socket.
    public static let longestRequest = (8 << 20) + (64 << 10)

    /// Nil where the log has no decision with that reference.
    public func explain(_ reference: Reference) throws -> Explanation? {
        try perform(ExplainQuestion(reference: reference.description)).explanation
    }

    /// - Parameters:
    ///   - request: a raw HTTP/1.1 request.
    ///   - isWithoutPath: the endpoint's own path stands for the request's, as in fixtures.
    public func explain(endpoint: String, request: [UInt8], at time: WallTime?, isWithoutPath: Bool = false) throws -> Explanation {
        guard request.count <= Self.longestRequest else {
            throw GatewayError(
                .control,
                "the request has \(request.count) bytes, and explain takes \(Self.longestRequest) at most (8 MiB of body and 64 KiB of head)"
            )
        }
        let question = ExplainQuestion(
            endpoint: endpoint, request: Base64.encode(request), at: time?.description, isWithoutPath: isWithoutPath)
        guard let explanation = try perform(question).explanation else { throw GatewayError(.control, "there is no explanation") }
        return explanation
    }

    private func perform(_ question: ExplainQuestion) throws -> ExplainAnswer {
        let policies = place.policies
        return try place.perform(try ControlRequest("explain", encoding: question), mode: .existing) { stopped in
            try stopped.withTokens { tokens, now in
                try question.answer(
                    stopped.policy, stopped.state, tokens: try stopped.authorization(tokens).validator, directory: policies, now: now)
            }
        }
    }
}

struct ExplainAnswer: Codable, Sendable {
    var explanation: Explanation?
}

struct ExplainQuestion: Codable, Sendable {
    var reference: String?
    var endpoint: String?
    /// Base64.
    var request: String?
    var at: String?
    var isWithoutPath: Bool?

    /// Reads the log and computes hundreds of signatures: never on an event loop.
    func answer(
        _ policy: Policy, _ state: State, tokens: AccessTokenValidator, directory: String, now: WallTime
    ) throws -> ExplainAnswer {
        let credentials = try state.credentials.credentialSet()
        let history = VersionHistory(try state.credentials.status(at: now))
        let log = AuditLog(directory: state.auditDirectory)
        if let reference {
            guard let reference = Reference(reference) else { throw GatewayError(.control, "\(reference) is no reference") }
            let explainer = RecordExplainer(
                policy: policy, credentials: credentials, log: log, keys: state.keys, tokens: tokens, history: history,
                directory: directory,
                stored: { reference in
                    try state.rejected.request(reference).map { kept in (kept.content.withBytes { Array($0) }, kept.arrived) }
                })
            return ExplainAnswer(explanation: try explainer.explain(reference))
        }
        guard let endpoint, let raw = request.flatMap({ Base64.decode($0) }) else {
            throw GatewayError(.control, "there is no request to explain")
        }
        guard let found = policy.endpoints.first(where: { $0.name == endpoint }) else {
            throw GatewayError(
                .control, "the policy has no endpoint \(endpoint); it has \(policy.endpoints.map(\.name).joined(separator: ", "))")
        }
        let given = at.flatMap { WallTime(rfc3339: Array($0.utf8)) }
        let time = given ?? now
        var request = try ExplainedRequest(raw: raw)
        if isWithoutPath == true { request.replacePath(found.path) }
        let bench = try ExplainBench(
            policy: policy, endpoint: found, credentials: credentials, request: request, keys: state.keys, at: time, history: history,
            tokens: tokens,
            usualSkew: { (try? RecordExplainer.usualSkew(of: $0, in: log)) ?? nil })
        var explanation = Explainer(bench: bench, directory: directory).explain()
        if given == nil, found.schemeNames.contains(where: { policy.schemes[$0]?.timestamp != nil }) {
            explanation.notes.append("Its time was judged as if it arrived now, at \(time): --at says when it did.")
        }
        return ExplainAnswer(explanation: explanation)
    }

    /// On a thread that may wait.
    func answerAway(
        _ policy: Policy, _ state: State, tokens: AccessTokenValidator, directory: String, now: WallTime
    ) async throws -> ExplainAnswer {
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global(qos: .utility).async {
                continuation.resume(with: Result { try answer(policy, state, tokens: tokens, directory: directory, now: now) })
            }
        }
    }
}
