import GatehouseAudit
import GatehousePolicy
import GatehouseTime
import Synchronization

/// How many refused requests an address may cause (`limits.failures`): a bucket an address, an IPv6 address by its /64.
///
/// Asked on refusals only, so accepted events never touch its lock. Bounded: when the table is full, addresses whose bucket has filled up
/// again are forgotten first, which changes nothing for them.
final class FailureLimiter: Sendable {
    /// A burst that an address may cause at once.
    static let burst = 200
    static let tableLimit = 65_536

    private struct Bucket {
        var tokens: Double
        var filled: MonotonicTime
        /// Requests answered 429 since `since`, told in one record.
        var limited = 0
        var reference: Reference?
    }

    private let perSecond: Mutex<Double>
    private let buckets = Mutex<[IPAddress: Bucket]>([:])

    init(_ rate: Rate) { perSecond = Mutex(Self.perSecond(rate)) }

    /// From the next refusal on. What a bucket gained since its last one counts at this rate already.
    func apply(_ rate: Rate) { perSecond.withLock { $0 = Self.perSecond(rate) } }

    static func perSecond(_ rate: Rate) -> Double {
        let seconds = Double(rate.per.microseconds) / 1_000_000
        return seconds > 0 ? Double(rate.events) / seconds : Double(rate.events)
    }

    enum Verdict: Sendable {
        /// Record and answer this refusal by itself.
        case within
        /// Answer 429 with this reference. The first of a second is told to write one record for all of them a second later.
        case limited(Reference, first: Bool)
    }

    /// Takes a token for a refusal caused by `address`. `reference` names the request, and the whole second's record if it is the first one over.
    /// `isOver`: limited in any case.
    func refuse(_ address: IPAddress, at now: MonotonicTime, reference: Reference, isOver: Bool = false) -> Verdict {
        buckets.withLock { buckets in
            if buckets.count >= Self.tableLimit { prune(&buckets, now) }
            var bucket = refilled(buckets[Self.key(address)], now)
            defer { buckets[Self.key(address)] = bucket }
            if bucket.tokens >= 1, !isOver {
                bucket.tokens -= 1
                return .within
            }
            bucket.limited += 1
            if let shared = bucket.reference { return .limited(shared, first: false) }
            bucket.reference = reference
            return .limited(reference, first: true)
        }
    }

    /// Whether a refusal by `address` would be limited now; taking nothing.
    func isLimited(_ address: IPAddress, at now: MonotonicTime) -> Bool {
        buckets.withLock { refilled($0[Self.key(address)], now).tokens < 1 }
    }

    /// Ends the second that a first `.limited` began; returns how many requests it covers.
    func endSecond(_ address: IPAddress) -> Int {
        buckets.withLock { buckets in
            guard var bucket = buckets[Self.key(address)] else { return 0 }
            defer { buckets[Self.key(address)] = bucket }
            let count = bucket.limited
            bucket.limited = 0
            bucket.reference = nil
            return count
        }
    }

    private func refilled(_ bucket: Bucket?, _ now: MonotonicTime) -> Bucket {
        guard var bucket else { return Bucket(tokens: Double(Self.burst), filled: now) }
        let seconds = Double((now - bucket.filled).microseconds) / 1_000_000
        bucket.tokens = min(Double(Self.burst), bucket.tokens + seconds * perSecond.withLock { $0 })
        bucket.filled = now
        return bucket
    }

    /// Drops full buckets; if none is full, the table is emptied of every bucket that no record is pending for.
    private func prune(_ buckets: inout [IPAddress: Bucket], _ now: MonotonicTime) {
        buckets = buckets.filter { $0.value.reference != nil || refilled($0.value, now).tokens < Double(Self.burst) }
        if buckets.count >= Self.tableLimit { buckets = buckets.filter { $0.value.reference != nil } }
    }

    private static func key(_ address: IPAddress) -> IPAddress {
        address.isV4 ? address : IPAddress(high: address.high, low: 0)
    }
}
