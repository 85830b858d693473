import GRDB

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The SQLite file behind one connection, which alone writes and checkpoints it (SEC-72). Every commit is synced before it returns.
final class StateDatabase: Sendable {
    private let queue: DatabaseQueue
    private let path: String

    init(_ path: String, migrator: DatabaseMigrator = StateSchema.migrator) throws(StateError) {
        self.path = path
        // SQLite would make it with the mode that the umask leaves; its `-wal` and `-shm` take after it.
        if !FileSystem.exists(path) { _ = try Descriptor(opening: path, O_RDWR | O_CREAT) }
        try StateDirectory.check(path, isDirectory: false)
        do {
            var configuration = Configuration()
            configuration.journalMode = .wal
            configuration.label = "gatehouse-state"
            configuration.prepareDatabase { database in
                // What is deleted is overwritten with zeros (SEC-69).
                try database.execute(sql: "PRAGMA secure_delete = ON; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON")
            }
            queue = try DatabaseQueue(path: path, configuration: configuration)
            // GRDB chooses NORMAL with a write-ahead log, which may lose the last commits.
            try queue.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
            try migrator.migrate(queue)
        } catch {
            throw Self.failure(path, error)
        }
    }

    /// Runs in a transaction; a thrown error undoes it.
    func write<Value>(_ body: (Database) throws -> Value) throws(StateError) -> Value {
        do { return try queue.write(body) } catch { throw Self.failure(path, error) }
    }

    func read<Value>(_ body: (Database) throws -> Value) throws(StateError) -> Value {
        do { return try queue.read(body) } catch { throw Self.failure(path, error) }
    }

    /// What SQLite says about one of its settings.
    func setting(_ name: StaticString) throws(StateError) -> String? {
        try read { try String.fetchOne($0, sql: "PRAGMA \(name)") }
    }

    /// Moves the write-ahead log into the database and empties it, so that nothing overwritten survives in it.
    func truncateLog() throws(StateError) {
        do { try queue.writeWithoutTransaction { _ = try $0.checkpoint(.truncate) } } catch { throw Self.failure(path, error) }
    }

    /// Gives the file system back what more than half of the file is free of, and `least` bytes at least; then as ``truncateLog()``.
    func compact(least: Int) throws(StateError) {
        let (pages, free, size) = try read { database in
            (
                try Int.fetchOne(database, sql: "PRAGMA page_count") ?? 0, try Int.fetchOne(database, sql: "PRAGMA freelist_count") ?? 0,
                try Int.fetchOne(database, sql: "PRAGMA page_size") ?? 0
            )
        }
        if free > pages / 2, free * size >= least {
            do { try queue.writeWithoutTransaction { try $0.execute(sql: "VACUUM") } } catch { throw Self.failure(path, error) }
        }
        try truncateLog()
    }

    /// Writes a copy without free pages, of one moment; the file must be empty or missing.
    func copy(to file: String) throws(StateError) {
        do { try queue.writeWithoutTransaction { try $0.execute(sql: "VACUUM INTO ?", arguments: [file]) } } catch {
            throw Self.failure(path, error)
        }
    }

    func close() throws(StateError) {
        do { try queue.close() } catch { throw Self.failure(path, error) }
    }

    /// SQLite's own words, without statement and values.
    private static func failure(_ path: String, _ error: any Error) -> StateError {
        if let error = error as? StateError { return error }
        guard let error = error as? DatabaseError else { return StateError(.database, "\(path): \(type(of: error))") }
        let code = error.resultCode
        let isDamage = code == .SQLITE_CORRUPT || code == .SQLITE_NOTADB
        let advice =
            switch code {
            case .SQLITE_CORRUPT, .SQLITE_NOTADB: ". Restore the state from its backup"
            // A write that finds no room is an I/O error to SQLite where the log's index should have grown.
            case .SQLITE_FULL, .SQLITE_IOERR: FreeSpace.advice(at: path)
            case .SQLITE_READONLY, .SQLITE_CANTOPEN:
                ". User \(geteuid()), as whom this process runs, must be able to write it and its directory (chmod 700 the directory, 600 the file)"
            default: ""
            }
        return StateError(isDamage ? .damaged : .database, "\(path): \(error.message ?? code.description)\(advice)")
    }
}
