extension Journal {
    /// Throws where the file system has less room than `reserve`, as the writer would on its first record: a change that has to leave one is
    /// then not begun.
    public static func requireRoom(in directory: String, reserve: UInt64) throws(JournalError) {
        let free = try DirectoryStorage(directory: directory).freeBytes()
        guard free >= reserve else { throw .noRoom(directory, free: free, reserve: reserve) }
    }
}

extension JournalError {
    static func noRoom(_ directory: String, free: UInt64, reserve: UInt64) -> JournalError {
        JournalError(.full, "\(directory): \(free >> 20) MiB are free, audit.reserve is \(reserve >> 20) MiB; make room, or lower it")
    }
}
