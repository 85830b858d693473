#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The state's directory: nobody else's, and held by one process at a time.
final class StateDirectory: Sendable {
    let path: String
    static let database = "gatehouse.db"
    /// The descriptor whose lock this process holds; the kernel lets go of it when the process ends, however it ends.
    private let lock: Descriptor
    /// This process made the directory, or the file in it that the lock is on.
    private let madeDirectory: Bool
    private let madeLock: Bool

    /// Makes the directory (not its parents) if `create` says so, checks owner and mode, and takes the lock.
    init(_ path: String, create: Bool) throws(StateError) {
        self.path = path
        madeDirectory = !FileSystem.exists(path)
        madeLock = !FileSystem.exists(path + "/lock")
        if madeDirectory {
            guard create else {
                throw StateError(.access, "\(path): there is no such state directory; `gatehouse serve` or `gatehouse secret add` makes it")
            }
            do throws(StateError) {
                try FileSystem.makeDirectory(path)
            } catch {
                let advice =
                    FileSystem.exists(FileSystem.directory(of: path))
                    ? "Name another directory as `state`, or make it for this user: install -d -m 700 -o \(geteuid()) '\(path)'"
                    : "Its parent must exist: mkdir -p '\(FileSystem.directory(of: path))'"
                throw StateError(.access, "\(error.message). \(advice)")
            }
        }
        try Self.check(path, isDirectory: true)
        let file: Descriptor
        do throws(StateError) {
            file = try Descriptor(opening: path + "/lock", O_RDWR | O_CREAT)
        } catch {
            throw StateError(
                .access, "\(error.message). This process, of user \(geteuid()), must be able to write there: chmod 700 '\(path)'")
        }
        guard retrying({ flock(file.number, LOCK_EX | LOCK_NB) }) == 0 else {
            guard errno == EWOULDBLOCK else { throw .system(file.path, "lock", errno) }
            throw StateError(
                .locked, "\(path) is in use by \(Self.holder(file)); stop it, or give the command the policies of that gateway")
        }
        guard Self.isNamed(file) else { throw StateError(.locked, "\(path): another process gave this directory up just now; try again") }
        let pid = Array("\(getpid())\n".utf8)
        guard ftruncate(file.number, 0) == 0 else { throw .system(file.path, "write", errno) }
        let result: Result<Void, StateError> = pid.withUnsafeBytes { bytes in
            Result { () throws(StateError) in try file.write(bytes, at: 0) }
        }
        try result.get()
        lock = file
    }

    func file(_ name: String) -> String { path + "/" + name }

    /// Takes away the lock's file and the directory, each where this process made it; a directory that holds anything stays. What was to
    /// be made here was not made.
    ///
    /// Another process that opened the file before its lock was free sees that it has lost its name, and starts over.
    func abandon() {
        if madeLock { unlink(file("lock")) }
        if madeDirectory { rmdir(path) }
    }

    /// Refuses what others can reach, or what belongs to somebody else, with the command that helps (SEC-67).
    static func check(_ path: String, isDirectory: Bool) throws(StateError) {
        var status = stat()
        guard stat(path, &status) == 0 else { throw .system(path, "examine", errno) }
        let format = status.st_mode & S_IFMT
        guard format == (isDirectory ? S_IFDIR : S_IFREG) else {
            throw StateError(
                .access, "\(path) is no \(isDirectory ? "directory" : "regular file"): move it away, or name another directory as `state`")
        }
        guard status.st_uid == geteuid() else {
            throw StateError(
                .permissions,
                "\(path) belongs to user \(status.st_uid), and this process is user \(geteuid()): "
                    + "run it as that user, or chown \(geteuid()) '\(path)'"
            )
        }
        guard status.st_mode & 0o077 == 0 else {
            let mode = String(status.st_mode & 0o777, radix: 8)
            throw StateError(
                .permissions, "\(path) has mode 0\(mode), and others must not reach it: chmod \(isDirectory ? 700 : 600) '\(path)'")
        }
    }

    /// The file that was locked is the one that the next process would lock.
    private static func isNamed(_ file: Descriptor) -> Bool {
        var (own, named) = (stat(), stat())
        return fstat(file.number, &own) == 0 && stat(file.path, &named) == 0 && own.st_ino == named.st_ino && own.st_dev == named.st_dev
    }

    private static func holder(_ file: Descriptor) -> String {
        var bytes = [UInt8](repeating: 0, count: 32)
        let result: Result<Int, StateError> = bytes.withUnsafeMutableBytes { buffer in
            Result { () throws(StateError) in try file.readSome(into: buffer, at: 0) }
        }
        guard case .success(let count) = result,
            let pid = Int(String(decoding: bytes[..<count], as: UTF8.self).split(separator: "\n").first ?? "")
        else {
            return "another process"
        }
        return "process \(pid)"
    }
}
