public import GatehouseAudit
internal import GatehouseCrypto

/// What opening a journal found.
public struct JournalReport: Sendable {
    /// The last record, the one about a repair included.
    public var head: ChainHead
    /// Records found beyond the expected head, and kept.
    public var recordsBeyond: UInt64 = 0
    /// Bytes of a torn tail that were cut off; a `system` record says so.
    public var cutBytes = 0
    public var segments = 0
    /// The log is new.
    public var isNew = false
}

/// Opens the last segment for writing, after everything from a known record on was checked. What comes before that record is
/// `audit verify`'s business, so a start does not read a big log.
struct JournalStart {
    let storage: any JournalStorage
    let expected: ChainHead
    /// Over the records up to `expected`; nil where it was not kept, and the whole log has to be read.
    let tree: MerkleFrontier?
    /// The log's, for its anchor.
    var key: LogKey?

    struct Outcome {
        var report: JournalReport
        /// Over the records up to the report's head.
        var tree = MerkleFrontier()
        var file: (any JournalFile)?
        var name: String
        /// The size of the file's good part, and of the file.
        var offset: Int
        /// Of the bytes cut off.
        var cutDigest: SHA256Value?
    }

    func open() throws(JournalError) -> Outcome {
        let names = try storage.segments()
        guard let last = names.last else {
            guard expected.sequence == 0 else {
                throw .tampered(storage.directory, "there is no segment, though \(expected.sequence) records were written")
            }
            return Outcome(report: JournalReport(head: .empty, isNew: true), file: nil, name: "", offset: 0)
        }
        let known = tree?.size == expected.sequence
        let (first, offset): (Int, Int)
        var verifier: LogVerifier
        if known, expected.sequence > 0 {
            (first, offset) = try findExpected(in: names)
            verifier = LogVerifier(after: expected, synced: expected, tree: tree)
        } else {
            let beginning = try LogBeginning(storage, names, key: key)
            if let problem = beginning.problem { throw .tampered(storage.directory, problem.description) }
            (first, offset) = (names.count - beginning.names.count, 0)
            verifier = beginning.verifier(synced: expected)
        }
        for name in names[first...] {
            let file = try storage.open(name, creating: false)
            defer { file.close() }
            try SegmentReader(file: file).forEachPiece(from: name == names[first] ? offset : 0) { piece throws(JournalError) in
                verifier.update(piece)
                return !verifier.isDecided
            }
            verifier.endSegment(isLast: name == last)
        }
        let verification = verifier.outcome()
        if let problem = verification.problem { throw .tampered(storage.directory, problem.description) }
        let good = (first == names.count - 1 ? offset : 0) + verifier.goodBytes
        var outcome = Outcome(
            report: JournalReport(
                head: verification.head, recordsBeyond: verification.head.sequence - expected.sequence, segments: names.count),
            tree: verifier.tree ?? MerkleFrontier(), file: try storage.open(last, creating: false), name: last, offset: good)
        try cut(&outcome)
        return outcome
    }

    /// The segment that holds the expected record and the offset after its line.
    private func findExpected(in names: [String]) throws(JournalError) -> (Int, Int) {
        for (index, name) in names.enumerated().reversed() {
            let file = try storage.open(name, creating: false)
            defer { file.close() }
            let reader = SegmentReader(file: file)
            guard let first = try reader.firstSequence(), first <= expected.sequence else { continue }
            guard let start = try reader.start(of: expected.sequence) else {
                throw .tampered(storage.directory, "record \(expected.sequence), which was synced, is not in \(name)")
            }
            guard let end = try reader.end(of: expected, at: start) else {
                throw .tampered(storage.directory, "record \(expected.sequence) in \(name) is not the one that was synced")
            }
            return (index, end)
        }
        throw .tampered(storage.directory, "record \(expected.sequence), which was synced, is in no segment")
    }

    /// Cuts the torn tail off and makes durable what stays: after a kill it may be in memory only.
    private func cut(_ outcome: inout Outcome) throws(JournalError) {
        guard let file = outcome.file else { return }
        let size = try file.size()
        if size > outcome.offset {
            let hasher: Hasher
            do { hasher = try Hasher(.sha256) } catch { throw JournalError(.system, "no SHA-256: \(error)") }
            hasher.start()
            try SegmentReader(file: file).forEachPiece(from: outcome.offset) { piece throws(JournalError) in
                hasher.update(piece)
                return true
            }
            var digest = [UInt8](repeating: 0, count: 32)
            _ = digest.withUnsafeMutableBytes { hasher.finish(into: $0) }
            outcome.cutDigest = SHA256Value(digest)
            outcome.report.cutBytes = size - outcome.offset
            try file.truncate(to: outcome.offset)
        }
        try file.sync()
        try storage.syncDirectory()
    }
}
