import GatehouseVerify

/// A blocked Bloom filter: each key sets seven bits within one cache line, so that a miss costs one memory access. With 16 bits a key about
/// one unknown key in a thousand looks known.
///
/// The line is chosen by the key's upper half, in which a segment is sorted: a filter is built from its first line to its last.
struct ReplayFilter: @unchecked Sendable {
    static let lineBytes = 64
    private static let keysPerLine = 32

    private let words: UnsafePointer<UInt64>
    private let lines: UInt64

    // Sound, and `@unchecked Sendable` with it: nobody writes the memory while filters of it exist, and its owner, a segment, outlives them
    // within a segment list.
    init(unowned memory: UnsafeRawBufferPointer) {
        guard let base = memory.baseAddress, memory.count >= Self.lineBytes else {
            preconditionFailure("a filter has at least one line")
        }
        words = base.assumingMemoryBound(to: UInt64.self)
        lines = UInt64(memory.count / Self.lineBytes)
    }

    /// How many bytes a filter for `count` keys has.
    static func size(keys count: Int) -> Int { max(1, (count + keysPerLine - 1) / keysPerLine) * lineBytes }

    @inline(__always) func mayContain(_ key: EventKey) -> Bool {
        let line = words + Int(truncatingIfNeeded: key.high.multipliedFullWidth(by: lines).high) &* 8
        var bits = key.low
        for _ in 0..<7 {
            let bit = Int(truncatingIfNeeded: bits & 511)
            guard line[bit >> 6] >> UInt64(bit & 63) & 1 == 1 else { return false }
            bits >>= 9
        }
        return true
    }

    /// Adds a key to a filter's memory.
    static func insert(_ key: EventKey, into memory: UnsafeMutableBufferPointer<UInt64>) {
        let lines = UInt64(memory.count / 8)
        let line = Int(key.high.multipliedFullWidth(by: lines).high) * 8
        var bits = key.low
        for _ in 0..<7 {
            let bit = Int(bits & 511)
            memory[line + (bit >> 6)] |= 1 << UInt64(bit & 63)
            bits >>= 9
        }
    }
}
