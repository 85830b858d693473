public import GatehouseAudit

/// Reads a log that is being written from some record on, a bounded piece at a time, and knows where it is without looking for it again.
/// One owner.
public struct LogCursor: Sendable {
    private let log: AuditLog
    /// The last record that was handed over.
    public private(set) var sequence: UInt64
    /// The segment that is read, and the offset after the last line that was handed over; nil where the next record has to be looked for.
    private var place: (name: String, offset: Int)?

    /// - Parameter sequence: of the record before the first that is wanted.
    public init(_ log: AuditLog, after sequence: UInt64) {
        self.log = log
        self.sequence = sequence
    }

    /// Goes to another record.
    public mutating func move(after sequence: UInt64) {
        self.sequence = sequence
        place = nil
    }

    /// Hands over the next records, up to record `last` or about `bytes` of them; returns how many those were. Records that were deleted
    /// meanwhile are passed over.
    public mutating func read(through last: UInt64, bytes: Int, _ body: (LogLine) -> Void) throws(JournalError) -> Int {
        guard sequence < last else { return 0 }
        var names = try LogBeginning.names(log.storage)
        if place == nil {
            let (index, offset) = try log.position(of: sequence + 1, in: names)
            guard names.indices.contains(index) else { return 0 }
            place = (names[index], offset)
        }
        var count = 0
        var room = bytes
        while count == 0, sequence < last, let (name, offset) = place {
            guard let file = try log.openIfThere(name) else {
                place = nil
                return 0
            }
            defer { file.close() }
            let piece = try Self.piece(file, at: offset, bytes: max(room, RecordLimit.line + 1))
            let taken = piece.withUnsafeBytes { take($0, through: last, room: &room, body) }
            count += taken.records
            place = (name, offset + taken.bytes)
            guard taken.records == 0, taken.bytes == 0 else { continue }
            // At this segment's end; the next one begins with a record that is wanted.
            names.removeAll { !name.utf8.lexicographicallyPrecedes($0.utf8) }
            guard let next = names.first else { return count }
            place = (next, 0)
        }
        return count
    }

    private mutating func take(
        _ piece: UnsafeRawBufferPointer, through last: UInt64, room: inout Int, _ body: (LogLine) -> Void
    ) -> (records: Int, bytes: Int) {
        var records = 0
        var used = 0
        _ = LineSplitter.whole(piece) { line in
            guard room > 0, sequence < last else { return false }
            if let line = LogLine(line), line.sequence > sequence {
                guard line.sequence <= last else { return false }
                body(line)
                sequence = line.sequence
                records += 1
                room -= line.bytes.count + 1
            }
            used += line.count + 1
            return true
        }
        return (records, used)
    }

    private static func piece(_ file: any JournalFile, at offset: Int, bytes: Int) throws(JournalError) -> [UInt8] {
        let size = max(0, min(bytes, try file.size() - offset))
        var buffer = [UInt8](repeating: 0, count: size)
        let outcome: Result<Int, JournalError> = buffer.withUnsafeMutableBytes { target in
            do throws(JournalError) { return .success(try file.read(at: offset, into: target)) } catch { return .failure(error) }
        }
        return Array(buffer.prefix(try outcome.get()))
    }
}
