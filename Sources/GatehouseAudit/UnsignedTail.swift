internal import GatehouseTime

/// Records after the last signed checkpoint. One is promised after each 1,000 records, within a minute of each, and at each stop.
struct UnsignedTail {
    static let promisedRecords: UInt64 = 1_000
    /// A minute, and what a checkpoint may take on a machine that has much to do.
    private static let promisedTime = Duration.seconds(75)

    /// The last record that is covered.
    let after: UInt64
    private(set) var length: UInt64 = 0
    private var began: WallTime?
    private var latest: WallTime?
    private var endsWithStop = false

    init(after sequence: UInt64) { after = sequence }

    mutating func append(_ line: LogLine) {
        guard line.sequence > after else { return }
        length += 1
        let time = line.time
        began = began ?? time
        latest = time
        endsWithStop = line.isOfKind("system") && line.text("action").map { $0.count == 4 && $0.has("stop", at: 0) } == true
    }

    /// Records that a checkpoint should cover by now; nil where none is late.
    var overdue: ClosedRange<UInt64>? {
        guard length > 0 else { return nil }
        var isLate = length > Self.promisedRecords || endsWithStop
        if let began, let latest, latest - began > Self.promisedTime { isLate = true }
        return isLate ? after + 1...after + length : nil
    }
}
