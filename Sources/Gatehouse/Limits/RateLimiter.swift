import GatehousePolicy
import GatehouseTime
import Synchronization

/// Authenticated events a sender may send to one endpoint (`limits.rate`), with a burst of one second's worth.
final class RateLimiter: Sendable {
    private let perSecond: Double
    private let burst: Double
    private let buckets = Mutex<[String: (tokens: Double, filled: MonotonicTime)]>([:])

    init(_ rate: Rate) {
        let seconds = max(Double(rate.per.microseconds) / 1_000_000, 0.001)
        perSecond = Double(rate.events) / seconds
        burst = max(1, perSecond)
    }

    /// nil: go on. Otherwise the whole seconds after which another event may come, at least 1.
    func take(_ sender: String, at now: MonotonicTime) -> Int? {
        buckets.withLock { buckets in
            var (tokens, filled) = buckets[sender] ?? (burst, now)
            tokens = min(burst, tokens + Double((now - filled).microseconds) / 1_000_000 * perSecond)
            filled = now
            defer { buckets[sender] = (tokens, filled) }
            guard tokens < 1 else {
                tokens -= 1
                return nil
            }
            return max(1, Int(((1 - tokens) / perSecond).rounded(.up)))
        }
    }
}
