#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Names in a directory: listing, replacing, removing.
enum FileSystem {
    static func exists(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0
    }

    /// Nil where there is none.
    static func size(_ path: String) -> Int? {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : nil
    }

    /// The names in a directory, in no order, without `.` and `..`.
    static func names(in directory: String) throws(StateError) -> [String] {
        guard let stream = opendir(directory) else { throw .system(directory, "list", errno) }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    /// Makes a 0700 directory where there is none; its parent must exist.
    static func makeDirectory(_ path: String) throws(StateError) {
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw .system(path, "create", errno) }
    }

    /// Replaces `path` as a whole: after a crash it holds either the old or the new content (SEC-74).
    static func replace(_ path: String, with bytes: UnsafeRawBufferPointer) throws(StateError) {
        let temporary = path + ".tmp"
        let file = try Descriptor(opening: temporary, O_WRONLY | O_CREAT | O_TRUNC)
        try file.write(bytes, at: 0)
        try file.sync()
        try rename(temporary, to: path)
    }

    /// Renames and syncs the directory: on return the new name is durable.
    static func rename(_ old: String, to new: String) throws(StateError) {
        guard Glibc.rename(old, new) == 0 else { throw .system(old, "rename to \(new)", errno) }
        try syncDirectory(of: new)
    }

    static func syncDirectory(of path: String) throws(StateError) {
        let directory = directory(of: path)
        let file = try Descriptor(opening: directory, O_RDONLY | O_DIRECTORY)
        guard retrying({ fsync(file.number) }) == 0 else { throw .system(directory, "sync", errno) }
    }

    /// Where the last name of a path stands.
    static func directory(of path: String) -> String {
        let name = path.hasSuffix("/") ? path.dropLast() : path[...]
        guard let slash = name.lastIndex(of: "/") else { return "." }
        return slash == name.startIndex ? "/" : String(name[..<slash])
    }

    /// Removes a file that may be gone already.
    static func remove(_ path: String) throws(StateError) {
        guard unlink(path) == 0 || errno == ENOENT else { throw .system(path, "remove", errno) }
    }
}
