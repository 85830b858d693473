import GatehouseCrypto

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// How a command hands a secret to a running gateway: through a named pipe in the state directory, whose name alone stands in the request.
///
/// Requests are JSON, and what reads JSON leaves copies behind in freed memory. Here the value goes from the kernel straight into memory that
/// is wiped, so that after a revocation no copy is left in the gateway (SEC-71). A pipe's content never reaches the disk.
final class ValuePipe {
    let name: String
    private let path: String
    private let descriptor: Descriptor

    /// Of a value; a pipe takes this much without a reader.
    static let longest = 16 * 1024
    private static let prefix = "value-"

    /// The value is in the pipe when this returns. The pipe goes with this object.
    init(_ value: Secret, in directory: String) throws(GatewayError) {
        guard value.count <= Self.longest else {
            throw GatewayError(.control, "the value has \(value.count) bytes, and at most 8192 are taken")
        }
        let random: [UInt8]
        do { random = try Random.bytes(16) } catch { throw GatewayError(.control, "\(error)") }
        Self.removeLeftovers(in: directory)
        name = "\(Self.prefix)\(getpid())-\(Hex.encode(random))"
        path = "\(directory)/\(name)"
        guard mkfifo(path, 0o600) == 0 else { throw Self.failure(path) }
        var status = stat()
        // A command of root's: the gateway's user has to be able to read it.
        if geteuid() == 0, stat(directory, &status) == 0, status.st_uid != 0 { _ = lchown(path, status.st_uid, status.st_gid) }
        // For reading too: otherwise opening waits for a reader.
        descriptor = Descriptor(open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW))
        guard descriptor.isOpen else {
            unlink(path)
            throw Self.failure(path)
        }
        let number = descriptor.number
        let written = value.withBytes { write(number, $0.baseAddress, $0.count) }
        guard written == value.count else {
            unlink(path)
            throw Self.failure(path)
        }
    }

    deinit { unlink(path) }

    /// Removes the pipes of commands that were killed: what was in them is gone with them.
    static func removeLeftovers(in directory: String) {
        guard let stream = opendir(directory) else { return }
        defer { closedir(stream) }
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            // EPERM: it lives, as another user.
            guard let maker = maker(name), kill(maker, 0) != 0, errno == ESRCH else { continue }
            var status = stat()
            let path = "\(directory)/\(name)"
            if lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFIFO { unlink(path) }
        }
    }

    /// The process that made a pipe, by its name; nil for any other name.
    private static func maker(_ name: String) -> Int32? {
        guard name.hasPrefix(prefix) else { return nil }
        let parts = name.dropFirst(prefix.count).split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[1].utf8.count == 32, parts[1].utf8.allSatisfy({ 0x30...0x39 ~= $0 || 0x61...0x66 ~= $0 }),
            parts[0].utf8.allSatisfy({ 0x30...0x39 ~= $0 }), let process = Int32(parts[0]), process > 0
        else { return nil }
        return process
    }

    /// The gateway's side.
    static func take(_ name: String, in directory: String) throws(GatewayError) -> Secret {
        guard maker(name) != nil else {
            throw GatewayError(.control, "the request names no pipe with a value; is the command of the same release?")
        }
        let path = "\(directory)/\(name)"
        let file = Descriptor(open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW))
        guard file.isOpen else { throw failure(path) }
        unlink(path)
        var status = stat()
        guard fstat(file.number, &status) == 0, status.st_mode & S_IFMT == S_IFIFO else {
            throw GatewayError(.control, "\(path) is no pipe")
        }
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: longest, alignment: 1)
        defer {
            if let base = room.baseAddress { explicit_bzero(base, room.count) }
            room.deallocate()
        }
        var count = 0
        while count < room.count, let base = room.baseAddress {
            let got = read(file.number, base + count, room.count - count)
            if got < 0, errno == EINTR { continue }
            // Empty: the writer wrote all of it before it asked.
            if got < 0, errno == EAGAIN { break }
            guard got >= 0 else { throw failure(path) }
            if got == 0 { break }
            count += got
        }
        return Secret(copying: UnsafeRawBufferPointer(rebasing: room[..<count]))
    }

    private static func failure(_ path: String) -> GatewayError {
        let number = errno
        let directory = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        let why = String(cString: strerror(number))
        guard number == EACCES || number == EPERM, let owner = UserName.other(thanOwns: directory) else {
            return GatewayError(.control, "the value could not be handed over at \(path): \(why)")
        }
        return GatewayError(
            .control,
            "the value could not be handed over to the gateway in \(directory): \(why); nothing was changed: "
                + "run this as its user, \(owner) (sudo -u \(owner) …)")
    }
}
