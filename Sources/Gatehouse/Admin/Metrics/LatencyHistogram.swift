/// How often something took how long: counts in buckets whose bounds double from one microsecond to 16.8 seconds. Recording is a few
/// instructions and never allocates.
struct LatencyHistogram: Sendable {
    /// The last bucket holds everything longer.
    private(set) var counts = [UInt64](repeating: 0, count: Self.bounds + 1)
    private(set) var nanoseconds: UInt64 = 0

    static let bounds = 25

    mutating func record(nanoseconds duration: UInt64) {
        // Rounded up to whole microseconds, so that a bound belongs to its own bucket: 1 → 0, 2 → 1, 3…4 → 2, 5…8 → 3.
        let microseconds = duration / 1_000 + (duration % 1_000 == 0 ? 0 : 1)
        let bucket = microseconds <= 1 ? 0 : 64 - (microseconds - 1).leadingZeroBitCount
        counts[min(bucket, Self.bounds)] += 1
        nanoseconds &+= duration
    }

    mutating func add(_ other: LatencyHistogram) {
        for index in counts.indices { counts[index] += other.counts[index] }
        nanoseconds &+= other.nanoseconds
    }

    var figures: HistogramFigures {
        HistogramFigures(
            bounds: (0..<Self.bounds).map { Double(UInt64(1) << UInt64($0)) / 1_000_000 }, counts: counts,
            sum: Double(nanoseconds) / 1_000_000_000)
    }
}

/// A histogram as the metrics page shows it, in base units.
struct HistogramFigures: Sendable {
    /// Ascending upper bounds, inclusive.
    var bounds: [Double]
    /// One for each bound, not cumulative, and one more for what is greater than the last.
    var counts: [UInt64]
    var sum: Double
}
