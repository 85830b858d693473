#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A file of the audit log as a backup takes it: whole, or up to the record that the backup ends with.
struct AuditFile {
    let name: String
    private let path: String
    /// Records of it that belong to the backup, and the last one's `seq`; nil: all of it.
    private let cut: (lines: UInt64, last: UInt64)?

    /// The segments with records up to `last`, in order, and what lies beside them.
    static func all(in directory: String, through last: UInt64) throws(StateError) -> [AuditFile] {
        let names = try FileSystem.names(in: directory).filter { BackupEntry.isAuditFile($0) && !$0.hasSuffix(".tmp") }.sorted()
        let segments = names.filter { SegmentName.first($0).map { $0 <= last } ?? false }
        return names.compactMap { name in
            let path = directory + "/" + name
            guard let first = SegmentName.first(name) else { return AuditFile(name: name, path: path, cut: nil) }
            guard first <= last else { return nil }
            return AuditFile(name: name, path: path, cut: name == segments.last ? (last - first + 1, last) : nil)
        }
    }

    /// Nil for a segment whose time to be kept has ended since it was listed: an anchor, which comes after the segments, stands for it.
    func open() throws(StateError) -> Descriptor? {
        do throws(StateError) { return try Descriptor(opening: path, O_RDONLY) } catch {
            guard FileSystem.exists(path) else { return nil }
            throw error
        }
    }

    /// How much of it belongs to the backup. The log's last segment is being written, so its size says nothing.
    func size(of file: Descriptor) throws(StateError) -> Int {
        let size = try file.size()
        guard let cut else { return size }
        var room = [UInt8](repeating: 0, count: 1 << 16)
        var (lines, start, offset) = (UInt64(0), 0, 0)
        while offset < size {
            let count = min(room.count, size - offset)
            let result: Result<Void, StateError> = room.withUnsafeMutableBytes { room in
                Result { () throws(StateError) in try file.read(into: UnsafeMutableRawBufferPointer(rebasing: room[..<count]), at: offset) }
            }
            try result.get()
            for index in room[..<count].indices where room[index] == UInt8(ascii: "\n") {
                lines += 1
                guard lines == cut.lines else {
                    start = offset + index + 1
                    continue
                }
                guard try isRecord(cut.last, in: file, at: start) else { break }
                return offset + index + 1
            }
            offset += count
        }
        throw StateError(.damaged, "\(path): does not hold record \(cut.last), which was written to it; `gatehouse audit verify` says more")
    }

    private func isRecord(_ sequence: UInt64, in file: Descriptor, at offset: Int) throws(StateError) -> Bool {
        let expected = Array("{\"seq\":\(sequence),".utf8)
        var found = [UInt8](repeating: 0, count: expected.count)
        let result: Result<Void, StateError> = found.withUnsafeMutableBytes { room in
            Result { () throws(StateError) in try file.read(into: room, at: offset) }
        }
        try result.get()
        return found == expected
    }
}
