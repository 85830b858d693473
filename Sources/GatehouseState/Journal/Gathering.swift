internal import GatehouseTime

/// How long the writer lets a batch grow before it commits it.
///
/// A sync costs the same CPU for one record as for a hundred. On a fast disk and busy loops only a few records arrive during one, so
/// committing at once would spend more on syncs than on everything else. So while records keep coming, the writer waits for a multiple of
/// what arrived during the last sync. The multiple grows while it is reached, and shrinks when arrivals stall: then the loops themselves
/// wait for the journal, and there is nothing to wait for but a look now and then. At low load nothing waits.
struct Gathering {
    /// A pause in which fewer than ``steady`` records arrive is a stall.
    static let pause: UInt64 = 200_000
    static let steady = 2
    /// Fewer pending records than this are no load worth waiting for.
    static let least = 4
    static let most = 256

    private let pauses: Int
    /// In eighths, so that it can grow slowly.
    private var multiple = 24
    /// Batches committed at once since waiting stopped being worth it.
    private var skipped = 0

    /// - Parameter longest: the most that a batch waits, rounded down to whole pauses.
    init(longest: Duration) {
        pauses = Int(clamping: max(0, longest.microseconds) / Int64(Self.pause / 1_000))
    }

    /// How many pending records to wait for, given those that are there when the writer is free; nil where to wait for none.
    mutating func target(pending: Int) -> Int? {
        guard pauses > 0, pending >= Self.least, pending < Self.most else { return nil }
        if multiple <= 8 {
            skipped += 1
            guard skipped >= 64 else { return nil }
            skipped = 0
            multiple = 12
        }
        return min(pending * multiple / 8, Self.most)
    }

    /// Whether another pause is worth it, after one that ended with fewer records than wanted.
    mutating func goesOn(after done: Int, arrived: Int) -> Bool {
        guard arrived >= Self.steady else {
            multiple = max(8, multiple - 4)
            return false
        }
        return done < pauses
    }

    mutating func reachedTarget() { multiple = min(96, multiple + 1) }
}
