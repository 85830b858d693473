import GRDB
public import GatehouseCrypto
import GatehouseVerify
import Synchronization

extension State {
    /// Seals everything with another master key: afterwards the old one opens nothing that is in this directory. A gateway may be running
    /// on the state; what is open in memory stays open. The keys that digest events and passwords do not change, so that nothing is
    /// forgotten.
    ///
    /// A process that dies meanwhile leaves a state that opens with the old key or with the new one, and finds out which by itself.
    ///
    /// - Parameter content: the new key, 32 bytes or their base64. Nil makes one, where the key is kept in a file.
    /// - Returns: how many values were sealed anew.
    @discardableResult
    public func rotateMasterKey(to content: Secret? = nil) throws(StateError) -> Int {
        guard content != nil || keyPlace.path != nil else {
            throw StateError(
                .key,
                "the master key is \(keyPlace.description), which this program cannot replace: give the new key with --key-file, "
                    + "and put it there before the next start")
        }
        let key: Secret
        if let content { key = try MasterKey.bytes(content, from: "the new key") } else { key = try MasterKey.random() }
        guard key.withBytes({ bytes in !bytes.allSatisfy { $0 == bytes.first } }) else {
            throw StateError(.key, "the new key is one byte, repeated: make one with openssl rand -base64 \(MasterKey.length)")
        }
        let new = try MasterKey(key)
        let old = master.withLock { $0 }
        guard new.check != old.check else { throw StateError(.key, "this is the master key already") }
        try keyPlace.prepare(key)
        let count: Int
        do throws(StateError) {
            count = try database.write { database in
                let count = try Self.reseal(from: old, to: new, database) + SealedSigningKey.reseal(from: old, to: new, database)
                try StateIdentity.reseal(from: old, to: new, database)
                // Before the commit: whatever is written next is written after it.
                credentials.sealing = new.sealing
                return count
            }
        } catch {
            credentials.sealing = old.sealing
            // Where it cannot be told whether the commit happened, both keys stay for the next start to choose from.
            if let check = try StateIdentity.keyCheck(database), old.matches(check) { try keyPlace.discardReplacement() }
            throw error
        }
        master.withLock { $0 = new }
        try keyPlace.adopt()
        try database.truncateLog()
        try rejected.reseal(to: new)
        credentials.announce(nil)
        return count
    }

    /// Where the key is, for people.
    public var masterKeyPlace: String { keyPlace.description }
    /// False for a systemd credential or a descriptor: somebody else has to put the new key there.
    public var keepsMasterKey: Bool { keyPlace.path != nil }

    private static func reseal(from old: MasterKey, to new: MasterKey, _ database: Database) throws -> Int {
        var count = 0
        let update = try database.makeStatement(sql: "UPDATE credential SET sealed = ? WHERE sender = ? AND kind = ? AND version = ?")
        for row in try CredentialRow.all(database) {
            guard let sealed = row.sealed else { continue }
            let value: Secret
            do {
                value = try SealedCredential.open(sealed, key: old.sealing, name: row.name, version: row.version)
            } catch {
                throw StateError(
                    .damaged,
                    "version \(row.version) of \(row.name) does not open with the present master key; nothing was changed. Revoke it first")
            }
            let again = try SealedCredential.seal(value, key: new.sealing, name: row.name, version: row.version)
            try update.execute(arguments: [Blob(again), row.name.sender, row.name.kind.rawValue, row.version])
            count += 1
        }
        return count
    }
}
