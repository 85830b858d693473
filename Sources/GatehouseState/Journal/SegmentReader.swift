internal import GatehouseAudit
internal import GatehouseCrypto
internal import GatehouseTime

/// Reads a segment in pieces and finds records in it without reading all of it. Memory is one piece and one line.
struct SegmentReader {
    static let pieceBytes = 1 << 20

    let file: any JournalFile

    /// The `seq` of the first line; nil where the segment is empty or does not begin with a record.
    func firstSequence() throws(JournalError) -> UInt64? {
        var buffer = [UInt8](repeating: 0, count: 32)
        let count = try fill(&buffer, from: 0)
        return Self.sequence(buffer[..<count])
    }

    /// The time of the first line; nil where the segment is empty or does not begin with a record.
    func firstTime() throws(JournalError) -> WallTime? {
        var buffer = [UInt8](repeating: 0, count: 80)
        let count = try fill(&buffer, from: 0)
        return buffer.withUnsafeBytes { bytes in
            let marker = Array(",\"time\":\"".utf8)
            guard let start = (0..<max(0, count - marker.count - 27)).first(where: { bytes[$0..<$0 + marker.count].elementsEqual(marker) })
            else {
                return nil
            }
            let text = start + marker.count
            return WallTime(canonical: UnsafeRawBufferPointer(rebasing: bytes[text..<text + 27]))
        }
    }

    /// Hands over the bytes from `offset` on, in order, until `body` says that it has enough.
    func forEachPiece(from offset: Int, _ body: (UnsafeRawBufferPointer) throws(JournalError) -> Bool) throws(JournalError) {
        var buffer = [UInt8](repeating: 0, count: Self.pieceBytes)
        var position = offset
        while true {
            let count = try fill(&buffer, from: position)
            guard count > 0 else { return }
            position += count
            guard try Self.with(buffer, count, body), count == buffer.count else { return }
        }
    }

    /// Where the line of record `sequence` begins; nil where no line begins so. Looks from the end backwards.
    func start(of sequence: UInt64) throws(JournalError) -> Int? {
        let pattern = Array("\n{\"seq\":\(sequence),".utf8)
        var end = try file.size()
        var buffer = [UInt8](repeating: 0, count: Self.pieceBytes)
        while end > 0 {
            let start = max(0, end - Self.pieceBytes)
            let count = min(try fill(&buffer, from: start), end - start)
            if let found = Self.last(pattern, in: buffer, count) { return start + found + 1 }
            if start == 0 {
                let isFirst = count >= pattern.count - 1 && buffer[..<(pattern.count - 1)].elementsEqual(pattern.dropFirst())
                return isFirst ? 0 : nil
            }
            // A pattern that lies across the border is whole in the next piece.
            end = start + pattern.count - 1
        }
        return nil
    }

    /// Whether the line at `offset` is the record `head`, its hash recomputed; the offset after it if so.
    func end(of head: ChainHead, at offset: Int) throws(JournalError) -> Int? {
        var buffer = [UInt8](repeating: 0, count: RecordLimit.line + 1)
        let count = try fill(&buffer, from: offset)
        guard let length = buffer[..<count].firstIndex(of: 0x0a) else { return nil }
        return buffer.withUnsafeBytes { bytes in
            guard let line = LogLine(UnsafeRawBufferPointer(rebasing: bytes[..<length])), line.head == head,
                Digest.sha256(line.hashed).elementsEqual(head.hash.withUnsafeBytes { Array($0) })
            else { return nil }
            return offset + length + 1
        }
    }

    private func fill(_ buffer: inout [UInt8], from offset: Int) throws(JournalError) -> Int {
        let outcome: Result<Int, JournalError> = buffer.withUnsafeMutableBytes { bytes in
            do throws(JournalError) { return .success(try file.read(at: offset, into: bytes)) } catch { return .failure(error) }
        }
        return try outcome.get()
    }

    private static func with(
        _ buffer: [UInt8], _ count: Int, _ body: (UnsafeRawBufferPointer) throws(JournalError) -> Bool
    ) throws(JournalError) -> Bool {
        let outcome: Result<Bool, JournalError> = buffer.withUnsafeBytes { bytes in
            do throws(JournalError) {
                return .success(try body(UnsafeRawBufferPointer(rebasing: bytes[..<count])))
            } catch { return .failure(error) }
        }
        return try outcome.get()
    }

    private static func sequence(_ bytes: ArraySlice<UInt8>) -> UInt64? {
        guard bytes.starts(with: Array("{\"seq\":".utf8)) else { return nil }
        let digits = bytes.dropFirst(7).prefix { $0 &- 0x30 < 10 }
        guard !digits.isEmpty, bytes.dropFirst(7 + digits.count).first == UInt8(ascii: ",") else { return nil }
        return UInt64(String(decoding: digits, as: UTF8.self))
    }

    private static func last(_ pattern: [UInt8], in buffer: [UInt8], _ count: Int) -> Int? {
        var position = count - pattern.count
        while position >= 0 {
            if buffer[position] == 0x0a, buffer[position..<position + pattern.count].elementsEqual(pattern) { return position }
            position -= 1
        }
        return nil
    }
}
