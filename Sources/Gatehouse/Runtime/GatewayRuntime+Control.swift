import GatehouseAudit
import GatehousePolicy
import GatehouseState
import GatehouseTime
import GatehouseVerify
import Logging

extension GatewayRuntime {
    /// Answers one request of the control socket; `peer` is who the kernel says it is.
    func answer(_ request: ControlRequest, _ peer: ControlPeer) async -> ControlResponse {
        do {
            switch request.command {
            case "status": return try .success(encoding: status())
            case "head": return try .success(encoding: SyncedHead(shared.journal.head, key: state.logSigner.key))
            case "explain":
                // What was refused a moment ago may not be stored yet.
                await withCheckedContinuation { continuation in shared.rejected.flush { continuation.resume() } }
                return try .success(
                    encoding: try await request.arguments.decode(ExplainQuestion.self).answerAway(
                        snapshot.policy, state, tokens: snapshot.validator, directory: policies, now: shared.clock.now))
            case "audit-key": return .success(.string(state.logSigner.key.description))
            case "audit-checkpoint": return .success(.string(try await shared.journal.checkpoint().description))
            case "reload":
                let problems = await reload()
                guard problems.isEmpty else { return .failure(problems.joined(separator: "\n")) }
                return try .success(encoding: status())
            case "key-list": return try .success(encoding: KeyReport.all(try tokens.signingKeys(), at: shared.clock.now))
            case "key-rotate": return try .success(encoding: try await rotateKeys(Actor(uid: peer.user)))
            case "token-issue": return try .success(encoding: try await issueToken(request.arguments.decode(), Actor(uid: peer.user)))
            case "token-inspect": return try .success(encoding: try inspectToken(request.arguments))
            case "secret":
                return try .success(encoding: try await change(request.arguments.decode(SecretOperation.self), Actor(uid: peer.user)))
            case "master-key-rotate":
                return try .success(encoding: try await rotateMasterKey(request.arguments.decode(), Actor(uid: peer.user)))
            case "backup": return try .success(encoding: try await backup(Actor(uid: peer.user), for: peer.process))
            case "calendar": return try .success(encoding: calendar())
            case "secret-status":
                await collectUses()
                var name: CredentialName?
                if case .object(let members) = request.arguments, case .string(let text)? = members["credential"] {
                    name = CredentialName(text)
                    guard name != nil else { return .failure("\(text) is no credential; write SENDER/KIND") }
                }
                return try .success(
                    encoding: SecretReport.all(state, name, quiet: snapshot.policy.gateway.secrets.quiet, at: shared.clock.now))
            default: return .failure("this gateway does not know the command \(request.command); the program that asks is newer")
            }
        } catch {
            return .failure("\(error)")
        }
    }

    /// The change is in force on every loop, and its record durable, when this returns.
    private func change(_ operation: SecretOperation, _ actor: Actor) async throws -> SecretOutcome {
        await changes.begin()
        defer { changes.end() }
        if let failure = shared.journal.failure {
            throw GatewayError(
                .state, "nothing was changed, since the audit journal fails and the change would leave no record: \(failure)")
        }
        do {
            // A version may have been used within this second.
            if operation.action == .retire { await collectUses() }
            let value = try operation.pipe.map { try ValuePipe.take($0, in: state.directory) }
            let change = try operation.perform(value, on: state, policy: snapshot.policy, at: shared.clock.now)
            await credentialsChanged()
            _ = try await shared.journal.record(actor.record(operation, change, refusal: nil).members, at: shared.clock.now)
            log.notice("\(operation.action.rawValue)", metadata: ["credential": "\(operation.credential)", "uid": "\(actor.uid)"])
            return SecretOutcome(change, of: operation, policy: snapshot.policy, at: shared.clock.now)
        } catch let error as StateError {
            _ = try await shared.journal.record(actor.record(operation, nil, refusal: error.code.rawValue).members, at: shared.clock.now)
            throw error
        }
    }

    /// A snapshot with the values sealed anew is in force when this returns.
    private func rotateMasterKey(_ operation: MasterKeyOperation, _ actor: Actor) async throws -> MasterKeyOutcome {
        await changes.begin()
        defer { changes.end() }
        if let failure = shared.journal.failure {
            throw GatewayError(
                .state, "nothing was changed, since the audit journal fails and the change would leave no record: \(failure)")
        }
        do {
            let outcome = MasterKeyOutcome(
                state, resealed: try operation.perform(operation.pipe.map { try ValuePipe.take($0, in: state.directory) }, on: state))
            await credentialsChanged()
            _ = try await shared.journal.record(operation.record(actor, outcome, refusal: nil).members, at: shared.clock.now)
            log.notice("master-key rotate", metadata: ["uid": "\(actor.uid)", "resealed": "\(outcome.resealed)"])
            return outcome
        } catch let error as StateError {
            _ = try await shared.journal.record(operation.record(actor, nil, refusal: error.code.rawValue).members, at: shared.clock.now)
            throw error
        }
    }

    /// Into the state directory, the one place where a confined gateway may write; the command moves it from there.
    private func backup(_ actor: Actor, for command: Int32) async throws -> BackupOutcome {
        await collectUses()
        let (state, journal) = (state, shared.journal)
        let now = shared.clock.now
        let place = try state.backupPlace(owner: command)
        await changes.begin()
        // Off the actor: requests of others must not wait for the disk.
        let copied = await Task.detached { Result { try state.backupSource { journal.head.sequence } } }.value
        changes.end()
        let source = try copied.get()
        // The log may be big, and changes of credentials must not wait for it.
        let backup = try await Task.detached { try state.backup(source, to: place, at: now) }.value
        _ = try await shared.journal.record(BackupOutcome.record(actor, backup).members, at: shared.clock.now)
        log.notice("state backup", metadata: ["uid": "\(actor.uid)", "bytes": "\(backup.size)"])
        return BackupOutcome(backup)
    }
}
