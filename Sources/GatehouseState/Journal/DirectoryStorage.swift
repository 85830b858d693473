internal import GatehouseAudit

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Segments as files of a directory.
package struct DirectoryStorage: JournalStorage {
    package let directory: String
    /// The only segment, whatever its name, and no anchor beside it; nil for a directory of segments.
    let only: String?

    package init(directory: String) {
        self.directory = directory
        only = nil
    }

    /// - Parameter path: of a directory, or of a file that holds a whole log.
    package init(path: String) {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            self.init(directory: path)
            return
        }
        let name = path.split(separator: "/").last.map(String.init) ?? path
        let parent = path.dropLast(name.utf8.count)
        self.init(directory: parent.isEmpty ? "." : String(parent), only: name)
    }

    private init(directory: String, only: String) {
        self.directory = directory
        self.only = only
    }

    package func segments() throws(JournalError) -> [String] {
        if let only { return [only] }
        guard let stream = opendir(directory) else { throw .system("opendir", directory, errno) }
        defer { closedir(stream) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = readdir(stream) else {
                guard errno == 0 else { throw .system("readdir", directory, errno) }
                return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
            }
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            if SegmentName.isOne(name) { names.append(name) }
        }
    }

    package func open(_ name: String, creating: Bool) throws(JournalError) -> any JournalFile {
        try PosixFile(path: path(name), creating: creating)
    }

    package func syncDirectory() throws(JournalError) {
        let descriptor = Glibc.open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system("open", directory, errno) }
        defer { Glibc.close(descriptor) }
        guard fsync(descriptor) == 0 else { throw .system("fsync", directory, errno) }
    }

    package func read(_ name: String) throws(JournalError) -> [UInt8]? {
        if only != nil { return nil }
        let file: PosixFile
        do throws(JournalError) { file = try PosixFile(path: path(name), creating: false) } catch {
            guard error.code == .missing else { throw error }
            return nil
        }
        // One byte more than anyone wants shows that it is too long.
        var bytes = [UInt8](repeating: 0, count: LogAnchor.longest + 1)
        let outcome: Result<Int, JournalError> = bytes.withUnsafeMutableBytes { buffer in
            do throws(JournalError) { return .success(try file.read(at: 0, into: buffer)) } catch { return .failure(error) }
        }
        return Array(bytes.prefix(try outcome.get()))
    }

    package func replace(_ name: String, with bytes: [UInt8]) throws(JournalError) {
        let fresh = path(name + ".tmp")
        let file = try PosixFile(path: fresh, creating: true)
        try file.truncate(to: 0)
        let outcome: Result<Void, JournalError> = bytes.withUnsafeBytes { buffer in
            do throws(JournalError) { return .success(try file.write(buffer, at: 0)) } catch { return .failure(error) }
        }
        try outcome.get()
        try file.sync()
        guard rename(fresh, path(name)) == 0 else { throw .system("rename", fresh, errno) }
        try syncDirectory()
    }

    package func remove(_ name: String) throws(JournalError) {
        guard unlink(path(name)) == 0 || errno == ENOENT else { throw .system("unlink", path(name), errno) }
    }

    package func freeBytes() throws(JournalError) -> UInt64 {
        guard let free = FreeSpace.bytes(at: directory) else { throw .system("statvfs", directory, errno) }
        return free
    }

    private func path(_ name: String) -> String { "\(directory)/\(name)" }
}

private final class PosixFile: JournalFile {
    private let path: String
    private var descriptor: Int32

    init(path: String, creating: Bool) throws(JournalError) {
        self.path = path
        descriptor = Glibc.open(path, (creating ? O_RDWR | O_CREAT : O_RDWR) | O_CLOEXEC | O_NOFOLLOW, 0o600)
        if descriptor < 0, !creating, errno == EACCES || errno == EROFS {
            // A copied log may be read by those who may not write it.
            descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        }
        guard descriptor >= 0 else { throw .system("open", path, errno) }
    }

    deinit { close() }

    func size() throws(JournalError) -> Int {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .system("fstat", path, errno) }
        return Int(status.st_size)
    }

    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(JournalError) -> Int {
        var done = 0
        while done < buffer.count {
            let count = pread(descriptor, buffer.baseAddress.map { $0 + done }, buffer.count - done, off_t(offset + done))
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .system("read", path, errno) }
            guard count > 0 else { break }
            done += count
        }
        return done
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(JournalError) {
        var done = 0
        while done < bytes.count {
            let count = pwrite(descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done, off_t(offset + done))
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .system("write", path, count < 0 ? errno : ENOSPC) }
            done += count
        }
    }

    func sync() throws(JournalError) {
        // Not again on EINTR either: a second call may say yes to what the first one lost.
        guard fdatasync(descriptor) == 0 else { throw .system("fdatasync", path, errno) }
    }

    func truncate(to size: Int) throws(JournalError) {
        guard ftruncate(descriptor, off_t(size)) == 0 else { throw .system("ftruncate", path, errno) }
    }

    var isInPlace: Bool {
        var (own, named) = (stat(), stat())
        return fstat(descriptor, &own) == 0 && lstat(path, &named) == 0 && own.st_ino == named.st_ino && own.st_dev == named.st_dev
    }

    func close() {
        guard descriptor >= 0 else { return }
        _ = Glibc.close(descriptor)
        descriptor = -1
    }
}
