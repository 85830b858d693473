import GatehouseTime

/// How the reloads of a running gateway went: what `status` and the metrics say of them.
struct ReloadHistory: Sendable {
    /// Since the start.
    private(set) var failures: UInt64 = 0
    /// The last one, where it failed.
    private var problems: (found: [String], time: WallTime)?

    /// The policy in force is the one on disk, as far as anyone has asked for it.
    var isLastSuccessful: Bool { problems == nil }

    mutating func succeeded() { problems = nil }

    mutating func failed(_ found: [String], at time: WallTime) {
        failures += 1
        problems = (found, time)
    }

    /// A line each for what was wrong with the last reload; empty where nothing was.
    var warnings: [String] {
        guard let problems else { return [] }
        return problems.found.map { "not reloaded at \(problems.time), the policy before it stays: \($0)" }
    }
}
