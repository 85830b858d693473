import GRDB
import GatehouseCrypto
import GatehouseTime
import GatehouseToken
import Synchronization

/// What tokens were issued, revoked and used, in memory. Safe to use from any thread; each lock is held for a look into a table.
final class TokenTable: Sendable {
    enum Addition: Sendable { case added, used, full }

    private let revoked = Mutex<[String: WallTime]>([:])
    /// How many are in `revoked`: most of the time none, and then nobody waits for the lock.
    private let revokedCount = Atomic<Int>(0)
    private let assertions: [Shard<WallTime>]
    private let opaques: [Shard<AccessToken>]

    private final class Shard<Value: Sendable>: Sendable {
        let values = Mutex<[TokenDigest: Value]>([:])
    }

    init(_ database: StateDatabase, at now: WallTime) throws(StateError) {
        assertions = (0..<Self.shardCount).map { _ in Shard() }
        opaques = (0..<Self.shardCount).map { _ in Shard() }
        let time = now.microseconds
        try database.read { database in
            let rows = try Row.fetchCursor(database, sql: "SELECT digest, expires FROM used_assertion WHERE expires > ?", arguments: [time])
            while let row = try rows.next() {
                guard let digest = TokenDigest((row[0] as Blob).bytes) else { continue }
                Self.shard(assertions, digest).values.withLock { $0[digest] = WallTime(microseconds: row[1]) }
            }
            let tokens = try Row.fetchCursor(database, sql: "SELECT digest, claims FROM opaque_token WHERE expires > ?", arguments: [time])
            while let row = try tokens.next() {
                guard let digest = TokenDigest((row[0] as Blob).bytes), let token = AccessToken(stored: (row[1] as Blob).bytes) else {
                    continue
                }
                Self.shard(opaques, digest).values.withLock { $0[digest] = token }
            }
            let ids = try Row.fetchCursor(database, sql: "SELECT id, expires FROM revoked_token WHERE expires > ?", arguments: [time])
            while let row = try ids.next() { revoked.withLock { $0[row[0]] = WallTime(microseconds: row[1]) } }
        }
        revokedCount.store(revoked.withLock { $0.count }, ordering: .releasing)
    }

    func isRevoked(_ id: String) -> Bool {
        guard revokedCount.load(ordering: .acquiring) > 0 else { return false }
        return revoked.withLock { $0[id] != nil }
    }

    func opaque(_ digest: TokenDigest) -> AccessToken? { Self.shard(opaques, digest).values.withLock { $0[digest] } }

    /// All effects, or none where an assertion among them was used before or a table is full. Of two calls with the same assertion at most
    /// one adds it.
    func add(_ effects: [TokenEffect], at now: WallTime) -> Addition {
        for effect in effects {
            guard case .assertion(let client, let id, let until) = effect else { continue }
            let digest = Self.digest(client: client, id: id)
            let addition = Self.shard(assertions, digest).values.withLock { used -> Addition in
                if let known = used[digest], now < known { return .used }
                if used.count >= Self.shardLimit {
                    used = used.filter { now < $0.value }
                    if used.count >= Self.shardLimit { return .full }
                }
                used[digest] = until
                return .added
            }
            guard addition == .added else { return addition }
        }
        for effect in effects {
            switch effect {
            case .assertion: break
            case .opaque(let digest, let token):
                let isAdded = Self.shard(opaques, digest).values.withLock { tokens in
                    if tokens.count >= Self.shardLimit {
                        tokens = tokens.filter { now < $0.value.expires }
                        if tokens.count >= Self.shardLimit { return false }
                    }
                    tokens[digest] = token
                    return true
                }
                if !isAdded { return .full }
            case .revoke(let id, let until):
                revoked.withLock { revoked in
                    revoked[id] = max(revoked[id] ?? until, until)
                    revokedCount.store(revoked.count, ordering: .releasing)
                }
            }
        }
        return .added
    }

    func sweep(at now: WallTime) {
        for shard in assertions { shard.values.withLock { $0 = $0.filter { now < $0.value } } }
        for shard in opaques { shard.values.withLock { $0 = $0.filter { now < $0.value.expires } } }
        revoked.withLock { revoked in
            revoked = revoked.filter { now < $0.value }
            revokedCount.store(revoked.count, ordering: .releasing)
        }
    }

    /// A client's `jti`s are its own: no two clients can use up each other's.
    static func digest(client: String, id: String) -> TokenDigest {
        TokenDigest(sha256: Array("\(client)\0\(id)".utf8))
    }

    private static func shard<Value>(_ shards: [Shard<Value>], _ digest: TokenDigest) -> Shard<Value> {
        shards[digest.bucket % shardCount]
    }

    private static let shardCount = 16
    /// Entries of one shard: a million tokens or assertions in all.
    private static let shardLimit = 65_536
}
