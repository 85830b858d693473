#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Names of users, for the people who read audit records.
enum UserName {
    /// nil where the system knows no name for the number.
    static func of(_ uid: UInt32) -> String? {
        var entry = passwd()
        var buffer = [CChar](repeating: 0, count: 4_096)
        var result: UnsafeMutablePointer<passwd>?
        guard getpwuid_r(uid_t(uid), &entry, &buffer, buffer.count, &result) == 0, result != nil, let name = entry.pw_name else {
            return nil
        }
        return String(cString: name)
    }

    /// Whose a file is, by name or number; nil where it is this process's user's.
    static func other(thanOwns path: String) -> String? {
        var status = stat()
        guard stat(path, &status) == 0, status.st_uid != geteuid() else { return nil }
        return of(status.st_uid) ?? "#\(status.st_uid)"
    }
}
