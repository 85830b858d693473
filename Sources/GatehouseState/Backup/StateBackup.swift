import GatehouseCrypto
public import GatehouseTime
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The database of one moment, and how far the audit log went then: what a backup is made of.
public struct BackupSource: Sendable {
    /// The copy's name is gone already, and the copy goes with this.
    let database: Descriptor
    /// The one that sealed what is in the copy.
    let key: MasterKey
    /// The last record of the audit log that belongs to the copy.
    public let records: UInt64
}

extension State {
    /// What a backup holds.
    public struct Backup: Sendable, Hashable {
        public var path: String
        public var made: WallTime
        /// In bytes.
        public var size: Int
        /// Records of the audit log.
        public var records: UInt64
    }

    /// Copies the database. The caller sees to it that meanwhile no change of a credential is half done: in the database, and its record not
    /// yet in the log, or the other way round.
    ///
    /// - Parameter head: the `seq` of the log's last durable record, asked for when the copy is there, so that the log of the backup goes at
    ///   least as far as anything in the database says.
    public func backupSource(head: () -> UInt64) throws(StateError) -> BackupSource {
        let path = try backupFiles.fresh(owner: getpid(), .database)
        // SQLite would make it with the mode that the umask leaves.
        let copy = try Descriptor(opening: path, O_RDWR | O_CREAT | O_EXCL)
        defer { try? FileSystem.remove(path) }
        let key = master.withLock { $0 }
        try database.copy(to: path)
        return BackupSource(database: copy, key: key, records: head())
    }

    /// Writes database and audit log into one sealed file, as they were at the source's moment, while a gateway may run on the state. The
    /// file is whole when this returns, or not there at all. The master key is not in it, and nothing opens it but that key.
    ///
    /// The replay memory is left out: its latest part can never be in a backup, which is why a restored state waits (``restored()``).
    public func backup(_ source: BackupSource, to path: String, at now: WallTime) throws(StateError) -> Backup {
        let temporary = path + ".part"
        try FileSystem.remove(temporary)
        let file = try Descriptor(opening: temporary, O_RDWR | O_CREAT | O_EXCL)
        do throws(StateError) {
            let header = BackupHeader(node: node, check: source.key.check, made: now, sequence: source.records)
            let writer = try SealedWriter(file, header: header, key: source.key.backup)
            try Self.add(source.database, size: source.database.size(), as: StateDirectory.database, to: writer)
            for part in try AuditFile.all(in: auditDirectory, through: source.records) {
                guard let audit = try part.open() else { continue }
                try Self.add(audit, size: part.size(of: audit), as: "audit/" + part.name, to: writer)
            }
            try writer.append([BackupEntry.end])
            let size = try writer.finish()
            try FileSystem.rename(temporary, to: path)
            return Backup(path: path, made: now, size: size, records: source.records)
        } catch {
            try? FileSystem.remove(temporary)
            throw error
        }
    }

    /// Of a state that nobody else works on, whose log ends with record `records`.
    public func backup(to path: String, at now: WallTime, records: UInt64) throws(StateError) -> Backup {
        try backup(backupSource { records }, to: path, at: now)
    }

    /// Where a backup lies until the command that asked for it, process `owner`, has moved it away; what others left there is removed.
    public func backupPlace(owner: Int32) throws(StateError) -> String {
        try removeAbandonedBackups()
        return try backupFiles.fresh(owner: owner, .sealed)
    }

    /// Removes finished backups whose command ended without taking them.
    public func removeAbandonedBackups() throws(StateError) { try backupFiles.removeLeftovers(unfinished: false) }

    var backupFiles: BackupFiles { BackupFiles(directory: directory) }

    private static func add(_ file: Descriptor, size: Int, as name: String, to writer: SealedWriter) throws(StateError) {
        try writer.append(BackupEntry.head(name, size: size))
        var buffer = [UInt8](repeating: 0, count: min(size, 1 << 18))
        var offset = 0
        while offset < size {
            let count = min(buffer.count, size - offset)
            let result: Result<Void, StateError> = buffer.withUnsafeMutableBytes { room in
                Result { () throws(StateError) in
                    let part = UnsafeMutableRawBufferPointer(rebasing: room[..<count])
                    try file.read(into: part, at: offset)
                    try writer.append(UnsafeRawBufferPointer(part))
                }
            }
            try result.get()
            offset += count
        }
    }
}

/// How files follow one another within a backup: a mark, the name's length and the name, the size, the content; at the end another mark.
enum BackupEntry {
    static let file: UInt8 = 1
    static let end: UInt8 = 0

    static func head(_ name: String, size: Int) -> [UInt8] {
        [file] + SealedWriter.bytes(UInt16(clamping: name.utf8.count)) + Array(name.utf8) + SealedWriter.bytes(UInt64(size))
    }

    /// Plain names only, so that a restore writes nowhere else.
    static func isAuditFile(_ name: String) -> Bool {
        !name.isEmpty && !name.hasPrefix(".") && name.utf8.count <= 200
            && name.utf8.allSatisfy {
                $0 == 0x2d || $0 == 0x2e || $0 == 0x5f || 0x30...0x39 ~= $0 || 0x41...0x5a ~= $0 || 0x61...0x7a ~= $0
            }
    }
}
