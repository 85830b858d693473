import GatehouseVerify

/// The counters of one event loop, touched on it only, so that counting takes neither lock nor atomic.
final class LoopMetrics {
    private var snapshot = MetricsSnapshot()
    /// Counts of decisions by position, so that a run of equal decisions looks none up.
    private var counts: [UInt64] = []
    private var positions: [MetricsSnapshot.Decision: Int] = [:]
    private var last: (decision: MetricsSnapshot.Decision, position: Int)?

    init() {}

    /// - Parameters:
    ///   - endpoint: the endpoint's number in ``MetricsNames``.
    ///   - sender: the sender's number there.
    func count(_ decision: DecisionKind, _ reason: Reason, endpoint: Int, sender: Int) {
        if let last, last.decision.reason == reason, last.decision.decision == decision, last.decision.endpoint == endpoint,
            last.decision.sender == sender
        {
            counts[last.position] += 1
            return
        }
        let key = MetricsSnapshot.Decision(endpoint: endpoint, sender: sender, decision: decision, reason: reason)
        let position: Int
        if let known = positions[key] {
            position = known
        } else {
            position = counts.count
            counts.append(0)
            positions[key] = position
        }
        counts[position] += 1
        last = (key, position)
    }

    func record(_ stage: MetricsSnapshot.Stage, nanoseconds: UInt64) {
        let index =
            switch stage {
            case .head: 0
            case .verify: 1
            case .handler: 2
            case .journal: 3
            case .total: 4
            }
        snapshot.stages[index].record(nanoseconds: nanoseconds)
    }

    func connectionOpened() {
        snapshot.openConnections += 1
        snapshot.acceptedConnections += 1
    }

    func connectionClosed() { snapshot.openConnections -= 1 }

    func connectionRefused(_ refusal: MetricsSnapshot.Refusal) {
        let index =
            switch refusal {
            case .limit: 0
            case .perPeer: 1
            case .resources: 2
            case .draining: 3
            }
        snapshot.refusedConnections[index] += 1
    }

    /// - Parameter version: as OpenSSL calls it, `TLSv1.3`.
    func handshakeCompleted(version: String, resumed: Bool) {
        snapshot.handshakes[MetricsSnapshot.Handshake(version: version, resumed: resumed), default: 0] += 1
    }

    func handshakeFailed() { snapshot.failedHandshakes += 1 }

    func verified(bytes: Int) { snapshot.verifiedBytes &+= UInt64(clamping: bytes) }

    /// Of a verified body that no handler is given: a duplicate's, an ignored or limited event's, one that could not be begun on.
    func withheld(bytes: Int) { snapshot.withheldBytes &+= UInt64(clamping: bytes) }

    func handedOver(bytes: Int) { snapshot.handedOverBytes &+= UInt64(clamping: bytes) }

    func failureLimited() { snapshot.limitedFailures += 1 }

    /// - Parameter microseconds: the gateway's clock minus the signed time, of a request that was authenticated.
    func skew(sender: Int, microseconds: Int64) { snapshot.skews[sender, default: MetricsSnapshot.Skew()].record(microseconds) }

    /// A copy of everything counted so far.
    func current() -> MetricsSnapshot {
        var current = snapshot
        for (decision, position) in positions { current.decisions[decision] = counts[position] }
        return current
    }
}
