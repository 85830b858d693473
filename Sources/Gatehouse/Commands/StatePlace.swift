import GatehouseAudit
import GatehouseCrypto
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
    let policies: String

    init(policies: String) throws(PolicyError) {
        self.policies = policies
        directory = Self.plain(try Policy.stateDirectory(policies: policies))
    }

    /// The path without `..` and links, which is how errors are to name it; as it is where it cannot be followed.
    private static func plain(_ path: String) -> String {
        guard let real = realpath(path, nil) else { return path }
        defer { free(real) }
        return String(cString: real)
    }

    var isThere: Bool { access(directory, F_OK) == 0 }

    /// Only what works on a state at rest needs it: a running gateway is reached while the files on disk are broken.
    func policy() throws(PolicyError) -> Policy { try Policy.load(directory: policies, checkingFiles: false) }

    /// Asks the gateway, or, where none runs, does `alone` under the state's lock.
    func perform<Result: Decodable>(
        _ request: ControlRequest, as type: Result.Type = Result.self, mode: State.Mode = .create, alone: (StoppedState) throws -> Result
    ) throws -> Result {
        let client = ControlClient(state: directory)
        let clock = SystemClock()
        let deadline = clock.monotonic.nanoseconds + Self.patience
        while true {
            do {
                return try Self.result(of: client.send(request))
            } catch let error as ControlError {
                guard error.code == .notRunning else { throw error }
            }
            do {
                let stopped = try StoppedState(try policy(), mode: mode)
                defer { stopped.close() }
                return try alone(stopped)
            } catch let error as StateError where error.code == .locked && clock.monotonic.nanoseconds < deadline {
                // Another command, which is done in a moment, or a gateway that begins or ends: then it is asked next time.
                usleep(20_000)
            }
        }
    }

    /// Nanoseconds that a command waits for others on the same state.
    private static let patience: UInt64 = 5_000_000_000

    private static func result<Result: Decodable>(of response: ControlResponse) throws -> Result {
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
        state = try State.open(directory: policy.gateway.state, mode: mode, masterKey: policy.gateway.secrets.masterKey)
        ValuePipe.removeLeftovers(in: state.directory)
    }

    /// Changes a credential and records who did it. Nothing is changed where the journal does not open or has no room.
    func perform(_ operation: SecretOperation, _ value: Secret?) throws -> SecretOutcome {
        let actor = Actor(uid: getuid())
        return try recording { record in
            let change: CredentialChange
            do throws(StateError) {
                change = try operation.perform(value, on: state, policy: policy, at: clock.now)
            } catch {
                try record(actor.record(operation, nil, refusal: error.code.rawValue).members)
                throw error
            }
            try record(actor.record(operation, change, refusal: nil).members)
            return SecretOutcome(change, of: operation, policy: policy, at: clock.now)
        }
    }

    /// Lets `body` append records to the audit log, each durable when the call returns. Not called where there is no room for them.
    func recording<Result>(_ body: (_ record: ([UInt8]) throws -> Void) throws -> Result) throws -> Result {
        try withRoom { journal in
            try body { members in _ = try journal.recordAndWait(members, at: clock.now) }
        }
    }

    /// As ``withJournal(signer:_:)``; not called where there is no room for records.
    func withRoom<Result>(_ body: (Journal) throws -> Result) throws -> Result {
        try Journal.requireRoom(in: state.auditDirectory, reserve: UInt64(clamping: policy.gateway.audit.reserve))
        return try withJournal(body)
    }

    /// Opens the audit log for writing; how far it got is stored when this returns or throws.
    func withJournal<Result>(signer: CheckpointSigner? = nil, _ body: (Journal) throws -> Result) throws -> Result {
        let kept = try state.progress()
        let audit = policy.gateway.audit
        let (journal, _) = try Journal.open(
            directory: state.auditDirectory, node: state.node, expected: kept.head, tree: kept.tree,
            options: JournalOptions(segmentBytes: audit.segment, reserveBytes: UInt64(clamping: audit.reserve), signer: signer))
        let outcome = Swift.Result { try body(journal) }
        journal.close()
        let (head, tree) = journal.progress
        try state.save(State.Progress(head: head, highestTime: kept.highestTime, tree: tree))
        return try outcome.get()
    }

    func close() { try? state.close() }
}
