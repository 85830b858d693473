import GRDB
public import GatehouseAudit
import GatehouseCrypto
public import GatehouseTime
import Synchronization

/// Refused requests, kept for a while so that `explain` can try them: sealed under a key of their own that is derived from the master key,
/// each bound to its reference and time, in a database beside the state's. No backup holds them.
///
/// The file is made when the first request is kept, and is removed when none is to be kept any more. Calls wait for the disk.
public final class RejectedStore: Sendable {
    private let path: String
    /// Nil: not looked for yet, or not there. Taken before ``sealing`` where both are.
    private let opened = Mutex<StateDatabase?>(nil)
    private let sealing: Mutex<Key>

    private struct Key: Sendable {
        var key: Secret
        /// Of the master key that it comes from.
        var check: [UInt8]
    }

    init(path: String, master: MasterKey) {
        self.path = path
        sealing = Mutex(Key(key: master.rejected, check: master.check))
    }

    /// Keeps these, and removes what is older than `oldest` or, from the oldest on, more than `limit` bytes. Durable on return.
    public func add(_ requests: [RejectedRequest], oldest: WallTime, limit: Int) throws(StateError) {
        guard let database = try open(creating: true) else { return }
        try database.write { database in
            // Within the transaction, so that a change of keys comes before it or after it.
            let key = sealing.withLock { $0 }
            let insert = try database.makeStatement(
                sql: "INSERT OR REPLACE INTO request (reference, arrived, bytes, sealed) VALUES (?, ?, ?, ?)")
            for request in requests {
                let associated = Self.associated(request.reference, request.arrived)
                let sealed = try request.content.withBytes { try AESGCM.seal($0, key: key.key, associated: associated) }
                try insert.execute(arguments: [
                    request.reference.description, request.arrived.microseconds, Int64(sealed.count), Blob(sealed),
                ])
            }
        }
        try trim(database, oldest: oldest, limit: limit)
    }

    /// Removes what is older than `oldest`, or more than `limit` bytes. Nothing of it can be read any more on return.
    public func expire(oldest: WallTime, limit: Int) throws(StateError) {
        guard let database = try open(creating: false) else { return }
        try trim(database, oldest: oldest, limit: limit)
    }

    /// Nil where it is not kept, or no longer.
    public func request(_ reference: Reference) throws(StateError) -> RejectedRequest? {
        guard let database = try open(creating: false) else { return nil }
        let key = sealing.withLock { $0.key }
        let row = try database.read { database in
            try Row.fetchOne(database, sql: "SELECT arrived, sealed FROM request WHERE reference = ?", arguments: [reference.description])
                .map { row -> (Int64, [UInt8]) in (row["arrived"], (row["sealed"] as Blob).bytes) }
        }
        guard let (arrived, sealed) = row else { return nil }
        let time = WallTime(microseconds: arrived)
        do {
            return RejectedRequest(
                reference: reference, arrived: time,
                content: try AESGCM.open(sealed, key: key, associated: Self.associated(reference, time)))
        } catch {
            throw StateError(.damaged, "\(path): the kept request \(reference) does not open: it was changed or moved")
        }
    }

    /// How many are kept, and their bytes.
    public func figures() throws(StateError) -> (count: Int, bytes: Int) {
        guard let database = try open(creating: false) else { return (0, 0) }
        return try database.read { database in
            let row = try Row.fetchOne(database, sql: "SELECT count(*), coalesce(sum(bytes), 0) FROM request")
            return (row?[0] ?? 0, row?[1] ?? 0)
        }
    }

    /// Removes all of them with their file.
    public func destroy() throws(StateError) {
        try opened.withLock { opened throws(StateError) in
            if let database = opened { try database.close() }
            opened = nil
            for suffix in ["", "-wal", "-shm"] { try FileSystem.remove(path + suffix) }
        }
    }

    func close() throws(StateError) {
        try opened.withLock { opened throws(StateError) in
            if let database = opened { try database.close() }
            opened = nil
        }
    }

    /// Seals everything with the key of another master key. What does not open with the present one is removed; all of it where that
    /// cannot be stored, since the old key must not open anything any more.
    func reseal(to master: MasterKey) throws(StateError) {
        do throws(StateError) { try resealAll(to: master) } catch {
            try destroy()
            sealing.withLock { $0 = Key(key: master.rejected, check: master.check) }
        }
    }

    private func resealAll(to master: MasterKey) throws(StateError) {
        let database = try open(creating: false)
        let old = sealing.withLock { $0.key }
        let new = Key(key: master.rejected, check: master.check)
        guard let database else { return sealing.withLock { $0 = new } }
        try database.write { database in
            let references = try String.fetchAll(database, sql: "SELECT reference FROM request")
            for text in references {
                guard let reference = Reference(text),
                    let row = try Row.fetchOne(database, sql: "SELECT arrived, sealed FROM request WHERE reference = ?", arguments: [text])
                else { continue }
                let associated = Self.associated(reference, WallTime(microseconds: row["arrived"]))
                if let content = try? AESGCM.open((row["sealed"] as Blob).bytes, key: old, associated: associated) {
                    let sealed = try content.withBytes { try AESGCM.seal($0, key: new.key, associated: associated) }
                    try database.execute(sql: "UPDATE request SET sealed = ? WHERE reference = ?", arguments: [Blob(sealed), text])
                } else {
                    try database.execute(sql: "DELETE FROM request WHERE reference = ?", arguments: [text])
                }
            }
            try database.execute(sql: "UPDATE sealing SET key_check = ?", arguments: [Blob(new.check)])
            // Within the transaction, which every other one waits for: what is written next is sealed with the new key.
            sealing.withLock { $0 = new }
        }
        try database.truncateLog()
    }

    /// What another master key sealed is of no use: a rotation was cut off before it came here.
    private func open(creating: Bool) throws(StateError) -> StateDatabase? {
        let check = sealing.withLock { $0.check }
        return try opened.withLock { opened throws(StateError) in
            if let opened { return opened }
            guard creating || FileSystem.exists(path) else { return nil }
            let database = try StateDatabase(path, migrator: Self.migrator)
            let isForeign = try database.write { database in
                let known = try Row.fetchOne(database, sql: "SELECT key_check FROM sealing").map { ($0["key_check"] as Blob).bytes }
                if known == check { return false }
                try database.execute(sql: "DELETE FROM request")
                try database.execute(sql: "INSERT OR REPLACE INTO sealing (id, key_check) VALUES (1, ?)", arguments: [Blob(check)])
                return known != nil
            }
            if isForeign { try database.truncateLog() }
            opened = database
            return database
        }
    }

    private func trim(_ database: StateDatabase, oldest: WallTime, limit: Int) throws(StateError) {
        let removed = try database.write { database in
            try database.execute(sql: "DELETE FROM request WHERE arrived < ?", arguments: [oldest.microseconds])
            var removed = database.changesCount
            var bytes = try Int.fetchOne(database, sql: "SELECT coalesce(sum(bytes), 0) FROM request") ?? 0
            while bytes > limit {
                let rows = try Row.fetchAll(database, sql: "SELECT reference, bytes FROM request ORDER BY arrived LIMIT 64")
                guard !rows.isEmpty else { break }
                for row in rows where bytes > limit {
                    let reference: String = row["reference"]
                    let size: Int = row["bytes"]
                    try database.execute(sql: "DELETE FROM request WHERE reference = ?", arguments: [reference])
                    bytes -= size
                    removed += 1
                }
            }
            return removed
        }
        // Neither is anything left of it in the write-ahead log, and the file does not keep the size that a flood gave it.
        if removed > 0 { return try database.compact(least: Self.leastFree) }
        // Where nothing is removed, the log would grow to several times what a small limit allows.
        if let size = FileSystem.size(path + "-wal"), size > Self.leastFree { try database.truncateLog() }
    }

    private static let leastFree = 1 << 20

    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1") { database in
            try database.execute(
                sql: """
                    CREATE TABLE sealing (id INTEGER PRIMARY KEY CHECK (id = 1), key_check BLOB NOT NULL) STRICT;

                    CREATE TABLE request (
                        reference TEXT PRIMARY KEY,
                        arrived INTEGER NOT NULL,
                        bytes INTEGER NOT NULL,
                        sealed BLOB NOT NULL
                    ) STRICT;

                    CREATE INDEX request_arrived ON request (arrived, bytes);
                    """)
        }
        return migrator
    }

    /// Binds a request to its row (SEC-66).
    private static func associated(_ reference: Reference, _ arrived: WallTime) -> [UInt8] {
        Array("gatehouse rejected\0\(reference)\0\(arrived.microseconds)".utf8)
    }
}
