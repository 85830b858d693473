#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What tells that a set of files changed: which files lie behind their paths, how long they are and when they were written. Links are
/// followed, so that swapping a link to a directory of certificates shows.
struct FileFingerprint: Sendable, Hashable {
    private struct File: Sendable, Hashable {
        var path: String
        var device: UInt64
        var inode: UInt64
        var size: Int64
        var modified: Int64
        var changed: Int64
    }

    private let files: [File]

    init(_ paths: some Sequence<String>) {
        files = Set(paths).sorted().map { path in
            var status = stat()
            guard stat(path, &status) == 0 else { return File(path: path, device: 0, inode: 0, size: -1, modified: 0, changed: 0) }
            return File(
                path: path, device: UInt64(status.st_dev), inode: UInt64(status.st_ino), size: Int64(status.st_size),
                modified: Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec),
                changed: Int64(status.st_ctim.tv_sec) * 1_000_000_000 + Int64(status.st_ctim.tv_nsec))
        }
    }
}

/// Decides when files have changed and are at rest again: the same in two looks, and different from what is loaded.
struct FileWatch: Sendable {
    private var loaded: FileFingerprint
    private var seen: FileFingerprint?

    init(loaded: FileFingerprint) { self.loaded = loaded }

    /// True once for each change, at the second look that sees it unchanged. A change that did not load is not tried again until the
    /// files change further.
    mutating func look(_ current: FileFingerprint) -> Bool {
        guard current != loaded else {
            seen = nil
            return false
        }
        guard current == seen else {
            seen = current
            return false
        }
        loaded = current
        seen = nil
        return true
    }
}
