public import GatehouseTime
import GatehouseAudit
import GatehouseAudit
import GatehouseCrypto
import Synchronization

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

extension State {
    /// What a backup holds.
    public struct Backup: Sendable, Hashable {
        public var path: String
        public var made: WallTime
        /// In bytes.
        public var size: Int
        /// Records of the audit log that the database knows of; some later ones may be in it too.
        public var records: UInt64
    }

    /// Writes database and audit log into one sealed file, as they are at one moment, while a gateway may run on the state. The file is whole
    /// when this returns, or not there at all. The master key is not in it, and nothing opens it but that key.
    ///
    /// The replay memory is left out: its latest part can never be in a backup, which is why a restored state waits (``restored()``).
    public func backup(to path: String, at now: WallTime) throws(StateError) -> Backup {
        let copy = held.file("backup-\(getpid()).db")
        try FileSystem.remove(copy)
        // SQLite would make it with the mode that the umask leaves.
        _ = try Descriptor(opening: copy, O_RDWR | O_CREAT | O_EXCL)
        defer { try? FileSystem.remove(copy) }
        let key = master.withLock { $0 }
        let records = try progress().head.sequence
        try database.copy(to: copy)
        let temporary = path + ".part"
        try FileSystem.remove(temporary)
        let file = try Descriptor(opening: temporary, O_RDWR | O_CREAT | O_EXCL)
        do throws(StateError) {
            let header = BackupHeader(node: node, check: key.check, made: now, sequence: records)
            let writer = try SealedWriter(file, header: header, key: key.backup)
            try Self.add(copy, as: StateDirectory.database, to: writer)
            for name in try FileSystem.names(in: auditDirectory).sorted() where BackupEntry.isAuditFile(name) {
                try Self.add(auditDirectory + "/" + name, as: "audit/" + name, to: writer)
            }
            try writer.append([BackupEntry.end])
            let size = try writer.finish()
            try FileSystem.rename(temporary, to: path)
            return Backup(path: path, made: now, size: size, records: records)
        } catch {
            try? FileSystem.remove(temporary)
            throw error
        }
    }

    private static func add(_ path: String, as name: String, to writer: SealedWriter) throws(StateError) {
        let file: Descriptor
        do throws(StateError) { file = try Descriptor(opening: path, O_RDONLY) } catch {
            // A segment whose time to be kept has ended meanwhile.
            guard FileSystem.exists(path) else { return }
            throw error
        }
        let size = name.hasSuffix(".jsonl") ? try wholeLines(file) : try file.size()
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

    /// The newest segment is being written: up to its last line that is complete.
    private static func wholeLines(_ file: Descriptor) throws(StateError) -> Int {
        var end = try file.size()
        var room = [UInt8](repeating: 0, count: 1 << 16)
        while end > 0 {
            let count = min(end, room.count)
            let result: Result<Int, StateError> = room.withUnsafeMutableBytes { room in
                Result { () throws(StateError) in try file.readSome(into: UnsafeMutableRawBufferPointer(rebasing: room[..<count]), at: end - count) }
            }
            guard try result.get() == count else { throw StateError(.damaged, "\(file.path): shrank while it was read") }
            if let newline = room[..<count].lastIndex(of: UInt8(ascii: "\n")) { return end - count + newline + 1 }
            end -= count
        }
        return 0
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
            && name.utf8.allSatisfy { $0 == 0x2d || $0 == 0x2e || $0 == 0x5f || 0x30...0x39 ~= $0 || 0x41...0x5a ~= $0 || 0x61...0x7a ~= $0 }
    }
}
