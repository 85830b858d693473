import GatehousePolicy

/// A policy with the state of the files that it was read from, so that what changes after it was read is noticed.
struct LoadedPolicy: Sendable {
    let policy: Policy
    let files: FileFingerprint

    /// - Parameter swiftHandlers: the names that `to: swift:NAME` may have.
    /// - Throws: `PolicyError` with every mistake.
    init(directory: String, swiftHandlers: Set<String>) throws {
        policy = try Policy.load(directory: directory, swiftHandlers: swiftHandlers)
        files = FileFingerprint(GatewayRuntime.watched(policy))
    }
}
