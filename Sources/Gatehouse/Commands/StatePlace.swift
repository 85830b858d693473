import GatehouseAudit
import GatehousePolicy
import GatehouseState
import GatehouseTime
import GatehouseVerify
import Logging

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// The state of a policy directory as a command finds it: served by a running gateway, or at rest. Both ways run the same code; a command
/// never touches the files of a state that a gateway holds.
struct StatePlace: Sendable {
    let policy: Policy

    init(policies: String) throws(PolicyError) { policy = try Policy.load(directory: policies, checkingFiles: false) }

    /// Asks the gateway, or, where none runs, does `alone` under the state's lock.
    func perform<Result: Decodable>(
        _ request: ControlRequest, as type: Result.Type = Result.self, mode: State.Mode = .create, alone: (StoppedState) throws -> Result
    ) throws -> Result {
        let client = ControlClient(state: policy.gateway.state)
        let response: ControlResponse
        do {
            response = try client.send(request)
        } catch {
            guard error.code == .notRunning else { throw error }
            let stopped = try StoppedState(policy, mode: mode)
            defer { stopped.close() }
            return try alone(stopped)
        }
        guard response.ok, let result = response.result else {
            throw GatewayError(.control, response.error ?? "the gateway refused without a reason")
        }
        return try result.decode(Result.self)
    }
}

/// The state of a gateway that does not run, held by this process until it is closed.
final class StoppedState {
    let state: State
    private let policy: Policy
    private let clock = SystemClock()

    init(_ policy: Policy, mode: State.Mode) throws {
        self.policy = policy
        state = try State.open(directory: policy.gateway.state, mode: mode)
    }

    /// Changes a credential and records who did it.
    func perform(_ operation: SecretOperation) throws -> SecretOutcome {
        let actor = Actor(uid: getuid())
        do {
            let change = try operation.perform(on: state, quiet: policy.gateway.secrets.quiet, at: clock.now)
            try record(actor.record(operation, change, refusal: nil).members)
            return SecretOutcome(change)
        } catch let error as StateError {
            try record(actor.record(operation, nil, refusal: error.code.rawValue).members)
            throw error
        }
    }

    private func record(_ members: [UInt8]) throws {
        let progress = try state.progress()
        let audit = policy.gateway.audit
        let (journal, _) = try Journal.open(
            directory: state.auditDirectory, node: state.node, expected: progress.head,
            options: JournalOptions(segmentBytes: audit.segment, reserveBytes: UInt64(clamping: audit.reserve)))
        defer { journal.close() }
        _ = try journal.recordAndWait(members, at: clock.now)
        try state.save(State.Progress(head: journal.head, highestTime: clock.now))
    }

    func close() { try? state.close() }
}
