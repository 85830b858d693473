import GatehouseVerify

/// Merges segments into one, step by step, so that the keeper can save recent entries in between. Expired entries are left out; of several
/// with one key, the one that expires last stays.
final class SegmentMerge {
    let inputs: [ReplaySegment]
    let number: UInt64
    private let path: String
    private let writer: SegmentWriter
    private let second: UInt32
    private let buffer: UnsafeMutableRawBufferPointer
    private var cursors: [Cursor]
    private var pending: ReplayEntry?
    private var written = 0

    private struct Cursor {
        var page = 0
        var position = 0
        var entries: [ReplayEntry] = []
    }

    /// `second`: entries that expired before it are dropped.
    init(_ inputs: [ReplaySegment], number: UInt64, path: String, expiredBefore second: UInt32) throws(StateError) {
        self.inputs = inputs
        self.number = number
        self.path = path
        self.second = second
        writer = try SegmentWriter(path: path, capacity: inputs.reduce(0) { $0 + $1.count })
        buffer = .allocate(byteCount: Self.pagesPerRead * SegmentFormat.page, alignment: 8)
        cursors = inputs.map { _ in Cursor() }
    }

    deinit { buffer.deallocate() }

    /// Moves about `entries` on. True when the inputs are used up; then call ``finish()``.
    func step(_ entries: Int) throws(StateError) -> Bool {
        for _ in 0..<entries {
            guard let entry = try next() else { return true }
            if let last = pending, last.key.high == entry.key.high, last.key.low == entry.key.low {
                if entry.expires > last.expires { pending = entry }
            } else {
                try write()
                pending = entry
            }
        }
        return false
    }

    /// Makes the merged file durable. Nil where every entry had expired.
    func finish() throws(StateError) -> ReplaySegment? {
        try write()
        guard written > 0 else {
            try FileSystem.remove(path + ".tmp")
            return nil
        }
        try writer.finish()
        return try ReplaySegment(number: number, path: path)
    }

    private func write() throws(StateError) {
        guard let entry = pending else { return }
        pending = nil
        guard entry.expires >= second else { return }
        try writer.append(entry)
        written += 1
    }

    /// The least entry of all inputs.
    private func next() throws(StateError) -> ReplayEntry? {
        var best: Int?
        for index in cursors.indices {
            if cursors[index].position == cursors[index].entries.count {
                guard try refill(index) else { continue }
            }
            if let current = best,
                !ReplayEntry.precedes(cursors[index].entries[cursors[index].position], cursors[current].entries[cursors[current].position])
            {
                continue
            }
            best = index
        }
        guard let best else { return nil }
        defer { cursors[best].position += 1 }
        return cursors[best].entries[cursors[best].position]
    }

    /// False at the end of the input.
    private func refill(_ index: Int) throws(StateError) -> Bool {
        let pages = Int(inputs[index].header.pages)
        let first = cursors[index].page
        guard first < pages else { return false }
        let range = first..<min(first + Self.pagesPerRead, pages)
        cursors[index].entries.removeAll(keepingCapacity: true)
        cursors[index].position = 0
        cursors[index].page = range.upperBound
        try inputs[index].read(pages: range, through: buffer, into: &cursors[index].entries)
        return !cursors[index].entries.isEmpty
    }

    private static let pagesPerRead = 16
}
