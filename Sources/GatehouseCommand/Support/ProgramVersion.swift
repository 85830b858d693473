import Gatehouse

/// What `gatehouse --version` says: the program, and the libraries that are linked in or loaded.
enum ProgramVersion {
    static var text: String {
        let libraries = GatehouseVersion.libraries
        let lines = [
            "gatehouse \(GatehouseVersion.current)", libraries["swift"].map { "Swift \($0)" }, libraries["openssl"],
            libraries["sqlite"].map { "SQLite \($0)" },
        ]
        return lines.compactMap { $0 }.joined(separator: "\n")
    }
}
