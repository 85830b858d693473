import GatehouseTime

/// How long one search may go on, so that a large body keeps neither the operator nor the other searches waiting.
final class ExplainBudget {
    /// A search of a body of usual size takes a tenth of it.
    static let usual = Duration.seconds(5)

    let duration: Duration
    /// The search was ended early, so that what it did not find may still be so.
    private(set) var wasSpent = false
    private let clock: any GatewayClock
    private let start: MonotonicTime

    init(_ duration: Duration = usual, clock: any GatewayClock = SystemClock()) {
        self.duration = duration
        self.clock = clock
        start = clock.monotonic
    }

    /// To be asked before each thing that would be tried next.
    var isSpent: Bool {
        if !wasSpent, clock.monotonic - start >= duration { wasSpent = true }
        return wasSpent
    }
}
