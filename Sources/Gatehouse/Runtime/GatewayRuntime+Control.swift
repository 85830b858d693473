import GatehouseTime
import Logging
import GatehousePolicy
import GatehouseAudit
import GatehouseState
import GatehouseVerify

extension GatewayRuntime {
    /// Answers one request of the control socket; `peer` is who the kernel says it is.
    func answer(_ request: ControlRequest, _ peer: ControlPeer) async -> ControlResponse {
        do {
            switch request.command {
            case "status": return try .success(encoding: status())
            case "head": return try .success(encoding: SyncedHead(shared.journal.head))
            case "reload":
                let problems = await reload()
                guard problems.isEmpty else { return .failure(problems.joined(separator: "\n")) }
                return try .success(encoding: status())
            case "secret": return try .success(encoding: try await change(request.arguments.decode(SecretOperation.self), Actor(uid: peer.user)))
            case "secret-status":
                var name: CredentialName?
                if case .object(let members) = request.arguments, case .string(let text)? = members["credential"] {
                    name = CredentialName(text)
                    guard name != nil else { return .failure("\(text) is no credential; write SENDER/KIND") }
                }
                return try .success(encoding: SecretReport.all(state, name, quiet: snapshot.policy.gateway.secrets.quiet, at: shared.clock.now))
            default: return .failure("this gateway does not know the command \(request.command); the program that asks is newer")
            }
        } catch {
            return .failure("\(error)")
        }
    }

    /// The change is in force on every loop, and its record durable, when this returns.
    private func change(_ operation: SecretOperation, _ actor: Actor) async throws -> SecretOutcome {
        if let failure = shared.journal.failure {
            throw GatewayError(.state, "nothing was changed, since the audit journal fails and the change would leave no record: \(failure)")
        }
        do {
            let change = try operation.perform(on: state, quiet: snapshot.policy.gateway.secrets.quiet, at: shared.clock.now)
            try await credentialsChanged()
            _ = try await shared.journal.record(actor.record(operation, change, refusal: nil).members, at: shared.clock.now)
            log.notice("\(operation.action.rawValue)", metadata: ["credential": "\(operation.credential)", "uid": "\(actor.uid)"])
            return SecretOutcome(change)
        } catch let error as StateError {
            _ = try await shared.journal.record(actor.record(operation, nil, refusal: error.code.rawValue).members, at: shared.clock.now)
            throw error
        }
    }
}
