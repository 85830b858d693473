public import GatehouseAudit

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A directory of segments, to be read: the state's own, or a copy of one; or one file with a whole log, as a forwarded copy is. Memory does
/// not grow with the log.
public struct AuditLog: Sendable {
    let storage: any JournalStorage

    public init(directory: String) { storage = DirectoryStorage(directory: directory) }

    /// - Parameter path: of a directory of segments, or of one file.
    public init(path: String) { storage = DirectoryStorage(path: path) }

    /// Whether there is anything of a log, an anchor included.
    /// - Throws: where the directory could not be read.
    public func isThere() throws(JournalError) -> Bool {
        for name in try storage.segments() {
            guard let file = try openIfThere(name) else { continue }
            defer { file.close() }
            if try file.size() > 0 { return true }
        }
        return try storage.read(LogAnchor.fileName) != nil
    }

    package init(storage: any JournalStorage) { self.storage = storage }

    /// Recomputes the whole log.
    ///
    /// - Parameters:
    ///   - synced: the head that the state keeps, or that a running gateway says is synced; nil for a log on its own.
    ///   - known: heads kept elsewhere, that the log must agree with.
    ///   - checkpoints: kept elsewhere, that the log must agree with.
    ///   - key: the log's. Where it is given, checkpoints in the log must be signed with it.
    ///   - isRunning: the log is being written: what follows `synced` is not looked at. `synced` was asked for before this call.
    /// - Throws: where a segment could not be read; nothing is then known about the log.
    public func verify(
        synced: ChainHead?, known: [ChainHead] = [], checkpoints: [Checkpoint] = [], key: LogKey? = nil, isRunning: Bool = false
    ) throws(JournalError) -> LogVerification {
        // A segment that goes while it is looked for was old enough to be deleted: the log then begins later.
        for _ in 0..<Self.attempts {
            do throws(JournalError) {
                return try verifyOnce(synced, known, checkpoints, key, isRunning)
            } catch {
                guard error.code == .missing else { throw error }
            }
        }
        return try verifyOnce(synced, known, checkpoints, key, isRunning)
    }

    private func verifyOnce(
        _ synced: ChainHead?, _ known: [ChainHead], _ checkpoints: [Checkpoint], _ key: LogKey?, _ isRunning: Bool
    ) throws(JournalError) -> LogVerification {
        let beginning = try LogBeginning(storage, try storage.segments(), key: key)
        if let problem = beginning.problem {
            return LogVerification(
                records: 0, head: beginning.head, problem: problem, tornBytes: 0, first: beginning.head.sequence + 1,
                signaturesChecked: key != nil)
        }
        var verifier = beginning.verifier(synced: synced, known: known, stopsAtSynced: isRunning, checkpoints: checkpoints, key: key)
        for (index, name) in beginning.names.enumerated() {
            guard !verifier.isDecided else { break }
            let file = try storage.open(name, creating: false)
            defer { file.close() }
            try SegmentReader(file: file).forEachPiece(from: 0) { piece throws(JournalError) in
                verifier.update(piece)
                return !verifier.isDecided
            }
            verifier.endSegment(isLast: index == beginning.names.count - 1)
        }
        var outcome = verifier.outcome()
        if outcome.isGood { outcome.problem = try beginning.stranger(storage) }
        return outcome
    }

    static let attempts = 4

    /// The record that the log begins with; what came before was deleted.
    public func firstRecord() throws(JournalError) -> UInt64 {
        let beginning = try LogBeginning(storage, try storage.segments(), key: nil)
        return beginning.head.sequence + 1
    }

    /// Hands over each line from record `sequence` + 1 to record `last`, in order, found without reading what comes before. Lines that
    /// are no records are passed over; whether hashes are right is ``verify(synced:known:isRunning:)``'s question.
    ///
    /// - Parameter body: gets a line that is valid only during the call; false ends the reading.
    public func forEachLine(after sequence: UInt64, through last: UInt64 = .max, _ body: (LogLine) -> Bool) throws(JournalError) {
        guard sequence < last else { return }
        let names = try LogBeginning.names(storage)
        let (first, offset) = try position(of: sequence + 1, in: names)
        var splitter = LineSplitter()
        var isFirst = true
        for name in names.dropFirst(first) {
            guard let file = try openIfThere(name) else { continue }
            defer { file.close() }
            var goesOn = true
            try SegmentReader(file: file).forEachPiece(from: isFirst ? offset : 0) { piece throws(JournalError) in
                goesOn = splitter.split(piece) { bytes in
                    guard let line = LogLine(bytes), line.sequence > sequence else { return true }
                    return line.sequence <= last && body(line) && line.sequence < last
                }
                return goesOn
            }
            guard goesOn else { return }
            splitter.reset()
            isFirst = false
        }
    }

    /// The index of the segment where that record is or would be, and the offset of its line, or 0.
    func position(of sequence: UInt64, in names: [String]) throws(JournalError) -> (Int, Int) {
        for (index, name) in names.enumerated().reversed() {
            guard let file = try openIfThere(name) else { continue }
            defer { file.close() }
            let reader = SegmentReader(file: file)
            guard let first = try reader.firstSequence(), first <= sequence else { continue }
            return (index, try reader.start(of: sequence) ?? 0)
        }
        return (0, 0)
    }
}

/// Cuts pieces of bytes into lines.
struct LineSplitter {
    private var partial: [UInt8] = []
    private var isTooLong = false
    /// Lines that were longer than a record can be, and were not handed over.
    private(set) var tooLong = 0

    /// False where `body` returned false, which ends the splitting.
    mutating func split(_ piece: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Bool) -> Bool {
        guard let base = piece.baseAddress else { return true }
        var start = 0
        while let found = memchr(base + start, 0x0a, piece.count - start) {
            let end = UnsafeRawPointer(found) - base
            let line = UnsafeRawBufferPointer(rebasing: piece[start..<end])
            start = end + 1
            if partial.isEmpty, !isTooLong {
                guard body(line) else { return false }
                continue
            }
            keep(line)
            if isTooLong { tooLong += 1 }
            let wanted = isTooLong || partial.withUnsafeBytes { body($0) }
            reset()
            guard wanted else { return false }
        }
        keep(UnsafeRawBufferPointer(rebasing: piece[start...]))
        return true
    }

    /// Those lines of a piece that end in it, until `body` returns false.
    static func whole(_ piece: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Bool) -> Bool {
        guard let base = piece.baseAddress else { return true }
        var start = 0
        while let found = memchr(base + start, 0x0a, piece.count - start) {
            let end = UnsafeRawPointer(found) - base
            guard body(UnsafeRawBufferPointer(rebasing: piece[start..<end])) else { return false }
            start = end + 1
        }
        return true
    }

    mutating func reset() {
        partial.removeAll(keepingCapacity: true)
        isTooLong = false
    }

    private mutating func keep(_ bytes: UnsafeRawBufferPointer) {
        guard !isTooLong, partial.count + bytes.count <= RecordLimit.line else {
            isTooLong = true
            partial.removeAll(keepingCapacity: true)
            return
        }
        partial.append(contentsOf: bytes)
    }
}
