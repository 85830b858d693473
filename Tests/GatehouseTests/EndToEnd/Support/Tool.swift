import GatehouseTesting

/// A program of the system, as users have it: curl and openssl.
enum Tool {
    static func run(_ program: String, _ arguments: [String], in folder: TemporaryFolder) async throws -> SpawnedProcess.Finished {
        try await SpawnedProcess.run("/usr/bin/\(program)", arguments, in: folder.path)
    }
}
