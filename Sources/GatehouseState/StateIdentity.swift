import GRDB
import GatehouseCrypto
import GatehouseTime
import GatehouseVerify

/// What a state is made with once: its node's name and its root secret, sealed under the master key.
struct StateIdentity {
    let node: String
    let keys: DerivedKeys
    /// Keys the digests by which a value is known to be another sender's too.
    let fingerprints: Secret
    /// Keys the digests by which opaque tokens are known.
    let tokens: Secret
    /// Signs checkpoints of the audit log: the private key of an Ed25519 key.
    let logKey: Secret

    /// The check value of the key that sealed this database; nil where it is new.
    static func keyCheck(_ database: StateDatabase) throws(StateError) -> [UInt8]? {
        try database.read { try Row.fetchOne($0, sql: "SELECT key_check FROM identity").map { ($0["key_check"] as Blob).bytes } }
    }

    /// Reads it, or makes it where the database is new; refuses another master key than the one that sealed it.
    init(_ database: StateDatabase, _ master: MasterKey, from place: MasterKeyPlace, created: WallTime, directory: String)
        throws(StateError)
    {
        let stored = try database.read { database in
            try Row.fetchOne(database, sql: "SELECT node, key_check, root FROM identity").map { row -> (String, [UInt8], [UInt8]) in
                (row["node"], (row["key_check"] as Blob).bytes, (row["root"] as Blob).bytes)
            }
        }
        do {
            let root: Secret
            if let (node, check, sealed) = stored {
                guard master.matches(check) else {
                    throw StateError(
                        .key,
                        "\(place.description) is not the key that sealed the state in \(directory): put the right one back from its backup")
                }
                root = try AESGCM.open(sealed, key: master.sealing, associated: Self.associated(node))
                self.node = node
            } else {
                let node = Hex.encode(try Random.bytes(8))
                root = try Secret(random: 32)
                let sealed = try root.withBytes { try AESGCM.seal($0, key: master.sealing, associated: Self.associated(node)) }
                try database.write { database in
                    try database.execute(
                        sql: "INSERT INTO identity (id, node, key_check, root, created) VALUES (1, ?, ?, ?, ?)",
                        arguments: [node, Blob(master.check), Blob(sealed), created.microseconds])
                }
                self.node = node
            }
            keys = DerivedKeys(
                replay: try KDF.hkdfSHA256(key: root, info: "gatehouse replay keys", length: 32),
                passwords: try KDF.hkdfSHA256(key: root, info: "gatehouse password digests", length: 32))
            logKey = try KDF.hkdfSHA256(key: root, info: "gatehouse log key", length: 32)
            fingerprints = try KDF.hkdfSHA256(key: root, info: "gatehouse fingerprints", length: 32)
            tokens = try KDF.hkdfSHA256(key: root, info: "gatehouse token digests", length: 32)
        } catch let error as StateError {
            throw error
        } catch {
            throw StateError(.key, "\(directory): the root secret does not open: \(error)")
        }
    }

    /// Seals the root secret with another key; within the caller's transaction.
    static func reseal(from old: MasterKey, to new: MasterKey, _ database: Database) throws {
        guard let row = try Row.fetchOne(database, sql: "SELECT node, root FROM identity") else { return }
        let node: String = row["node"]
        let root = try AESGCM.open((row["root"] as Blob).bytes, key: old.sealing, associated: associated(node))
        let sealed = try root.withBytes { try AESGCM.seal($0, key: new.sealing, associated: associated(node)) }
        try database.execute(sql: "UPDATE identity SET key_check = ?, root = ?", arguments: [Blob(new.check), Blob(sealed)])
    }

    private static func associated(_ node: String) -> [UInt8] { Array("gatehouse root\0\(node)".utf8) }
}
