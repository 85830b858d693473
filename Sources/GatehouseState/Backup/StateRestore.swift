import GRDB
public import GatehouseCrypto
public import GatehousePolicy
public import GatehouseTime

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

extension State {
    /// That, and when, this state was made from a backup.
    public struct Restored: Sendable, Hashable {
        public var at: WallTime
        /// When the backup was made.
        public var made: WallTime
        /// The backup's last record of the audit log; the next one says that the state was restored.
        public var records: UInt64
    }

    /// Nil for a state that was made on the spot. What a gateway accepted between backup and restore is not known here, so until `tolerance`
    /// and `future` have passed since ``Restored/at`` a fresh event may be a copy of one of those.
    public func restored() throws(StateError) -> Restored? {
        try database.read { database in
            try Row.fetchOne(database, sql: "SELECT at, made, sequence FROM restored").map { row in
                Restored(
                    at: WallTime(microseconds: row["at"]), made: WallTime(microseconds: row["made"]),
                    records: UInt64(clamping: row["sequence"] as Int64))
            }
        }
    }

    /// Makes a state from a backup in a directory that holds none; only the master key may be there already. Nothing is in place unless all
    /// of the backup was read and is genuine: a restore that fails leaves what was there before it. After a kill in the middle, the
    /// directory is refused until the restore was run again.
    ///
    /// - Parameter key: the master key that sealed the backup, to be written where policy says it is. Nil: it is there.
    public static func restore(
        _ file: String, to directory: String, masterKey: GatewayPolicy.MasterKeySource = .state, key: Secret? = nil, at now: WallTime
    ) throws(StateError) -> Restored {
        let held = try StateDirectory(directory, create: true)
        do throws(StateError) {
            return try StateRestore(held: held, place: MasterKeyPlace(masterKey, directory: directory)).run(SealedReader(file), key, now)
        } catch {
            held.abandon()
            throw error
        }
    }
}

/// One restore, step by step.
struct StateRestore {
    let held: StateDirectory
    let place: MasterKeyPlace

    private static let marker = "restoring"

    static func refuseUnfinished(_ held: StateDirectory) throws(StateError) {
        guard !FileSystem.exists(held.file(marker)) else {
            throw StateError(.damaged, "\(held.path): a restore was cut off here; run `gatehouse state restore` again")
        }
    }

    func run(_ reader: SealedReader, _ key: Secret?, _ now: WallTime) throws(StateError) -> State.Restored {
        try clear()
        let (master, keyToInstall) = try masterKey(for: reader.header, key)
        reader.open(with: master.backup)
        var hasInstalled = false
        do throws(StateError) {
            _ = try Descriptor(opening: held.file(Self.marker), O_RDWR | O_CREAT)
            try FileSystem.syncDirectory(of: held.file(Self.marker))
            try FileSystem.makeDirectory(held.file("audit"))
            try unpack(reader)
            let restored = State.Restored(at: now, made: reader.header.made, records: reader.header.sequence)
            let database = try StateDatabase(held.file(StateDirectory.database))
            guard let check = try StateIdentity.keyCheck(database), master.matches(check) else {
                throw StateError(.backup, "the database in the backup was sealed with another key than the backup")
            }
            try database.write { database in
                try database.execute(
                    sql: "INSERT OR REPLACE INTO restored (id, at, made, sequence) VALUES (1, ?, ?, ?)",
                    arguments: [now.microseconds, restored.made.microseconds, Int64(clamping: restored.records)])
                // What was revoked since the backup is not in it: tokens from before the restore are not believed, clients fetch new ones.
                try database.execute(sql: "DELETE FROM signing_key; DELETE FROM opaque_token")
            }
            try database.truncateLog()
            try database.close()
            // While the marker stands, so that a start never finds the state without its key.
            if let keyToInstall {
                try place.install(keyToInstall)
                hasInstalled = true
            }
            try FileSystem.syncDirectory(of: held.file(Self.marker))
            try FileSystem.remove(held.file(Self.marker))
            try FileSystem.syncDirectory(of: held.file(Self.marker))
            return restored
        } catch {
            try removeUnpacked()
            if hasInstalled, let path = place.path { try FileSystem.remove(path) }
            try FileSystem.remove(held.file(Self.marker))
            throw error
        }
    }

    /// A state that is there is never written over.
    private func clear() throws(StateError) {
        if FileSystem.exists(held.file(Self.marker)) { return try removeUnpacked() }
        let taken = [StateDirectory.database, "audit", "replay"].first { name in
            guard FileSystem.exists(held.file(name)) else { return false }
            return name == StateDirectory.database || (try? FileSystem.names(in: held.file(name)).isEmpty) != true
        }
        guard let taken else { return }
        throw StateError(
            .exists,
            "\(held.path) holds a state (\(taken)), which a restore does not write over: move it away, and leave its master key there")
    }

    /// The backup's key, and the same where it has to be written to its place.
    private func masterKey(for header: BackupHeader, _ key: Secret?) throws(StateError) -> (MasterKey, toInstall: Secret?) {
        let there = place.path.map { FileSystem.exists($0) } ?? true
        if let key {
            let bytes = try MasterKey.bytes(key, from: "the key file")
            let master = try MasterKey(bytes)
            guard master.matches(header.check) else { throw Self.otherKey("the given key") }
            guard !there || place.path == nil else {
                guard try place.load(isNew: false).matches(header.check) else { throw Self.otherKey(place.description) }
                return (master, nil)
            }
            return (master, bytes)
        }
        guard there else {
            throw StateError(
                .key,
                "the backup opens with the master key that was in use when it was made, and \(place.description) is missing: "
                    + "put the key there (mode 0600), or give it with --key-file")
        }
        let master = try place.load(isNew: false)
        guard master.matches(header.check) else { throw Self.otherKey(place.description) }
        return (master, nil)
    }

    private static func otherKey(_ what: String) -> StateError {
        StateError(
            .key,
            "\(what) is not the key that sealed this backup: a backup opens with the master key of its time, before any later rotation")
    }

    private func unpack(_ reader: SealedReader) throws(StateError) {
        var names: Set<String> = []
        while try reader.read(1).first == BackupEntry.file {
            let length = try reader.read(2).reduce(0) { $0 << 8 | Int($1) }
            let name = String(decoding: try reader.read(length), as: UTF8.self)
            let size = try reader.read(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            guard name == StateDirectory.database || name.hasPrefix("audit/") && BackupEntry.isAuditFile(String(name.dropFirst(6))),
                names.insert(name).inserted, let size = Int(exactly: size)
            else { throw reader.damaged("names the file \(name)") }
            let file = try Descriptor(opening: held.file(name), O_RDWR | O_CREAT | O_EXCL)
            var offset = 0
            try reader.read(size) { part throws(StateError) in
                let result: Result<Void, StateError> = part.withUnsafeBytes { bytes in
                    Result { () throws(StateError) in try file.write(bytes, at: offset) }
                }
                try result.get()
                offset += part.count
            }
            try file.sync()
        }
        try reader.finish()
        guard names.contains(StateDirectory.database) else { throw reader.damaged("holds no database") }
        try FileSystem.syncDirectory(of: held.file("audit/."))
    }

    private func removeUnpacked() throws(StateError) {
        for name in ["", "-wal", "-shm"] { try FileSystem.remove(held.file(StateDirectory.database + name)) }
        guard FileSystem.exists(held.file("audit")) else { return }
        for name in try FileSystem.names(in: held.file("audit")) { try FileSystem.remove(held.file("audit/" + name)) }
        rmdir(held.file("audit"))
    }
}
