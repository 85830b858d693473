import GatehouseAudit
public import GatehouseCrypto
import GatehousePolicy
import GatehouseState
import GatehouseTime

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What `gatehouse state …` does.
public struct StateCommands: Sendable {
    private let place: StatePlace

    /// - Throws: `PolicyError` where no policy says where the state is.
    public init(policies: String) throws { place = try StatePlace(policies: policies) }

    /// Writes a sealed backup of the state, running or stopped, to a file that does not exist yet.
    public func backup(to file: String) throws -> BackupOutcome {
        guard access(file, F_OK) != 0 else { throw GatewayError(.state, "\(file) exists already: a backup replaces nothing") }
        var outcome = try place.perform(ControlRequest("backup"), mode: .existing) { stopped in
            // Opened first: it cuts a torn tail, and knows what the last record is.
            try stopped.withRoom { journal in
                let state = stopped.state
                let backup = try state.backup(
                    to: state.backupPlace(owner: getpid()), at: SystemClock().now, records: journal.head.sequence)
                try journal.recordAndWait(BackupOutcome.record(Actor(uid: getuid()), backup).members, at: SystemClock().now)
                return BackupOutcome(backup)
            }
        }
        try FileMove.move(outcome.file, to: file)
        outcome.file = file
        return outcome
    }

    /// Makes the state out of a backup, in a directory that holds none. No gateway can be running there.
    public func restore(from file: String, key: Secret?) throws -> RestoreOutcome {
        let policy = try place.policy()
        let source = policy.gateway.secrets.masterKey
        let restored = try State.restore(file, to: policy.gateway.state, masterKey: source, key: key, at: SystemClock().now)
        let stopped = try StoppedState(policy, mode: .existing)
        defer { stopped.close() }
        let actor = Actor(uid: getuid())
        try stopped.recording { record in
            var details: [SystemRecord.Detail] = [
                .init("backup", .text(restored.made.description)), .init("records", .number(Int64(clamping: restored.records))),
                .init("uid", .number(Int64(actor.uid))),
            ]
            if let user = actor.user { details.append(.init("user", .text(user))) }
            try record(SystemRecord(.restored, details).members)
        }
        return RestoreOutcome(state: policy.gateway.state, made: restored.made.description, records: restored.records)
    }
}

extension SystemRecord.Event {
    /// The state was made from a backup: what came between the record before and this one is not in the log.
    static let restored = SystemRecord.Event(rawValue: "restored")
}

/// What a backup holds, in the shape that `state backup --json` prints.
public struct BackupOutcome: Codable, Sendable {
    public var file: String
    /// RFC 3339.
    public var made: String
    public var bytes: Int
    /// Records of the audit log.
    public var records: UInt64

    init(_ backup: State.Backup) {
        file = backup.path
        made = backup.made.description
        bytes = backup.size
        records = backup.records
    }

    static func record(_ actor: Actor, _ backup: State.Backup) -> AdminRecord {
        AdminRecord(
            uid: actor.uid, user: actor.user, command: "state backup",
            details: [.init("records", .number(Int64(clamping: backup.records))), .init("bytes", .number(Int64(backup.size)))])
    }
}

/// What was restored.
public struct RestoreOutcome: Codable, Sendable {
    public var state: String
    /// When the backup was made, RFC 3339.
    public var made: String
    public var records: UInt64
}
