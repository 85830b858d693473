import GRDB

/// The database library that the program runs with.
public enum StateLibrary {
    public static var sqliteVersion: String {
        guard let queue = try? DatabaseQueue(), let version = try? queue.read({ try String.fetchOne($0, sql: "SELECT sqlite_version()") })
        else {
            return "unknown"
        }
        return version
    }
}
