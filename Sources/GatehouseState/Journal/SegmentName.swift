internal import GatehouseTime

/// Names of segments sort in the order of the log: the first record's `seq` with leading zeros, then when the segment was begun.
enum SegmentName {
    static func name(first sequence: UInt64, at time: WallTime) -> String {
        let digits = String(sequence)
        let moment = time.description.prefix(19).filter { $0 != "-" && $0 != ":" }
        return String(repeating: "0", count: max(0, 19 - digits.count)) + digits + "-" + moment + "Z.jsonl"
    }
}
