internal import GatehouseTime

/// How long the writer lets a batch grow before it commits it.
///
/// A sync costs the same CPU for one record as for a hundred, so under load the writer waits until most of the requests that are in flight have their
/// record in the batch. How many are in flight shows in the batches: those just answered plus those that came meanwhile. While records
/// keep coming the loops have other work, and waiting costs them nothing; when they stall, the loops wait for the journal, and the batch is
/// committed as it is. At low load nothing waits.
package struct Gathering: Sendable {
    /// A pause in which fewer than ``steady`` records arrive is a stall.
    static let pause: UInt64 = 200_000
    static let steady = 2
    /// Fewer pending records than this are no load worth waiting for.
    static let least = 4
    /// More of them would not make a record noticeably cheaper.
    static let most = 64

    /// What a batch waits at most where nothing else is said.
    package static let longest = Duration.microseconds(1_600)

    private let pauses: Int
    /// Requests in flight, as far as is known; sinks slowly where batches say less.
    private var level = 0
    private var lastBatch = 0

    /// - Parameter longest: the most that a batch waits, rounded down to whole pauses.
    package init(longest: Duration) {
        pauses = Int(clamping: max(0, longest.microseconds) / Int64(Self.pause / 1_000))
    }

    /// How many pending records to wait for, given those that are there when the writer is free; nil where to wait for none.
    mutating func target(pending: Int) -> Int? {
        level = max(pending + lastBatch, level - level / 16 - 1)
        let wanted = min(level * 3 / 4, Self.most)
        guard pauses > 0, pending >= Self.least, pending < wanted else { return nil }
        return wanted
    }

    /// Whether another pause is worth it, after one that ended with fewer records than wanted.
    mutating func goesOn(after done: Int, arrived: Int) -> Bool {
        guard arrived >= Self.steady else {
            level /= 2
            return false
        }
        return done < pauses
    }

    /// The batch is closed with so many records.
    mutating func took(_ count: Int) { lastBatch = count }
}
