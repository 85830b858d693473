#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Moves a finished file to where somebody wants it, on another file system too. The target must not exist, and is whole or not there.
enum FileMove {
    static func move(_ source: String, to target: String) throws(GatewayError) {
        // link(2) never replaces, as rename(2) would.
        if link(source, target) == 0 {
            unlink(source)
            return try syncDirectory(of: target)
        }
        defer { unlink(source) }
        guard errno == EXDEV || errno == EPERM || errno == ENOTSUP else { throw failure(target, "written") }
        try copy(source, to: target)
        try syncDirectory(of: target)
    }

    private static func copy(_ source: String, to target: String) throws(GatewayError) {
        let input = Descriptor(open(source, O_RDONLY | O_CLOEXEC))
        guard input.isOpen else { throw failure(source, "read") }
        let output = Descriptor(open(target, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600))
        guard output.isOpen else { throw failure(target, "written") }
        var buffer = [UInt8](repeating: 0, count: 1 << 18)
        do throws(GatewayError) {
            while true {
                let count = read(input.number, &buffer, buffer.count)
                if count < 0, errno == EINTR { continue }
                guard count >= 0 else { throw failure(source, "read") }
                if count == 0 { break }
                var done = 0
                while done < count {
                    let written = buffer.withUnsafeBytes { write(output.number, $0.baseAddress.map { $0 + done }, count - done) }
                    if written < 0, errno == EINTR { continue }
                    guard written > 0 else { throw failure(target, "written") }
                    done += written
                }
            }
            guard fsync(output.number) == 0 else { throw failure(target, "written") }
        } catch {
            unlink(target)
            throw error
        }
    }

    private static func syncDirectory(of path: String) throws(GatewayError) {
        let parent = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let directory = Descriptor(open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC))
        guard directory.isOpen, fsync(directory.number) == 0 else { throw failure(parent, "synced") }
    }

    private static func failure(_ path: String, _ action: String) -> GatewayError {
        GatewayError(.state, "\(path) could not be \(action): \(String(cString: strerror(errno)))")
    }
}
