import GatehouseVerify

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// One `*.keys` file, written once and never changed. Its filter and the first key of each page are in memory; a look-up reads one page.
///
/// `@unchecked Sendable` is sound because the memory behind `memory` is filled before `init` returns and only read until `deinit`.
final class ReplaySegment: @unchecked Sendable {
    let number: UInt64
    let header: SegmentFormat.Header
    /// Valid while this object lives.
    let filter: ReplayFilter
    private let file: Descriptor
    private let memory: UnsafeMutableRawBufferPointer
    private let index: UnsafeBufferPointer<UInt64>

    var path: String { file.path }
    var count: Int { Int(header.count) }

    /// Reads header, index and filter, and checks them. Entries are not read: opening costs two bytes a key, not thirty-six.
    init(number: UInt64, path: String) throws(StateError) {
        let file = try Descriptor(opening: path, O_RDONLY)
        let fileBytes = try file.size()
        var first = [UInt8](repeating: 0, count: 64)
        let read: Result<Int, StateError> = first.withUnsafeMutableBytes { bytes in
            Result { () throws(StateError) in try file.readSome(into: bytes, at: 0) }
        }
        guard try read.get() == 64, let header = first.withUnsafeBytes({ SegmentFormat.decodeHeader($0, fileBytes: fileBytes) }) else {
            throw Self.damaged(path, "its header does not fit")
        }
        let memory = UnsafeMutableRawBufferPointer.allocate(
            byteCount: header.fileBytes - header.filterOffset, alignment: ReplayFilter.lineBytes)
        do throws(StateError) {
            try file.read(into: memory, at: header.filterOffset)
        } catch {
            memory.deallocate()
            throw error
        }
        let filterBytes = UnsafeRawBufferPointer(rebasing: memory[..<Int(header.filterBytes)])
        let indexBytes = UnsafeRawBufferPointer(rebasing: memory[Int(header.filterBytes)...])
        guard Checksum.compute(indexBytes) == header.indexChecksum, Checksum.compute(filterBytes) == header.filterChecksum else {
            memory.deallocate()
            throw Self.damaged(path, "its index or filter was changed")
        }
        self.number = number
        self.header = header
        self.file = file
        self.memory = memory
        index = indexBytes.bindMemory(to: UInt64.self)
        filter = ReplayFilter(unowned: filterBytes)
    }

    deinit { memory.deallocate() }

    /// The key's entry, expired or not. Reads from the disk; throws where the truth cannot be known.
    func find(_ key: EventKey) throws(StateError) -> ReplayEntry? {
        // The last page whose first key is not greater holds the key; with equal halves at a border, the one before may hold it too.
        var low = 0
        var high = index.count
        while low < high {
            let middle = low + (high - low) / 2
            if UInt64(littleEndian: index[middle]) <= key.high { low = middle + 1 } else { high = middle }
        }
        var page = low - 1
        while page >= 0 {
            if let entry = try find(key, inPage: page) { return entry }
            guard UInt64(littleEndian: index[page]) == key.high else { return nil }
            page -= 1
        }
        return nil
    }

    /// Reads pages `first..<first + pages` into `buffer` and appends their entries.
    func read(pages range: Range<Int>, through buffer: UnsafeMutableRawBufferPointer, into entries: inout [ReplayEntry]) throws(StateError)
    {
        let bytes = UnsafeMutableRawBufferPointer(rebasing: buffer[..<(range.count * SegmentFormat.page)])
        try file.read(into: bytes, at: (range.lowerBound + 1) * SegmentFormat.page)
        for page in range {
            let start = (page - range.lowerBound) * SegmentFormat.page
            let part = UnsafeRawBufferPointer(rebasing: bytes[start..<(start + SegmentFormat.page)])
            guard let count = SegmentFormat.checkedCount(part, page: page) else { throw Self.damaged(path, "page \(page + 1) was changed") }
            for index in 0..<count { entries.append(SegmentFormat.entry(index, of: part)) }
        }
    }

    private func find(_ key: EventKey, inPage page: Int) throws(StateError) -> ReplayEntry? {
        let result: Result<ReplayEntry?, StateError> = withUnsafeTemporaryAllocation(byteCount: SegmentFormat.page, alignment: 8) {
            buffer in
            Result { () throws(StateError) in
                try file.read(into: buffer, at: (page + 1) * SegmentFormat.page)
                let bytes = UnsafeRawBufferPointer(buffer)
                guard let count = SegmentFormat.checkedCount(bytes, page: page) else {
                    throw Self.damaged(path, "page \(page + 1) was changed")
                }
                var low = 0
                var high = count
                while low < high {
                    let middle = low + (high - low) / 2
                    let entry = SegmentFormat.entry(middle, of: bytes)
                    if entry.key.high == key.high, entry.key.low == key.low { return entry }
                    let precedes = entry.key.high != key.high ? entry.key.high < key.high : entry.key.low < key.low
                    if precedes { low = middle + 1 } else { high = middle }
                }
                return nil
            }
        }
        return try result.get()
    }

    private static func damaged(_ path: String, _ what: String) -> StateError {
        let directory = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        return StateError(
            .damaged,
            "\(path): \(what). Stop the gateway, check the disk, move \(directory) away and start again: "
                + "the memory is rebuilt from the audit log")
    }
}
