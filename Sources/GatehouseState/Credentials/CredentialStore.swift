import GRDB
public import GatehouseCrypto
public import GatehouseTime
public import GatehouseVerify
import Synchronization

/// The credentials of a state: every version of every sender's, sealed. Calls wait for the disk; a change is durable when it returns, and
/// observers have been told.
public final class CredentialStore: Sendable {
    let database: StateDatabase
    let keys: DerivedKeys
    private let fingerprints: Secret
    private let shared: Mutex<Shared>

    /// Guarded by `shared`.
    private struct Shared {
        var generation: UInt64 = 1
        var observers: [@Sendable (UInt64) -> Void] = []
        var sealing: Secret
        /// What ``credentialSet()`` gave last, and what has changed since; nil: everything.
        var versions: [CredentialName: [CredentialVersion]] = [:]
        var changed: Set<CredentialName>?
        /// When ``CredentialStore/expire(keep:at:)`` has something to do next; nil: unknown.
        var due: Due?
    }

    struct Due {
        /// That it was worked out for.
        var keep: Duration
        /// Nil: nothing ends by itself.
        var at: WallTime?
    }

    struct Identity: Hashable {
        var name: CredentialName
        var version: Int
    }

    init(_ database: StateDatabase, sealing: Secret, keys: DerivedKeys, fingerprints: Secret) {
        self.database = database
        shared = Mutex(Shared(sealing: sealing))
        self.keys = keys
        self.fingerprints = fingerprints
    }

    /// Where a new version's value comes from.
    public enum Value: Sendable {
        case generated
        /// As it was given; a trailing newline is the caller's to drop.
        case given(Secret)
        /// What ``makeValue(for:)`` made in another process: the change does not return it.
        case made(Secret)
    }

    /// A fresh value, as its sender gets it. Throws for kinds that only the sender can make.
    public static func makeValue(for name: CredentialName) throws(StateError) -> Secret { try CredentialForm.text(for: name) }

    /// Rises with every change in this process.
    public var generation: UInt64 { shared.withLock { $0.generation } }

    /// `body` is called after every change, on the thread that made it, with the new generation; it should hand ``credentialSet()`` on.
    public func observe(_ body: @escaping @Sendable (UInt64) -> Void) { shared.withLock { $0.observers.append(body) } }

    /// Forgotten with every change.
    var due: Due? { shared.withLock { $0.due } }

    /// Unless something was changed since `generation`, at which it was worked out.
    func keep(_ due: Due, of generation: UInt64) {
        shared.withLock { shared in
            if shared.generation == generation { shared.due = due }
        }
    }

    /// What values are sealed with from now on. A rotation of the master key replaces it within its transaction.
    var sealing: Secret {
        get { shared.withLock { $0.sealing } }
        set { shared.withLock { $0.sealing = newValue } }
    }

    /// Every version that still has a value, for the verifier. Values open at first use, and stay open in later sets. Reads only what has
    /// changed since the last call.
    public func credentialSet() throws(StateError) -> CredentialSet {
        let changed = shared.withLock { shared in
            defer { shared.changed = [] }
            return shared.changed
        }
        do {
            let (rows, key) = try database.read { database in
                let rows = try changed.map { try $0.flatMap { try CredentialRow.all(database, $0) } } ?? CredentialRow.all(database)
                return (rows, sealing)
            }
            return shared.withLock { shared in
                var fresh: [CredentialName: [CredentialVersion]] = [:]
                for row in rows {
                    guard let sealed = row.sealed, row.state != .revoked else { continue }
                    let known = shared.versions[row.name]?.first { $0.number == row.version }?.value as? SealedCredential
                    let value =
                        known.flatMap { $0.holds(sealed) ? $0 : nil }
                        ?? SealedCredential(sealed, key: key, name: row.name, version: row.version)
                    fresh[row.name, default: []].append(
                        CredentialVersion(number: row.version, state: row.state, created: row.created, value: value))
                }
                if let changed {
                    for name in changed { shared.versions[name] = fresh[name] }
                } else {
                    shared.versions = fresh
                }
                return CredentialSet(shared.versions)
            }
        } catch {
            shared.withLock { shared in
                if let changed, let later = shared.changed { shared.changed = changed.union(later) } else { shared.changed = nil }
            }
            throw error
        }
    }

    /// All credentials or one; a name without any version is `unknown`.
    public func status(_ name: CredentialName? = nil, at now: WallTime) throws(StateError) -> [CredentialStatus] {
        let result = try database.read { try Self.status(name, at: now, $0) }
        if let name, result.isEmpty { throw Self.unknown(name) }
        return result
    }

    /// As ``status(_:at:)``, within the caller's transaction; empty where there is no such credential.
    static func status(_ name: CredentialName?, at now: WallTime, _ database: Database) throws -> [CredentialStatus] {
        let rows = try CredentialRow.all(database, name)
        let addresses = try addresses(database, name)
        var result: [CredentialStatus] = []
        for row in rows {
            let version = CredentialStatus.Version(
                number: row.version, state: row.state(at: now), created: row.created, acceptedUntil: row.acceptedUntil,
                expires: row.expires, ended: row.ended(at: now),
                hasValue: row.sealed != nil, firstUsed: row.firstUsed, lastUsed: row.lastUsed, uses: row.uses,
                addresses: addresses[Identity(name: row.name, version: row.version)] ?? [])
            if result.last?.name == row.name {
                result[result.count - 1].versions.append(version)
            } else {
                result.append(CredentialStatus(name: row.name, versions: [version]))
            }
        }
        return result
    }

    /// The credentials that have a version which ends by itself: an overlap, or a public key with a date.
    public func ending(at now: WallTime) throws(StateError) -> [CredentialStatus] {
        let rows = try database.read {
            try CredentialRow.all($0, "WHERE state = 'retiring' OR (state = 'active' AND expires IS NOT NULL)", [])
        }
        var result: [CredentialStatus] = []
        for name in Set(rows.map(\.name)) { result += try status(name, at: now) }
        return result
    }

    /// Adds what the loops saw used; see ``CredentialUses``.
    public func record(_ uses: [CredentialUse]) throws(StateError) {
        guard !uses.isEmpty else { return }
        try database.write { try CredentialUse.save(uses, $0) }
    }

    /// Tells the observers; called after the change is durable.
    ///
    /// - Parameter names: whose versions changed; nil: everybody's.
    func announce(_ names: Set<CredentialName>?) {
        let (generation, observers) = shared.withLock { shared in
            shared.generation += 1
            shared.due = nil
            shared.changed = names.flatMap { shared.changed?.union($0) }
            return (shared.generation, shared.observers)
        }
        for observer in observers { observer(generation) }
    }

    /// A keyed digest by which the same value is found with another sender.
    func fingerprint(_ identity: Secret?, _ kind: CredentialKind) throws(StateError) -> [UInt8]? {
        guard let identity else { return nil }
        do {
            let mac = try MAC(.sha256, key: fingerprints)
            mac.start()
            Array("\(kind.rawValue)\0".utf8).withUnsafeBytes { mac.update($0) }
            identity.withBytes { mac.update($0) }
            var digest = [UInt8](repeating: 0, count: 32)
            guard digest.withUnsafeMutableBytes({ mac.finish(into: $0) }) == 32 else { throw CryptoError(.failed, "HMAC failed") }
            return Array(digest.prefix(16))
        } catch {
            throw StateError(.value, "the value's fingerprint could not be made: \(error)")
        }
    }

    static func unknown(_ name: CredentialName) -> StateError {
        StateError(.unknown, "there is no credential \(name): `gatehouse secret add \(name)` makes its first version")
    }

    private static func addresses(_ database: Database, _ name: CredentialName?) throws -> [Identity: [CredentialStatus.Address]] {
        var result: [Identity: [CredentialStatus.Address]] = [:]
        let rows: [Row]
        if let name {
            rows = try Row.fetchAll(
                database, sql: "SELECT * FROM credential_address WHERE sender = ? AND kind = ? ORDER BY last_used DESC, address",
                arguments: [name.sender, name.kind.rawValue])
        } else {
            rows = try Row.fetchAll(database, sql: "SELECT * FROM credential_address ORDER BY last_used DESC, address")
        }
        for row in rows {
            guard let kind = CredentialKind(rawValue: row["kind"]) else { continue }
            let identity = Identity(name: CredentialName(sender: row["sender"], kind: kind), version: row["version"])
            result[identity, default: []].append(
                CredentialStatus.Address(address: row["address"], lastUsed: WallTime(microseconds: row["last_used"]), uses: row["uses"]))
        }
        return result
    }
}
