#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Bounded reading of the files that policy consists of or names.
enum SourceFile {
    /// A policy file of this size holds thousands of times what policy needs.
    static let largest = 1024 * 1024

    enum Problem: Error {
        case missing
        case unreadable(String)
        case notAFile
        case tooLarge(limit: Int)
    }

    /// The whole file. A larger one is refused from its length alone, and one that grows meanwhile as soon as it is too long.
    static func read(_ path: String, limit: Int = largest) throws(Problem) -> [UInt8] {
        // Without blocking, or a named pipe in the directory would hold up the start for ever.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw errno == ENOENT ? .missing : .unreadable(reason()) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .unreadable(reason()) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .notAFile }
        guard status.st_size <= limit else { throw .tooLarge(limit: limit) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0 {
                if errno == EINTR { continue }
                throw .unreadable(reason())
            }
            if count == 0 { return bytes }
            bytes.append(contentsOf: chunk.prefix(count))
            guard bytes.count <= limit else { throw .tooLarge(limit: limit) }
        }
    }

    /// Reads for a policy pass: nil with the reason said.
    static func read(_ path: String, limit: Int = largest, _ reading: Reading) -> [UInt8]? {
        let place = Node.Place(file: path, line: 0, column: 0)
        do throws(Problem) {
            return try read(path, limit: limit)
        } catch {
            switch error {
            case .missing: reading.error("no such file", at: place)
            case .unreadable(let reason):
                reading.error("cannot be read: \(reason)", at: place, hint: "check the owner and mode of the file and its directories")
            case .notAFile: reading.error("not a regular file", at: place)
            case .tooLarge(let limit): reading.error("larger than \(limit / 1024) KiB", at: place)
            }
            return nil
        }
    }

    /// Why a named file is of no use, or nil where it can be read (and, for a program, run).
    static func obstacle(_ path: String, executable: Bool = false) -> String? {
        var status = stat()
        guard stat(path, &status) == 0 else { return errno == ENOENT ? "does not exist" : "cannot be read: \(reason())" }
        guard status.st_mode & S_IFMT == S_IFREG else { return "is not a regular file" }
        if executable { return access(path, X_OK) == 0 ? nil : "is not executable" }
        return access(path, R_OK) == 0 ? nil : "cannot be read: \(reason())"
    }

    /// Every user of the machine may change it.
    static func isWorldWritable(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IWOTH != 0
    }

    static func isDirectory(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// The names in a directory, sorted, hidden ones left out; nil with `errno` set where it cannot be listed.
    static func list(_ path: String) -> [String]? {
        guard let directory = opendir(path) else { return nil }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted()
    }

    /// `path` as seen from the directory of `file`, the file that names it.
    static func resolve(_ path: String, from file: String) -> String {
        if path.hasPrefix("/") { return path }
        guard let slash = file.lastIndex(of: "/") else { return path }
        return file[...slash] + path
    }

    private static func reason() -> String { String(cString: strerror(errno)) }
}
