import GatehouseVerify

/// The bytes of a `*.keys` file: a header page, pages of entries in the order of their keys, the filter, and an index with the first key of
/// each page. Numbers are little-endian. Every part has a checksum: those of header, filter and index are checked at start, a page's when
/// it is read.
enum SegmentFormat {
    static let page = 4096
    static let entry = 36
    static let entriesPerPage = 113
    private static let countOffset = 4072
    private static let checksumOffset = 4088
    private static let magic: UInt64 = 0x3153_5945_4b48_4701

    struct Header: Sendable, Hashable {
        var count: UInt64
        var pages: UInt64
        var filterBytes: UInt64
        /// Half of the entries expire by then, judged by a sample.
        var medianExpires: UInt32
        /// The last entry expires then.
        var lastExpires: UInt32
        var indexChecksum: UInt64
        var filterChecksum: UInt64

        var filterOffset: Int { SegmentFormat.page * (Int(pages) + 1) }
        var indexOffset: Int { filterOffset + Int(filterBytes) }
        var fileBytes: Int { indexOffset + 8 * Int(pages) }
    }

    static func encode(_ header: Header) -> [UInt8] {
        var words: [UInt64] = [magic, header.count, header.pages, header.filterBytes]
        words.append(UInt64(header.medianExpires) << 32 | UInt64(header.lastExpires))
        words.append(header.indexChecksum)
        words.append(header.filterChecksum)
        words.append(words.withUnsafeBytes { Checksum.compute($0) })
        var bytes = words.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64(8 * $0)) } }
        bytes.append(contentsOf: repeatElement(0, count: page - bytes.count))
        return bytes
    }

    /// Nil where the checksum, the magic or the sizes do not fit a file of `fileBytes`.
    static func decodeHeader(_ bytes: UnsafeRawBufferPointer, fileBytes: Int) -> Header? {
        guard bytes.count >= 64 else { return nil }
        let words = (0..<8).map { UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 8 * $0, as: UInt64.self)) }
        guard words[0] == magic, words[7] == Array(words.prefix(7)).withUnsafeBytes({ Checksum.compute($0) }) else { return nil }
        let header = Header(
            count: words[1], pages: words[2], filterBytes: words[3], medianExpires: UInt32(words[4] >> 32),
            lastExpires: UInt32(truncatingIfNeeded: words[4]), indexChecksum: words[5], filterChecksum: words[6])
        // Bounds first, so that the sum of the sizes cannot overflow.
        guard header.pages > 0, header.pages < 1 << 40, header.filterBytes < 1 << 48, header.filterBytes > 0,
            header.filterBytes % UInt64(ReplayFilter.lineBytes) == 0, header.count <= header.pages * UInt64(entriesPerPage),
            header.fileBytes == fileBytes
        else { return nil }
        return header
    }

    /// Fills a page; `bytes` has ``page`` bytes.
    static func encode(_ entries: ArraySlice<ReplayEntry>, page number: Int, into bytes: UnsafeMutableRawBufferPointer) {
        precondition(bytes.count == page && entries.count <= entriesPerPage, "a page holds \(entriesPerPage) entries")
        _ = bytes.initializeMemory(as: UInt8.self, repeating: 0)
        var offset = 0
        for entry in entries {
            bytes.storeBytes(of: entry.key.high.littleEndian, toByteOffset: offset, as: UInt64.self)
            bytes.storeBytes(of: entry.key.low.littleEndian, toByteOffset: offset + 8, as: UInt64.self)
            bytes.storeBytes(of: entry.body.littleEndian, toByteOffset: offset + 16, as: UInt64.self)
            bytes.storeBytes(of: entry.answer.bits.littleEndian, toByteOffset: offset + 24, as: UInt64.self)
            bytes.storeBytes(of: entry.expires.littleEndian, toByteOffset: offset + 32, as: UInt32.self)
            offset += SegmentFormat.entry
        }
        bytes.storeBytes(of: UInt64(entries.count).littleEndian, toByteOffset: countOffset, as: UInt64.self)
        let checksum = Checksum.compute(UnsafeRawBufferPointer(rebasing: bytes[..<checksumOffset]), seed: UInt64(number))
        bytes.storeBytes(of: checksum.littleEndian, toByteOffset: checksumOffset, as: UInt64.self)
    }

    /// How many entries the page holds; nil where it is not what was written as page `number`.
    static func checkedCount(_ bytes: UnsafeRawBufferPointer, page number: Int) -> Int? {
        guard bytes.count == page,
            UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: checksumOffset, as: UInt64.self))
                == Checksum.compute(UnsafeRawBufferPointer(rebasing: bytes[..<checksumOffset]), seed: UInt64(number))
        else { return nil }
        let count = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: countOffset, as: UInt64.self))
        return count <= UInt64(entriesPerPage) ? Int(count) : nil
    }

    static func entry(_ index: Int, of bytes: UnsafeRawBufferPointer) -> ReplayEntry {
        let offset = index * entry
        func word(_ part: Int) -> UInt64 { UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset + part, as: UInt64.self)) }
        return ReplayEntry(
            key: EventKey(high: word(0), low: word(8)), body: word(16), answer: AnswerReference(bits: word(24)),
            expires: UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset + 32, as: UInt32.self)))
    }
}
