import GatehousePolicy
import Synchronization

/// Counts connections, all and by peer (`limits.connections`, `limits.per-peer`). A connection counts from its accept, handshake included (SEC-8).
final class ConnectionLimiter: Sendable {
    private struct Counts {
        var all = 0
        var byPeer: [IPAddress: Int] = [:]
    }

    private let counts = Mutex(Counts())

    /// nil: counted. Otherwise the limit that it is over.
    func enter(_ peer: IPAddress, limits: GatewayPolicy.Limits, exempt: Bool) -> MetricsSnapshot.Refusal? {
        counts.withLock { counts in
            guard counts.all < limits.connections else { return .limit }
            let own = counts.byPeer[peer, default: 0]
            guard exempt || own < limits.perPeer else { return .perPeer }
            counts.all += 1
            counts.byPeer[peer] = own + 1
            return nil
        }
    }

    func leave(_ peer: IPAddress) {
        counts.withLock { counts in
            counts.all -= 1
            let own = counts.byPeer[peer, default: 1] - 1
            counts.byPeer[peer] = own > 0 ? own : nil
        }
    }

    var open: Int { counts.withLock { $0.all } }
}
