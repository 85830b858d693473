import GRDB
import GatehouseCrypto
import GatehouseTime
import GatehouseToken

/// A row of the table `signing_key`.
struct SealedSigningKey {
    let id: String
    let algorithm: JWSAlgorithm
    let created: WallTime
    /// Nil while it signs.
    let retiringUntil: WallTime?
    /// The longest that a token of it may have lived.
    let longestLifetime: Duration
    private let sealed: [UInt8]

    /// Newest first. Rows of an algorithm that this program does not know are passed over: a newer one made them.
    static func all(_ database: Database) throws -> [SealedSigningKey] {
        let rows = try Row.fetchAll(
            database,
            sql: "SELECT id, algorithm, created, retiring_until, longest_lifetime, sealed FROM signing_key ORDER BY created DESC, id")
        return rows.compactMap { row in
            guard let algorithm = JWSAlgorithm(rawValue: row[1]) else { return nil }
            return SealedSigningKey(
                id: row[0], algorithm: algorithm, created: WallTime(microseconds: row[2]),
                retiringUntil: (row[3] as Int64?).map { WallTime(microseconds: $0) }, longestLifetime: .microseconds(row[4] as Int64),
                sealed: (row[5] as Blob).bytes)
        }
    }

    func open(_ key: Secret) throws -> SigningKey {
        let pem = try AESGCM.open(sealed, key: key, associated: Self.associated(id, algorithm.rawValue))
        return try SigningKey(
            algorithm: algorithm, created: created, state: retiringUntil.map { .retiring(until: $0) } ?? .active, key: PrivateKey(pem: pem))
    }

    static func insert(_ key: SigningKey, lifetime: Duration, sealing: Secret, _ database: Database) throws {
        let pem = try key.key.pem()
        let sealed = try pem.withBytes { try AESGCM.seal($0, key: sealing, associated: associated(key.id, key.algorithm.rawValue)) }
        try database.execute(
            sql: "INSERT INTO signing_key (id, algorithm, created, longest_lifetime, sealed) VALUES (?, ?, ?, ?, ?)",
            arguments: [key.id, key.algorithm.rawValue, key.created.microseconds, lifetime.microseconds, Blob(sealed)])
    }

    /// Seals every key with another master key; within the caller's transaction.
    static func reseal(from old: MasterKey, to new: MasterKey, _ database: Database) throws -> Int {
        let rows = try all(database)
        for row in rows {
            let associated = associated(row.id, row.algorithm.rawValue)
            let pem: Secret
            do {
                pem = try AESGCM.open(row.sealed, key: old.sealing, associated: associated)
            } catch {
                throw StateError(.damaged, "the token-signing key \(row.id) does not open with the present master key; nothing was changed")
            }
            let sealed = try pem.withBytes { try AESGCM.seal($0, key: new.sealing, associated: associated) }
            try database.execute(sql: "UPDATE signing_key SET sealed = ? WHERE id = ?", arguments: [Blob(sealed), row.id])
        }
        return rows.count
    }

    /// Binds a key to its row (SEC-66).
    private static func associated(_ id: String, _ algorithm: String) -> [UInt8] {
        Array("gatehouse signing key\0\(id)\0\(algorithm)".utf8)
    }
}
