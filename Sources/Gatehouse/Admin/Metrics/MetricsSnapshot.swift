import GatehouseVerify

/// What one event loop, or all of them together, have counted since the start.
struct MetricsSnapshot: Sendable {
    struct Decision: Hashable, Sendable {
        /// A number of ``MetricsNames``.
        var endpoint: Int
        /// A number of ``MetricsNames``.
        var sender: Int
        var decision: DecisionKind
        var reason: Reason

        /// Hashes numbers only: an enum with raw strings would hash its text. The few decisions of one endpoint and sender are told apart
        /// by comparing.
        func hash(into hasher: inout Hasher) {
            hasher.combine(endpoint)
            hasher.combine(sender)
        }
    }

    struct Handshake: Hashable, Sendable {
        /// `TLSv1.3`.
        var version: String
        var resumed: Bool
    }

    /// The parts of a request's way, in order. `total` is from the first byte of the request to the last of the answer.
    enum Stage: String, Sendable, CaseIterable { case head, verify, handler, journal, total }

    enum Refusal: String, Sendable, CaseIterable {
        case limit
        case perPeer = "per-peer"
        /// Out of descriptors or memory.
        case resources
        case draining
    }

    /// How far a sender's signed times lie behind the gateway's clock, in microseconds; negative where they are ahead.
    struct Skew: Sendable, Equatable {
        var count: UInt64 = 0
        var sum: Int64 = 0
        var least: Int64 = .max
        var greatest: Int64 = .min
        var last: Int64 = 0

        mutating func record(_ skew: Int64) {
            count += 1
            sum &+= skew
            least = min(least, skew)
            greatest = max(greatest, skew)
            last = skew
        }

        /// `last` is the other's where that has one.
        mutating func add(_ other: Skew) {
            guard other.count > 0 else { return }
            count += other.count
            sum &+= other.sum
            least = min(least, other.least)
            greatest = max(greatest, other.greatest)
            last = other.last
        }
    }

    var decisions: [Decision: UInt64] = [:]
    /// Indexed like `Stage.allCases`.
    var stages = [LatencyHistogram](repeating: LatencyHistogram(), count: Stage.allCases.count)
    var openConnections: Int = 0
    var acceptedConnections: UInt64 = 0
    /// Indexed like `Refusal.allCases`.
    var refusedConnections = [UInt64](repeating: 0, count: Refusal.allCases.count)
    var handshakes: [Handshake: UInt64] = [:]
    var failedHandshakes: UInt64 = 0
    var verifiedBytes: UInt64 = 0
    var handedOverBytes: UInt64 = 0
    var withheldBytes: UInt64 = 0
    /// Answered 429 because of `limits.failures`, without a record of their own.
    var limitedFailures: UInt64 = 0
    /// By a sender's number.
    var skews: [Int: Skew] = [:]

    mutating func add(_ other: MetricsSnapshot) {
        decisions.merge(other.decisions, uniquingKeysWith: +)
        for index in stages.indices { stages[index].add(other.stages[index]) }
        openConnections += other.openConnections
        acceptedConnections += other.acceptedConnections
        for index in refusedConnections.indices { refusedConnections[index] += other.refusedConnections[index] }
        handshakes.merge(other.handshakes, uniquingKeysWith: +)
        failedHandshakes += other.failedHandshakes
        verifiedBytes += other.verifiedBytes
        handedOverBytes += other.handedOverBytes
        withheldBytes += other.withheldBytes
        limitedFailures += other.limitedFailures
        for (sender, skew) in other.skews { skews[sender, default: Skew()].add(skew) }
    }
}
