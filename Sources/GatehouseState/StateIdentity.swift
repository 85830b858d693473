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

    /// Reads it, or makes it where the database is new; refuses another master key than the one that sealed it.
    init(_ database: StateDatabase, _ master: MasterKey, created: WallTime, directory: String) throws(StateError) {
        let stored = try database.read { database in
            try Row.fetchOne(database, sql: "SELECT node, key_check, root FROM identity").map { row -> (String, [UInt8], [UInt8]) in
                (row["node"], (row["key_check"] as Blob).bytes, (row["root"] as Blob).bytes)
            }
        }
        do {
            let root: Secret
            if let (node, check, sealed) = stored {
                let matches = check.withUnsafeBytes { left in master.check.withUnsafeBytes { constantTimeEquals(left, $0) } }
                guard matches else {
                    throw StateError(
                        .key, "\(directory)/master.key is not the key that sealed this state: put the right one back from its backup")
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
            fingerprints = try KDF.hkdfSHA256(key: root, info: "gatehouse fingerprints", length: 32)
        } catch let error as StateError {
            throw error
        } catch {
            throw StateError(.key, "\(directory): the root secret does not open: \(error)")
        }
    }

    private static func associated(_ node: String) -> [UInt8] { Array("gatehouse root\0\(node)".utf8) }
}
