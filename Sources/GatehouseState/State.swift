import GRDB
public import GatehouseAudit
import GatehouseCrypto
public import GatehousePolicy
public import GatehouseTime
public import GatehouseVerify
import Synchronization

/// The state directory, opened and locked: master key, database, and where the replay memory and the audit log are.
///
/// A running gateway and a command on a stopped one open it the same way; while one has it, the other is refused
/// (``StateError/Code/locked``) and asks over the control socket. Calls read and write the disk, so they are made from threads that may
/// wait.
public final class State: Sendable {
    public let directory: String
    /// This gateway's name in its audit records, made when the state was.
    public let node: String
    /// For the verifier.
    public let keys: DerivedKeys
    public let credentials: CredentialStore
    /// Signs checkpoints of the audit log, as `gatehouse/NODE`. Its key comes from the state's sealed root secret, and stays the same when
    /// the master key is replaced.
    public let logSigner: CheckpointSigner
    /// Refused requests, where they are kept.
    public let rejected: RejectedStore
    /// Keys the digests of opaque tokens.
    let tokenDigests: Secret
    let database: StateDatabase
    let held: StateDirectory
    let keyPlace: MasterKeyPlace
    let master: Mutex<MasterKey>

    /// What to do where there is no state yet.
    public enum Mode: Sendable, Hashable {
        /// Make one, with a fresh master key. The directory's parent must exist.
        case create
        /// Fail.
        case existing
    }

    /// On return this process holds the state's lock, every file is its owner's alone, and the master key is the one that sealed it.
    ///
    /// - Parameter masterKey: where the key is; one that is to be in a file is made with the state.
    public static func open(
        directory: String, mode: Mode = .create, masterKey: GatewayPolicy.MasterKeySource = .state, clock: any GatewayClock = SystemClock()
    ) throws(StateError) -> State {
        try State(StateDirectory(directory, create: mode == .create), mode, masterKey, clock)
    }

    private init(
        _ held: StateDirectory, _ mode: Mode, _ source: GatewayPolicy.MasterKeySource, _ clock: any GatewayClock
    ) throws(StateError) {
        try StateRestore.refuseUnfinished(held)
        let path = held.file("gatehouse.db")
        let isNew = !FileSystem.exists(path)
        if isNew {
            guard mode == .create else { throw StateError(.access, "\(held.path) holds no state: \(path) is missing") }
            try Self.refuseRemains(held)
        }
        try FileSystem.makeDirectory(held.file("audit"))
        // Of backups that were cut off; nobody makes one while this process holds the state.
        try BackupFiles(directory: held.path).removeLeftovers(unfinished: true)
        let place = MasterKeyPlace(source, directory: held.path)
        var master = try place.load(isNew: isNew)
        let database = try StateDatabase(path)
        if let check = try StateIdentity.keyCheck(database) {
            // A rotation that was cut off: before its commit the old key holds, after it the new one.
            if !master.matches(check), let next = try place.replacement(), next.matches(check) {
                try place.adopt()
                master = next
            } else if master.matches(check) {
                try place.discardReplacement()
            }
        }
        let identity = try StateIdentity(database, master, from: place, created: clock.now, directory: held.path)
        keyPlace = place
        self.master = Mutex(master)
        rejected = RejectedStore(path: held.file("rejected.db"), master: master)
        self.held = held
        self.database = database
        directory = held.path
        node = identity.node
        do {
            logSigner = try CheckpointSigner(origin: "gatehouse/\(identity.node)", seed: identity.logKey)
        } catch {
            throw StateError(.key, "\(held.path): the key that signs checkpoints cannot be used: \(error)")
        }
        keys = identity.keys
        tokenDigests = identity.tokens
        credentials = CredentialStore(database, sealing: master.sealing, keys: identity.keys, fingerprints: identity.fingerprints)
    }

    /// Where the audit log's segments are.
    public var auditDirectory: String { held.file("audit") }
    public var replayDirectory: String { held.file("replay") }
    public var controlSocket: String { held.file("gatehouse.sock") }

    /// The replay memory of this state, whose clock goes on from the highest time stored.
    public func openReplayMemory(
        hold: Duration = .seconds(360), clock: any GatewayClock, options: ReplayMemory.Options = ReplayMemory.Options()
    ) throws(StateError) -> ReplayMemory {
        try ReplayMemory(directory: replayDirectory, highest: try progress().highestTime, hold: hold, clock: clock, options: options)
    }

    /// Closes the database; the lock is let go of with the last reference to this object.
    public func close() throws(StateError) {
        try rejected.close()
        try database.close()
    }

    /// An audit log or a replay memory without the database was not made by a fresh start: going on would begin a second chain beside it.
    private static func refuseRemains(_ held: StateDirectory) throws(StateError) {
        for name in ["audit", "replay"] where FileSystem.exists(held.file(name)) {
            guard try FileSystem.names(in: held.file(name)).isEmpty else {
                throw StateError(
                    .damaged,
                    "\(held.file("gatehouse.db")) is missing, but \(held.file(name)) is not empty: "
                        + "restore the state from its backup, or move \(held.path) away to begin anew"
                )
            }
        }
    }
}
