public import GatehouseAudit
import GatehousePolicy
import GatehouseState

/// What `gatehouse audit …` does with the state's key and the whole log, beside a running gateway and on the state of a stopped one.
public struct AuditCommands: Sendable {
    private let place: StatePlace
    private let log: AuditLog

    /// - Throws: `PolicyError` where no policy says where the state is.
    public init(policies: String) throws {
        place = try StatePlace(policies: policies)
        log = AuditLog(directory: place.directory + "/audit")
    }

    /// Recomputes the whole log, with the signatures of the checkpoints in it. Beside a running gateway up to the record that is synced
    /// when this is called.
    ///
    /// - Parameter checkpoints: kept elsewhere, that the log must agree with.
    /// - Throws: where the log could not be read, or a checkpoint is not one that this state's key signed.
    public func verify(against checkpoints: [SignedCheckpoint] = []) throws -> LogVerification {
        let response: ControlResponse
        do {
            response = try ControlClient(state: place.directory).send(ControlRequest("head"))
        } catch {
            guard error.code == .notRunning else { throw error }
            let stopped = try StoppedState(try place.policy(), mode: .existing)
            defer { stopped.close() }
            let key = stopped.state.logSigner.key
            return try log.verify(
                synced: try stopped.state.progress().head, checkpoints: try Self.checked(checkpoints, key), key: key)
        }
        guard response.ok, let head = try response.result?.decode(SyncedHead.self), let synced = head.head, let key = LogKey(head.key)
        else {
            throw GatewayError(.control, response.error ?? "the gateway did not say how far its log is synced")
        }
        return try log.verify(synced: synced, checkpoints: try Self.checked(checkpoints, key), key: key, isRunning: true)
    }

    /// As ``verify(against:)`` for a copy of a log, a directory or one file, on a machine without its state. Without `key` nobody's signature is checked: what was
    /// made anew as a whole then shows only against a checkpoint.
    public static func verify(directory: String, against checkpoints: [SignedCheckpoint], key: LogKey?) throws -> LogVerification {
        let kept = try checked(checkpoints, key)
        // A checkpoint says of an emptied directory that its records are gone.
        let log = kept.contains { $0.size > 0 } ? AuditLog(path: directory) : try AuditReader(directory: directory).log
        return try log.verify(synced: nil, checkpoints: kept, key: key)
    }

    /// As ``AuditReader/deletion(of:)``.
    public func deletion(of reference: Reference) throws -> String? { try AuditReader(log).deletion(of: reference) }

    /// By which the log's checkpoints are verified.
    public func key() throws -> LogKey {
        let text: String = try place.perform(ControlRequest("audit-key")) { $0.state.logSigner.key.description }
        guard let key = LogKey(text) else { throw GatewayError(.control, "the gateway's key is malformed") }
        return key
    }

    /// A signed checkpoint of the log as it is now, which also stands in the log.
    ///
    /// - Parameter earlier: kept elsewhere. Nothing is signed unless the log begins with each of them (SEC-78).
    public func checkpoint(against earlier: [SignedCheckpoint] = []) throws -> SignedCheckpoint {
        if !earlier.isEmpty {
            let key = try key()
            let first = try log.firstRecord()
            for old in try Self.checked(earlier, key) {
                guard old.size + 1 >= first else {
                    throw GatewayError(
                        .state,
                        "nothing was signed: the checkpoint kept elsewhere is of \(old.size) records, and the log begins with record \(first) since older ones "
                            + "were deleted (audit.keep). Give a newer checkpoint")
                }
                guard try log.root(of: old.size) == old.root else {
                    throw GatewayError(
                        .state,
                        "nothing was signed: the log does not begin with the \(old.size) records of the checkpoint kept elsewhere. It was cut, made "
                            + "anew, or is an older copy; `gatehouse audit verify --against` says which record is the first")
                }
            }
        }
        return try signed()
    }

    /// Proves that the record with that reference is in the log; nil where there is none.
    public func prove(_ reference: Reference) throws -> LogProof? {
        let checkpoint = try signed()
        guard let (head, _) = try log.record(reference), head.sequence <= checkpoint.checkpoint.size else { return nil }
        let ranges = MerkleProof.inclusion(of: head.sequence - 1, in: checkpoint.checkpoint.size)
        return LogProof(.inclusion(index: head.sequence - 1), path: try path(ranges), checkpoint: checkpoint)
    }

    /// Proves that the log at an earlier checkpoint is the beginning of the log as it is now.
    public func prove(since old: SignedCheckpoint) throws -> LogProof {
        let checkpoint = try checkpoint(against: [old])
        let ranges = MerkleProof.consistency(from: old.checkpoint.size, to: checkpoint.checkpoint.size)
        return LogProof(.consistency(old: old.checkpoint.size), path: try path(ranges), checkpoint: checkpoint)
    }

    private func path(_ ranges: [Range<UInt64>]) throws -> [SHA256Value] {
        guard let roots = try log.roots(ranges) else {
            throw GatewayError(
                .state,
                "the log, with its anchor, has not all records that the proof is over; `gatehouse audit verify` says which are missing")
        }
        return roots
    }

    private func signed() throws -> SignedCheckpoint {
        let note: String = try place.perform(ControlRequest("audit-checkpoint"), mode: .existing) { stopped in
            try stopped.withJournal(signer: stopped.state.logSigner) { try $0.checkpoint().description }
        }
        guard let checkpoint = SignedCheckpoint(note) else { throw GatewayError(.control, "the gateway's checkpoint is malformed") }
        return checkpoint
    }

    /// The error is of what stands around the log: a state that does not open, or a gateway that does not answer.
    public static func isAboutState(_ error: any Error) -> Bool { error is StateError || (error as? GatewayError)?.code == .control }

    private static func checked(_ checkpoints: [SignedCheckpoint], _ key: LogKey?) throws -> [Checkpoint] {
        try checkpoints.map { signed in
            if let problem = key.flatMap({ signed.problem(with: $0) }) {
                throw GatewayError(.state, "the checkpoint over \(signed.checkpoint.size) records is not this log's: \(problem)")
            }
            return signed.checkpoint
        }
    }
}

/// How far a running gateway's log is synced, and the log's key, on its control socket.
struct SyncedHead: Codable {
    var sequence: UInt64
    var hash: String
    var key: String

    init(_ head: ChainHead, key: LogKey) {
        sequence = head.sequence
        hash = head.hash.description
        self.key = key.description
    }

    var head: ChainHead? { SHA256Value(hex: hash).map { ChainHead(sequence: sequence, hash: $0) } }
}
