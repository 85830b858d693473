import GatehouseCrypto
import GatehouseState

/// The program's own version and those of what it stands on.
public enum GatehouseVersion {
    public static let current = "0.1.0"

    /// By name: the OpenSSL and SQLite that are loaded, the Swift that built the program.
    public static var libraries: [String: String] {
        ["openssl": OpenSSLVersion.text, "sqlite": StateLibrary.sqliteVersion, "swift": swift]
    }

    private static var swift: String {
        #if compiler(>=6.4)
            "6.4 or later"
        #elseif compiler(>=6.3)
            "6.3"
        #else
            "6.2"
        #endif
    }
}
