import GatehouseCrypto

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The files that a backup lays into the state directory on its way: a copy of the database, the sealed file as it is written, and the sealed
/// file until the command that asked for it has moved it away.
///
/// A process that is killed leaves them, with copies of credentials that outlive a revocation. So each name says whose it is, and what
/// belongs to nobody any more is removed.
struct BackupFiles {
    let directory: String

    private static let prefix = "backup-"
    private static let sealed = ".sealed"
    /// A sealed file whose owner the kernel could not name, of another PID namespace, is left for so long.
    private static let patience = 3_600

    /// - Parameter owner: the process that will move the sealed file away; 0: not known.
    func fresh(owner: Int32, _ suffix: Suffix) throws(StateError) -> String {
        let random: [UInt8]
        do { random = try Random.bytes(8) } catch { throw StateError(.backup, "a name could not be made: \(error)") }
        return "\(directory)/\(Self.prefix)\(owner)-\(Hex.encode(random))\(suffix.rawValue)"
    }

    enum Suffix: String {
        case database = ".db"
        case sealed = ".sealed"
    }

    /// - Parameter unfinished: also what a backup is still made of. Only for who holds the state and makes none.
    func removeLeftovers(unfinished: Bool) throws(StateError) {
        for name in try FileSystem.names(in: directory) where name.hasPrefix(Self.prefix) {
            let isLeft = name.hasSuffix(Self.sealed) ? !isAwaited(name) : unfinished && Self.isUnfinished(name)
            if isLeft { try FileSystem.remove("\(directory)/\(name)") }
        }
    }

    /// With what SQLite lays beside a database, and what ``State/backup(_:to:at:)`` writes before it has a name.
    private static func isUnfinished(_ name: String) -> Bool {
        [".db", ".db-journal", ".db-wal", ".db-shm", sealed + ".part"].contains { name.hasSuffix($0) }
    }

    private func isAwaited(_ name: String) -> Bool {
        let owner = Int32(name.dropFirst(Self.prefix.count).prefix { "0" <= $0 && $0 <= "9" }) ?? 0
        // EPERM: it lives, as another user.
        if owner > 0 { return kill(owner, 0) == 0 || errno == EPERM }
        var status = stat()
        guard stat("\(directory)/\(name)", &status) == 0 else { return false }
        return time(nil) - status.st_mtim.tv_sec < Self.patience
    }
}
