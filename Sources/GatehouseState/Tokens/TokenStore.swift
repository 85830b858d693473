import GRDB
public import GatehouseCrypto
public import GatehouseTime
public import GatehouseToken
import Synchronization

/// What has to be known of tokens over a restart: signing keys, opaque tokens, revocations and used assertions.
///
/// Event loops ask the memory, which is read once at the start; a thread of its own makes what they add durable, in groups. Signing keys
/// are changed by calls that wait for the disk.
public final class TokenStore: Sendable {
    /// Keys the digests of opaque tokens.
    public let digestKey: Secret
    let database: StateDatabase
    let credentials: CredentialStore
    let memory: TokenTable
    private let worker: WorkerThread
    private let pending = Mutex<[Pending]>([])
    private let failing = Atomic<Bool>(false)
    private let keys = Mutex(Keys())

    private struct Pending: Sendable {
        var effects: [TokenEffect]
        var completion: @Sendable (TokenCommit) -> Void
    }

    /// Guarded by `keys`.
    private struct Keys {
        var set: SigningKeySet?
        var observers: [@Sendable () -> Void] = []
    }

    init(_ state: State, at now: WallTime) throws(StateError) {
        digestKey = state.tokenDigests
        database = state.database
        credentials = state.credentials
        memory = try TokenTable(state.database, at: now)
        worker = WorkerThread(name: "tokens")
        try worker.start()
    }

    /// Whether the last write failed: what is committed now may not be durable either.
    public var isFailing: Bool { failing.load(ordering: .relaxed) }

    /// Makes durable what was committed, then ends; later commits fail. May be called more than once.
    public func close() { worker.stop() }

    deinit { worker.stop() }

    /// Forgets what has expired. Waits for the disk.
    public func sweep(at now: WallTime) throws(StateError) {
        memory.sweep(at: now)
        try database.write { database in
            for table in ["opaque_token", "used_assertion", "revoked_token"] {
                try database.execute(sql: "DELETE FROM \(table) WHERE expires <= ?", arguments: [now.microseconds])
            }
        }
    }

    // MARK: Signing keys

    /// Opened once, and again after a change.
    public func signingKeys() throws(StateError) -> SigningKeySet {
        if let known = keys.withLock({ $0.set }) { return known }
        let rows = try database.read { try SealedSigningKey.all($0) }
        let set: SigningKeySet
        do {
            set = SigningKeySet(try rows.map { try $0.open(credentials.sealing) })
        } catch {
            throw StateError(.damaged, "a token-signing key does not open: \(error). Restore the state from its backup")
        }
        keys.withLock { $0.set = set }
        return set
    }

    /// `body` is called after every change of the signing keys, on the thread that made it.
    public func observe(_ body: @escaping @Sendable () -> Void) { keys.withLock { $0.observers.append(body) } }

    func keysChanged() {
        let observers = keys.withLock { keys in
            keys.set = nil
            return keys.observers
        }
        for observer in observers { observer() }
    }

    // MARK: Committing

    /// Everything that came meanwhile goes into one transaction. Where it fails, nothing of it counts as stored.
    private func drain() {
        let group = pending.withLock { pending in
            defer { pending = [] }
            return pending
        }
        guard !group.isEmpty else { return }
        do throws(StateError) {
            try database.write { database in
                for item in group { for effect in item.effects { try Self.write(effect, database) } }
            }
            failing.store(false, ordering: .relaxed)
            for item in group { item.completion(.stored) }
        } catch {
            failing.store(true, ordering: .relaxed)
            for item in group { item.completion(.failed) }
        }
    }

    private static func write(_ effect: TokenEffect, _ database: Database) throws {
        switch effect {
        case .assertion(let client, let id, let until):
            // A row that is there has expired, or the memory would have known it.
            try database.cachedStatement(sql: "INSERT OR REPLACE INTO used_assertion (digest, expires) VALUES (?, ?)").execute(
                arguments: [Blob(TokenTable.digest(client: client, id: id).bytes), until.microseconds])
        case .opaque(let digest, let token):
            try database.cachedStatement(sql: "INSERT OR REPLACE INTO opaque_token (digest, expires, claims) VALUES (?, ?, ?)").execute(
                arguments: [Blob(digest.bytes), token.expires.microseconds, Blob(token.claims())])
        case .revoke(let id, let until):
            try database.cachedStatement(
                sql: """
                    INSERT INTO revoked_token (id, expires) VALUES (?, ?)
                    ON CONFLICT (id) DO UPDATE SET expires = max(expires, excluded.expires)
                    """
            ).execute(arguments: [id, until.microseconds])
        }
    }
}

extension TokenStore: TokenMemory {
    public func isRevoked(_ id: String) -> RevocationAnswer { memory.isRevoked(id) ? .yes : .no }

    public func opaque(_ digest: TokenDigest) -> AccessToken? { memory.opaque(digest) }

    public func commit(_ effects: [TokenEffect], at now: WallTime, completion: @escaping @Sendable (TokenCommit) -> Void) {
        switch memory.add(effects, at: now) {
        case .used: return completion(.assertionUsed)
        case .full: return completion(.failed)
        case .added: break
        }
        let isFirst = pending.withLock { pending in
            pending.append(Pending(effects: effects, completion: completion))
            return pending.count == 1
        }
        // The one that finds the queue empty wakes the thread; the others ride along.
        guard isFirst, !worker.submit({ [self] in drain() }) else { return }
        let left = pending.withLock { pending in
            defer { pending = [] }
            return pending
        }
        for item in left { item.completion(.failed) }
    }
}

extension State {
    /// The tokens of this state, read into memory. One at a time.
    public func openTokens(at now: WallTime) throws(StateError) -> TokenStore { try TokenStore(self, at: now) }
}
