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
    let directory: String
    private let policies: String

    init(policies: String) throws(PolicyError) {
        self.policies = policies
        directory = try Policy.stateDirectory(policies: policies)
    }

    /// Only what works on a state at rest needs it: a running gateway is reached while the files on disk are broken.
    func policy() throws(PolicyError) -> Policy { try Policy.load(directory: policies, checkingFiles: false) }

    /// Asks the gateway, or, where none runs, does `alone` under the state's lock.
    func perform<Result: Decodable>(
        _ request: ControlRequest, as type: Result.Type = Result.self, mode: State.Mode = .create, alone: (StoppedState) throws -> Result
    ) throws -> Result {
        let client = ControlClient(state: directory)
        let response: ControlResponse
        do {
            response = try client.send(request)
        } catch {
            guard error.code == .notRunning else { throw error }
            let stopped = try StoppedState(try policy(), mode: mode)
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
    let policy: Policy
    private let clock = SystemClock()

    init(_ policy: Policy, mode: State.Mode) throws {
        self.policy = policy
        state = try State.open(directory: policy.gateway.state, mode: mode)
    }

    /// Changes a credential and records who did it. Nothing is changed where the journal does not open.
    func perform(_ operation: SecretOperation) throws -> SecretOutcome {
        let actor = Actor(uid: getuid())
        let progress = try state.progress()
        let audit = policy.gateway.audit
        let (journal, _) = try Journal.open(
            directory: state.auditDirectory, node: state.node, expected: progress.head,
            options: JournalOptions(segmentBytes: audit.segment, reserveBytes: UInt64(clamping: audit.reserve)))
        defer { journal.close() }
        func record(_ members: [UInt8]) throws {
            _ = try journal.recordAndWait(members, at: clock.now)
            try state.save(State.Progress(head: journal.head, highestTime: progress.highestTime))
        }
        let change: CredentialChange
        do throws(StateError) {
            change = try operation.perform(on: state, quiet: policy.gateway.secrets.quiet, at: clock.now)
        } catch {
            try record(actor.record(operation, nil, refusal: error.code.rawValue).members)
            throw error
        }
        try record(actor.record(operation, change, refusal: nil).members)
        return SecretOutcome(change)
    }

    func close() { try? state.close() }
}
