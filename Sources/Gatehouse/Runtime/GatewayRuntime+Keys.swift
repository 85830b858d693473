import Dispatch
import GatehouseAudit
import GatehouseOAuth
import GatehousePolicy
import GatehouseState
import GatehouseTime
import GatehouseToken
import Logging
import Synchronization

extension GatewayRuntime {
    /// Once a second: a key that is due is replaced, one whose last token has expired goes.
    func lookAtKeys() {
        let oauth = snapshot.policy.gateway.oauth
        guard keysAreDue(oauth) else { return }
        do {
            guard let change = try tokens.prepareKeys(oauth, at: shared.clock.now) else { return }
            record(change)
            Task { await self.credentialsChanged() }
        } catch {
            log.error("token-signing keys could not be rotated", metadata: ["error": "\(error)"])
        }
    }

    /// Without a look into the database.
    private func keysAreDue(_ oauth: GatewayPolicy.OAuth) -> Bool {
        let now = shared.clock.now
        return builder.signing.keys.contains { key in
            switch key.state {
            case .active: oauth.rotateEvery.map { key.created + $0 <= now } ?? false
            case .retiring(let until): until <= now
            }
        }
    }

    func record(_ change: SigningKeyChange) {
        record(.keys, change.details)
        if let made = change.made {
            log.notice("a token-signing key was made", metadata: ["kid": "\(made)", "algorithm": "\(change.algorithm.rawValue)"])
        }
    }

    /// The change is in force on every loop, and its record durable, when this returns.
    func rotateKeys(_ actor: Actor) async throws -> KeyOutcome {
        if let failure = shared.journal.failure {
            throw GatewayError(
                .state, "nothing was changed, since the audit journal fails and the change would leave no record: \(failure)")
        }
        let change = try tokens.rotateKeys(snapshot.policy.gateway.oauth, at: shared.clock.now)
        await credentialsChanged()
        _ = try await shared.journal.record(actor.record(change).members, at: shared.clock.now)
        log.notice("key rotate", metadata: ["kid": "\(change.made ?? "")", "uid": "\(actor.uid)"])
        return KeyOutcome(change)
    }

    /// The record is durable when this returns.
    func issueToken(_ question: TokenQuestion, _ actor: Actor) async throws -> TokenOutcome {
        if let failure = shared.journal.failure {
            throw GatewayError(.state, "no token was issued, since the audit journal fails and it would leave no record: \(failure)")
        }
        let issued = try question.issue(snapshot.authorization, at: shared.clock.now)
        try await tokens.commit(issued.effects, at: shared.clock.now)
        _ = try await shared.journal.record(actor.record(question, issued).members, at: shared.clock.now)
        return TokenOutcome(issued)
    }
}

extension GatewayRuntime {
    /// - Parameter arguments: name the pipe with the token.
    func inspectToken(_ arguments: JSONValue) throws -> TokenReport {
        guard case .object(let members) = arguments, case .string(let pipe)? = members["pipe"] else {
            throw GatewayError(.control, "there is no token to inspect")
        }
        let token = try ValuePipe.take(pipe, in: state.directory)
        return try TokenInspector(validator: snapshot.validator, policy: snapshot.policy).inspect(token, at: shared.clock.now)
    }
}

extension SystemRecord.Event {
    /// Token-signing keys were made, replaced or dropped by the gateway itself.
    static let keys = SystemRecord.Event(rawValue: "keys")
}

extension SigningKeyChange {
    var details: [SystemRecord.Detail] {
        var details: [SystemRecord.Detail] = []
        if let made { details += [.init("made", .text(made)), .init("algorithm", .text(algorithm.rawValue))] }
        if !retiring.isEmpty { details.append(.init("retiring", .list(retiring.map(\.kid)))) }
        if !dropped.isEmpty { details.append(.init("dropped", .list(dropped))) }
        return details
    }
}

extension TokenStore {
    func prepareKeys(_ oauth: GatewayPolicy.OAuth, at now: WallTime) throws(StateError) -> SigningKeyChange? {
        try prepareKeys(algorithm: JWSAlgorithm(oauth.signing), lifetime: oauth.tokenLifetime, rotateEvery: oauth.rotateEvery, at: now)
    }

    func rotateKeys(_ oauth: GatewayPolicy.OAuth, at now: WallTime) throws(StateError) -> SigningKeyChange {
        try rotateKeys(algorithm: JWSAlgorithm(oauth.signing), lifetime: oauth.tokenLifetime, at: now)
    }

    /// Returns when the effects are durable; blocks.
    func commitAndWait(_ effects: [TokenEffect], at now: WallTime) throws {
        guard !effects.isEmpty else { return }
        let outcome = Mutex<TokenCommit?>(nil)
        let done = DispatchSemaphore(value: 0)
        commit(effects, at: now) { result in
            outcome.withLock { $0 = result }
            done.signal()
        }
        done.wait()
        try Self.requireStored(outcome.withLock { $0 } ?? .failed)
    }

    /// Returns when the effects are durable.
    func commit(_ effects: [TokenEffect], at now: WallTime) async throws {
        guard !effects.isEmpty else { return }
        let outcome = await withCheckedContinuation { continuation in
            commit(effects, at: now) { continuation.resume(returning: $0) }
        }
        try Self.requireStored(outcome)
    }

    private static func requireStored(_ outcome: TokenCommit) throws {
        guard case .stored = outcome else { throw GatewayError(.state, "the token could not be stored, so it counts for nothing") }
    }
}
