import GatehouseVerify

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Writes a `*.keys` file from entries that come in the order of their keys. Memory: the filter, the index and one buffer.
///
/// The file appears under its name only when it is whole and durable; a writer that is dropped before leaves a `.tmp` that the next start
/// removes. After any error the writer is to be dropped: nothing it wrote counts.
final class SegmentWriter {
    private let path: String
    private let file: Descriptor
    private let filter: UnsafeMutableBufferPointer<UInt64>
    private let buffer: UnsafeMutableRawBufferPointer
    private var buffered = 0
    private var page: [ReplayEntry] = []
    private var index: [UInt64] = []
    private var written = SegmentFormat.page
    private var durable = 0
    private var count = 0
    private var lastExpires: UInt32 = 0
    private var sample: [UInt32] = []
    private var sampleStep = 1

    /// `capacity` is the most entries that will come.
    init(path: String, capacity: Int) throws(StateError) {
        self.path = path
        file = try Descriptor(opening: path + ".tmp", O_WRONLY | O_CREAT | O_TRUNC)
        filter = .allocate(capacity: ReplayFilter.size(keys: capacity) / 8)
        filter.initialize(repeating: 0)
        buffer = .allocate(byteCount: 64 * SegmentFormat.page, alignment: 8)
        page.reserveCapacity(SegmentFormat.entriesPerPage)
    }

    deinit {
        filter.deallocate()
        buffer.deallocate()
    }

    func append(_ entry: ReplayEntry) throws(StateError) {
        ReplayFilter.insert(entry.key, into: filter)
        lastExpires = max(lastExpires, entry.expires)
        if count % sampleStep == 0 {
            sample.append(entry.expires)
            if sample.count == 2 * Self.sampleSize { thinSample() }
        }
        count += 1
        page.append(entry)
        if page.count == SegmentFormat.entriesPerPage { try finishPage() }
    }

    /// On return the file is durable under its name. It must hold at least one entry.
    func finish() throws(StateError) {
        precondition(count > 0, "a segment holds at least one entry")
        if !page.isEmpty { try finishPage() }
        try flushBuffer()
        let filterBytes = UnsafeRawBufferPointer(filter)
        try file.write(filterBytes, at: written)
        let indexChecksum = index.withUnsafeBytes { Checksum.compute($0) }
        let result: Result<Void, StateError> = index.withUnsafeBytes { bytes in
            Result { () throws(StateError) in try file.write(bytes, at: written + filterBytes.count) }
        }
        try result.get()
        sample.sort()
        let header = SegmentFormat.Header(
            count: UInt64(count), pages: UInt64(index.count), filterBytes: UInt64(filterBytes.count),
            medianExpires: sample[sample.count / 2],
            lastExpires: lastExpires, indexChecksum: indexChecksum, filterChecksum: Checksum.compute(filterBytes))
        let headerResult: Result<Void, StateError> = SegmentFormat.encode(header).withUnsafeBytes { bytes in
            Result { () throws(StateError) in try file.write(bytes, at: 0) }
        }
        try headerResult.get()
        try file.sync()
        try FileSystem.rename(path + ".tmp", to: path)
    }

    private func finishPage() throws(StateError) {
        let slot = UnsafeMutableRawBufferPointer(rebasing: buffer[buffered..<(buffered + SegmentFormat.page)])
        SegmentFormat.encode(page[...], page: index.count, into: slot)
        index.append(page[0].key.high.littleEndian)
        page.removeAll(keepingCapacity: true)
        buffered += SegmentFormat.page
        if buffered == buffer.count { try flushBuffer() }
    }

    private func flushBuffer() throws(StateError) {
        try file.write(UnsafeRawBufferPointer(rebasing: buffer[..<buffered]), at: written)
        written += buffered
        buffered = 0
        // In small portions: one sync of a large file would hold up the audit log's on the same disk.
        if written - durable >= 8 << 20 {
            try file.sync()
            durable = written
        }
    }

    private func thinSample() {
        sample = stride(from: 0, to: sample.count, by: 2).map { sample[$0] }
        sampleStep *= 2
    }

    private static let sampleSize = 1024
}
