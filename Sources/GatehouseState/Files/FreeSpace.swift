#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The room that is left where a file stands.
enum FreeSpace {
    /// Bytes that this process may still use there; nil, with `errno` set, where that cannot be told.
    static func bytes(at path: String) -> UInt64? {
        var status = statvfs()
        guard statvfs(path, &status) == 0 else { return nil }
        return UInt64(status.f_bavail) * UInt64(status.f_frsize)
    }

    /// What to do about a failed write, as a sentence to follow its cause; empty where room is left and something else must be wrong.
    static func advice(at path: String) -> String {
        // A file that could not be made is not there to be asked about.
        guard let free = bytes(at: path) ?? bytes(at: FileSystem.directory(of: path)), free < few else { return "" }
        return ". Its file system is full (\(free >> 10) KiB are free): make room there"
    }

    /// SQLite asks for some pages at once, so that the last ones may be left.
    private static let few: UInt64 = 1 << 20
}
