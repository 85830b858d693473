import GatehouseTime

/// Everything the metrics page shows, as plain values: the sum of the loops' counters, and what the other parts report of themselves.
struct MetricsReport: Sendable {
    var loops: MetricsSnapshot
    /// ``MetricsNames/all``, taken after `loops`.
    var names: [String]
    var now: WallTime
    var build: Build
    var process: ProcessFigures
    var journal: Journal?
    var replay: Replay?
    var certificates: [Certificate] = []
    var overlaps: [Overlap] = []
    /// As of the last minute.
    var calendar: [ExpiryItem] = []
    var isReady = true
    /// Nil: no endpoint waits after a restore.
    var restoredUntil: WallTime?
    /// Since the start.
    var reloadFailures: UInt64 = 0
    var isLastReloadSuccessful = true
    /// Refused requests kept for `explain`, and those that were not, though they should have been.
    var rejectedKept: UInt64 = 0
    var rejectedDropped: UInt64 = 0
    var forwards: [Forward] = []

    init(loops: MetricsSnapshot, names: [String], now: WallTime, build: Build, process: ProcessFigures) {
        self.loops = loops
        self.names = names
        self.now = now
        self.build = build
        self.process = process
    }

    struct Build: Sendable {
        var version: String
        var openSSL: String
        var policyDigest: String
    }

    struct Journal: Sendable {
        var records: UInt64 = 0
        var bytes: UInt64 = 0
        var batches: UInt64 = 0
        /// Writes or syncs that failed.
        var failures: UInt64 = 0
        /// Requests answered without a record, as `audit.on-failure: allow` lets them be.
        var unrecorded: UInt64 = 0
        var isFailing = false
        var waiting = 0
        var lastSequence: UInt64 = 0
        /// Free bytes on the journal's file system.
        var freeBytes: UInt64?
        /// From the first record of a batch to its release, in seconds.
        var batchTimes: HistogramFigures?
        /// Of the sync alone, in seconds.
        var syncTimes: HistogramFigures?
        /// Records in a batch.
        var batchSizes: HistogramFigures?
    }

    struct Replay: Sendable {
        var remembered: UInt64 = 0
        var inFlight = 0
        var memoryBytes: UInt64 = 0
        /// Look-ups in the state that the filter could not spare.
        var stateLookups: UInt64 = 0
    }

    struct Certificate: Sendable {
        var subject: String
        var file: String
        var notAfter: WallTime
    }

    /// Live copies of the audit log.
    struct Forward: Sendable {
        var destination: String
        /// Sent since the start, repetitions too.
        var records: UInt64
        /// In the log and not sent.
        var behind: UInt64
        var isConnected: Bool
    }

    /// A version that is still accepted for a while.
    struct Overlap: Sendable {
        var credential: String
        var version: Int
        var until: WallTime
    }
}
