import GatehouseAudit
import GatehouseHTTP
import GatehouseOAuth
import GatehousePolicy
import GatehouseState
import GatehouseTLS
import GatehouseTime
import GatehouseToken
import GatehouseVerify
import NIOCore

/// A request to the gateway's own service: decide, store what has to be stored, record, answer. In that order, so that no token is out that
/// the log or the state knows nothing of.
extension RequestExchange {
    func serve(_ service: TokenPath, _ view: RequestView) {
        let server = snapshot.authorization
        guard service.takesForm else { return publish(service == .jwks ? server.jwks : server.metadata) }
        // Nothing is issued that could leave no record.
        if loop.shared.health.isFailing, !snapshot.goesOnUnrecorded { return refuseService(.unavailable, unavailable()) }
        guard let workspace = loop.oauth else { return refuseService(.unavailable, unavailable()) }
        let request = OAuthRequest(
            body: view.body, contentType: contentType(view), authorization: view.values("authorization"), hasQuery: view.head.query != nil,
            certificate: connection?.session?.clientCertificate, remote: remote)
        let step: OAuthStep =
            switch service {
            case .introspect: server.introspect(request, at: received, workspace: workspace)
            case .revoke: server.revoke(request, at: received, workspace: workspace)
            case .token, .jwks, .metadata: server.token(request, at: received, workspace: workspace)
            }
        take(step)
    }

    private func take(_ step: OAuthStep) {
        switch step {
        case .decided(let decision): apply(decision)
        case .passwords(let checks, let continuation): check(checks, continuation)
        }
    }

    /// What is wrong shows in the head already.
    func refuse(_ service: TokenPath, _ reason: Reason, status: Int, fields: [(name: String, value: String)], closes: Bool) {
        if isLimited(closes: closes) { return }
        refuseService(reason, .oauthError(status, fields: fields, closes: closes))
    }

    private func contentType(_ view: RequestView) -> String? {
        guard case .one(let value) = view.field("content-type") else { return nil }
        return String(decoding: value, as: UTF8.self)
    }

    /// Public to everybody, and so limited like whatever strangers cause: each answer is a record.
    private func publish(_ document: [UInt8]) {
        if isLimited(closes: false) { return }
        var answer = Answer(status: 200, contentType: "application/json", body: ByteBuffer(bytes: document))
        answer.fields = [("Cache-Control", "public, max-age=60")]
        conclude(.ignored, .ok, answer)
    }

    // MARK: Passwords

    private func check(_ checks: [PasswordCheck], _ continuation: OAuthContinuation) {
        let shared = loop.shared
        var wait = continuation.client.flatMap { shared.clientFailures.wait($0, from: remote, at: loop.clock.monotonic) }
        if wait == nil, shared.failures.isLimited(remote, at: loop.clock.monotonic) { wait = 1 }
        // Whoever failed too often gets no more of what costs the most (SEC-32).
        if let wait, isLimited(closes: false, wait: wait) { return }
        let eventLoop = eventLoop
        let isQueued = shared.passwords.run(checks) { [self] results in
            eventLoop.execute { self.passwordsChecked(results, continuation) }
        }
        if !isQueued { refuseService(.unavailable, unavailable()) }
    }

    private func passwordsChecked(_ results: [Bool], _ continuation: OAuthContinuation) {
        guard let workspace = loop.oauth else { return refuseService(.unavailable, unavailable()) }
        take(snapshot.authorization.resume(continuation, results: results, at: received, workspace: workspace))
    }

    // MARK: The decision

    private func apply(_ decision: OAuthDecision) {
        guard !decision.effects.isEmpty else { return settle(decision) }
        let eventLoop = eventLoop
        loop.shared.tokens.commit(decision.effects, at: received) { [self] outcome in
            eventLoop.execute { self.settle(decision.afterCommit(outcome)) }
        }
    }

    private func settle(_ decision: OAuthDecision) {
        // Whoever has proved to be a client may err as it likes; strangers fill neither log nor time.
        if decision.event == .refused, decision.isFailure || decision.sender == nil {
            let client = decision.isFailure ? decision.claimedClient : nil
            let wait = client.flatMap { loop.shared.clientFailures.failed($0, from: remote, at: loop.clock.monotonic) }
            if isLimited(closes: false, wait: wait) { return }
        }
        if let sender = decision.sender {
            for use in decision.uses {
                loop.used(CredentialName(sender: sender, kind: use.kind), version: use.version, at: received, from: remote)
            }
        }
        detail = decision.problem?.rawValue ?? decision.error
        let kind: DecisionKind = decision.event == .refused ? .rejected : .accepted
        let sender = sender(of: decision)
        conclude(
            kind, Reason(rawValue: decision.reason) ?? .malformed, Answer(decision.answer), sender: sender,
            isProved: decision.sender != nil, record: record(decision, sender: sender))
    }

    /// Who proved to be a client, or said so and is one: a name that nobody has may be a secret in the wrong place.
    private func sender(of decision: OAuthDecision) -> String? {
        decision.sender ?? decision.claimedClient.flatMap { snapshot.policy.senders[$0]?.name }
    }

    private func record(_ decision: OAuthDecision, sender: String?) -> TokenRecord {
        TokenRecord(
            reference: reference, event: TokenRecord.Event(decision.event), endpoint: route?.policy.name, sender: sender,
            reason: decision.reason, problem: decision.problem?.rawValue, error: decision.error, grant: decision.grant,
            authentication: decision.authentication, version: decision.version, scopes: decision.scopes, audience: decision.audience,
            token: decision.token, detail: decision.detail, answer: decision.answer.status, remote: remoteText,
            policy: snapshot.policy.digest)
    }

    private func refuseService(_ reason: Reason, _ answer: Answer) {
        conclude(
            reason == .unavailable ? .failed : .rejected, reason, answer, sender: nil, isProved: false,
            record: TokenRecord(
                reference: reference, event: .refused, endpoint: route?.policy.name, sender: nil, reason: reason.rawValue, detail: detail,
                answer: answer.status, remote: remoteText, policy: snapshot.policy.digest))
    }
}

extension TokenRecord.Event {
    init(_ event: OAuthDecision.Event) {
        self =
            switch event {
            case .issued: .issued
            case .introspected: .introspected
            case .revoked: .revoked
            case .refused: .refused
            }
    }
}
