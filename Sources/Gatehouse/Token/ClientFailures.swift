import GatehousePolicy
import GatehouseTime
import Synchronization

/// How often an address may fail to prove that it is a certain client (SEC-32): a bucket for each pair of them, so that guessing one
/// client's secret is slow and the client itself, elsewhere, notices nothing of it.
///
/// Asked on failures only. Bounded: a full table forgets the pairs whose bucket has filled up again, and all of them where none has.
final class ClientFailures: Sendable {
    /// Failures at once; from then on as many as `perSecond` says.
    static let burst = 20.0
    /// Which part of `limits.failures` one client at one address gets: one a second of the default's fifty.
    private static let share = 50.0
    static let tableLimit = 16_384

    private struct Pair: Hashable {
        var client: String
        var address: IPAddress
    }

    private let perSecond: Mutex<Double>
    private let buckets = Mutex<[Pair: (tokens: Double, filled: MonotonicTime)]>([:])

    /// - Parameter rate: `limits.failures`, of which one client gets a fiftieth.
    init(_ rate: Rate) { perSecond = Mutex(Self.perSecond(rate)) }

    /// From the next failure on. What a bucket gained since its last one counts at this rate already.
    func apply(_ rate: Rate) { perSecond.withLock { $0 = Self.perSecond(rate) } }

    private static func perSecond(_ rate: Rate) -> Double { FailureLimiter.perSecond(rate) / share }

    /// Counts a failure; where it is one too many, in how many seconds one would not be.
    func failed(_ client: String, from address: IPAddress, at now: MonotonicTime) -> Int? {
        let pair = Self.pair(client, address)
        return buckets.withLock { buckets in
            if buckets.count >= Self.tableLimit, buckets[pair] == nil { prune(&buckets, now) }
            var tokens = tokens(buckets[pair], now)
            defer { buckets[pair] = (tokens, now) }
            guard tokens >= 1 else { return wait(tokens) }
            tokens -= 1
            return nil
        }
    }

    /// The same of a failure that there may be; counts nothing.
    func wait(_ client: String, from address: IPAddress, at now: MonotonicTime) -> Int? {
        let left = buckets.withLock { tokens($0[Self.pair(client, address)], now) }
        return left < 1 ? wait(left) : nil
    }

    /// At most an hour: the table is not kept for longer anyway.
    private func wait(_ tokens: Double) -> Int { max(1, Int(min((1 - tokens) / perSecond.withLock { $0 }, 3_600).rounded(.up))) }

    private func tokens(_ bucket: (tokens: Double, filled: MonotonicTime)?, _ now: MonotonicTime) -> Double {
        guard let bucket else { return Self.burst }
        return min(Self.burst, bucket.tokens + Double((now - bucket.filled).microseconds) / 1_000_000 * perSecond.withLock { $0 })
    }

    private func prune(_ buckets: inout [Pair: (tokens: Double, filled: MonotonicTime)], _ now: MonotonicTime) {
        buckets = buckets.filter { tokens($0.value, now) < Self.burst }
        if buckets.count >= Self.tableLimit { buckets = [:] }
    }

    /// An IPv6 address counts by its /64; a claimed name by its first bytes, however long it is.
    private static func pair(_ client: String, _ address: IPAddress) -> Pair {
        Pair(client: String(client.prefix(64)), address: address.isV4 ? address : IPAddress(high: address.high, low: 0))
    }
}
