import Glibc

/// A file that grows at its end only, with this as its one writer, and is found again by its name after it was renamed or removed (as log
/// rotation does).
struct AppendFile: ~Copyable {
    let path: String
    private var descriptor = Descriptor(-1)
    private var identity: Identity?

    private struct Identity: Equatable {
        var device: dev_t
        var inode: ino_t

        init(_ status: stat) {
            device = status.st_dev
            inode = status.st_ino
        }
    }

    init(path: String) { self.path = path }

    /// Appends whole lines and syncs them. When this returns they are on the disk, in the file that had the name when it began.
    ///
    /// When it throws, none of them counts as written: the file is cut back to its former end, so that no half of a line stays. Where even
    /// that fails the file may hold them, and they will stand in it twice when they come again.
    mutating func append(_ lines: [UInt8]) throws(FileProblem) {
        let size = try open()
        do throws(FileProblem) {
            try write(endsMidLine(size) ? [UInt8(ascii: "\n")] + lines : lines)
            // After a failed sync the pages count as clean: a second try would succeed without having stored anything.
            guard fdatasync(descriptor.number) == 0 else { throw FileProblem("sync", path) }
        } catch {
            _ = ftruncate(descriptor.number, size)
            descriptor.close()
            throw error
        }
    }

    /// Makes the open file the one that has the name now. Returns its size.
    private mutating func open() throws(FileProblem) -> off_t {
        var status = stat()
        if descriptor.isOpen, stat(path, &status) == 0, Identity(status) == identity { return status.st_size }
        descriptor.close()
        // Without O_NONBLOCK a named pipe would keep this thread until someone reads it.
        descriptor = Descriptor(Glibc.open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0o600))
        guard descriptor.isOpen else { throw FileProblem("open", path) }
        guard fstat(descriptor.number, &status) == 0 else { throw FileProblem("look at", path) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            descriptor.close()
            throw FileProblem(description: "\(path) is not a regular file, so nothing can be stored in it")
        }
        identity = Identity(status)
        if status.st_size == 0 { try syncDirectory() }
        return status.st_size
    }

    /// A new file's name is as durable as its content only after this.
    private func syncDirectory() throws(FileProblem) {
        let parent = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let directory = Descriptor(Glibc.open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC))
        guard directory.isOpen, fsync(directory.number) == 0 else { throw FileProblem("sync the directory of", path) }
    }

    /// A crash can leave half a line, which the next one must not continue.
    private func endsMidLine(_ size: off_t) -> Bool {
        var last: UInt8 = 0
        return size > 0 && pread(descriptor.number, &last, 1, size - 1) == 1 && last != UInt8(ascii: "\n")
    }

    private func write(_ lines: [UInt8]) throws(FileProblem) {
        var start = 0
        while start < lines.count {
            let written = lines.withUnsafeBytes { Glibc.write(descriptor.number, $0.baseAddress.map { $0 + start }, $0.count - start) }
            if written >= 0 {
                start += written
            } else if errno != EINTR {
                throw FileProblem("write to", path)
            }
        }
    }
}

/// Why a file did not take what it was given.
struct FileProblem: Error, CustomStringConvertible {
    var description: String

    init(description: String) { self.description = description }

    /// Reads `errno`.
    init(_ action: String, _ path: String) {
        description = "could not \(action) \(path): \(String(cString: strerror(errno)))"
    }
}
