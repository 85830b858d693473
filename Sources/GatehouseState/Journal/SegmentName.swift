internal import GatehouseTime

/// Names of segments sort in the order of the log: the first record's `seq` with leading zeros, then when the segment was begun.
enum SegmentName {
    /// Anything else in the directory is no part of the log: a copy that someone laid there is neither read nor written.
    static func isOne(_ name: String) -> Bool {
        let bytes = Array(name.utf8)
        return bytes.count == 19 + 1 + 16 + 6 && name.hasSuffix("Z.jsonl") && bytes[19] == UInt8(ascii: "-")
            && bytes[..<19].allSatisfy { 0x30 <= $0 && $0 <= 0x39 }
    }

    /// When the segment was begun, by its name.
    static func begun(_ name: String) -> WallTime? {
        let text = Array(name.utf8)
        guard isOne(name), text[28] == UInt8(ascii: "T") else { return nil }
        func part(_ start: Int, _ count: Int) -> String { String(decoding: text[start..<start + count], as: UTF8.self) }
        let time = "\(part(20, 4))-\(part(24, 2))-\(part(26, 2))T\(part(29, 2)):\(part(31, 2)):\(part(33, 2))Z"
        return WallTime(rfc3339: Array(time.utf8))
    }

    /// The number of the segment's first record, by its name.
    static func first(_ name: String) -> UInt64? { isOne(name) ? UInt64(name.prefix(19)) : nil }

    static func name(first sequence: UInt64, at time: WallTime) -> String {
        let digits = String(sequence)
        let moment = time.description.prefix(19).filter { $0 != "-" && $0 != ":" }
        return String(repeating: "0", count: max(0, 19 - digits.count)) + digits + "-" + moment + "Z.jsonl"
    }
}
