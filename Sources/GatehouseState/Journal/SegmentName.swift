internal import GatehouseTime

/// Names of segments sort in the order of the log: the first record's `seq` with leading zeros, then when the segment was begun.
enum SegmentName {
    /// Anything else in the directory is no part of the log: a copy that someone laid there is neither read nor written.
    static func isOne(_ name: String) -> Bool {
        let bytes = Array(name.utf8)
        return bytes.count == 19 + 1 + 16 + 6 && name.hasSuffix("Z.jsonl") && bytes[19] == UInt8(ascii: "-")
            && bytes[..<19].allSatisfy { 0x30 <= $0 && $0 <= 0x39 }
    }

    static func name(first sequence: UInt64, at time: WallTime) -> String {
        let digits = String(sequence)
        let moment = time.description.prefix(19).filter { $0 != "-" && $0 != ":" }
        return String(repeating: "0", count: max(0, 19 - digits.count)) + digits + "-" + moment + "Z.jsonl"
    }
}
