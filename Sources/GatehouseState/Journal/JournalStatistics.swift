/// What a journal has done since it was opened.
public struct JournalStatistics: Sendable {
    public var batches: UInt64 = 0
    public var records: UInt64 = 0
    public var bytes: UInt64 = 0
    public var segments: UInt64 = 0
    /// Batches that could not be made durable.
    public var failedBatches: UInt64 = 0
    /// Requests that were answered without a record, because the journal failed for too long.
    public var unrecorded: UInt64 = 0
    public var syncs = JournalHistogram(bounds: durations)
    /// Of batches that became durable: from being taken by the writer to having been synced, with what the handlers store before that.
    public var batchTimes = JournalHistogram(bounds: durations)
    public var batchSizes = JournalHistogram(bounds: [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024])

    private static let durations: [UInt64] = [50, 100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 102_400, 409_600, 1_638_400]
}

/// Counts by upper bound; durations in microseconds.
public struct JournalHistogram: Sendable {
    /// Inclusive; the last count is of what lies above all of them.
    public let bounds: [UInt64]
    public private(set) var counts: [UInt64]
    public private(set) var sum: UInt64 = 0

    init(bounds: [UInt64]) {
        self.bounds = bounds
        counts = Array(repeating: 0, count: bounds.count + 1)
    }

    public var count: UInt64 { counts.reduce(0, +) }

    mutating func record(_ value: UInt64) {
        counts[bounds.firstIndex { value <= $0 } ?? bounds.count] += 1
        sum &+= value
    }
}
