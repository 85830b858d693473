public import GatehouseAudit
public import GatehouseTime

/// Deletes whole segments whose records are all older than they are to be kept, and leaves a signed anchor from which the rest verifies.
///
/// The order is: anchor, record, deletion; each is durable before the next begins. A crash in between leaves segments that the anchor stands
/// for already: readers pass over them, and the next run deletes them. Nothing is deleted without a record that says so, nor where what is
/// to be deleted, or anything else below the anchor, does not verify: it would be the evidence. One run at a time.
public struct Retention: Sendable {
    private let storage: any JournalStorage
    private let signer: CheckpointSigner

    /// - Parameter directory: of the segments.
    public init(directory: String, signer: CheckpointSigner) { self.init(storage: DirectoryStorage(directory: directory), signer: signer) }

    package init(storage: any JournalStorage, signer: CheckpointSigner) {
        self.storage = storage
        self.signer = signer
    }

    /// What a run deleted.
    public struct Outcome: Sendable, Hashable {
        public var segments: Int
        public var bytes: Int
        /// The `seq` of the first and the last record that is gone.
        public var first: UInt64
        public var last: UInt64
    }

    /// - Parameters:
    ///   - keep: how long a record is kept at least.
    ///   - now: from a clock that a wrong start does not lead astray.
    ///   - needed: no record from this one on is deleted: of the state's synced head, and of what is yet to be read by others.
    ///   - record: makes a record durable, or throws.
    /// - Returns: nil where nothing was old enough.
    /// - Throws: ``JournalError/Code/tampered`` where the oldest records do not verify; nothing was then deleted.
    public func run(
        keep: Duration, now: WallTime, needed: UInt64, record: (SystemRecord) throws -> Void
    ) throws -> Outcome? {
        let names = try storage.segments()
        let beginning = try LogBeginning(storage, names, key: signer.key)
        if let problem = try beginning.problem ?? beginning.stranger(storage) { throw evidence(problem.description) }
        let old = try old(names, before: now - keep, needed: needed)
        guard let last = old.last else { return nil }
        var outcome = Outcome(segments: old.count, bytes: 0, first: old[0].first, last: last.next - 1)
        for segment in old { outcome.bytes += try size(segment.name) }
        var anchor = beginning.anchor
        if anchor.map({ $0.head.sequence < outcome.last }) ?? true {
            anchor = try cut(beginning, through: last)
            if let anchor { try storage.replace(LogAnchor.fileName, with: Array(anchor.description.utf8)) }
        }
        try record(Self.record(outcome, root: anchor?.note.checkpoint.root, until: last.nextTime))
        for segment in old {
            try storage.remove(segment.name)
            try storage.syncDirectory()
        }
        return outcome
    }

    private struct Segment {
        var name: String
        var first: UInt64
        /// The first record of the segment after it.
        var next: UInt64
        var nextTime: WallTime
    }

    /// From the oldest on, those of which a younger one tells that all their records are old. The newest is never among them.
    /// - Throws: where the oldest segments do not begin as segments do; that would keep everything for good.
    private func old(_ names: [String], before limit: WallTime, needed: UInt64) throws(JournalError) -> [Segment] {
        var old: [Segment] = []
        guard names.count > 1 else { return [] }
        guard var first = try self.first(names[0]).0 else {
            guard try size(names[0]) == 0 else { throw evidence("\(names[0]) does not begin with a record") }
            return []
        }
        for (name, follower) in zip(names, names.dropFirst()) {
            let (next, time) = try self.first(follower)
            guard let next, let time, next > first else {
                // The newest may have just been made.
                guard old.isEmpty, follower != names.last, try size(follower) > 0 else { break }
                throw evidence("\(follower) does not begin with a record after those of \(name)")
            }
            guard time < limit, next <= needed else { break }
            old.append(Segment(name: name, first: first, next: next, nextTime: time))
            first = next
        }
        return old
    }

    private func first(_ name: String) throws(JournalError) -> (UInt64?, WallTime?) {
        let file = try storage.open(name, creating: false)
        defer { file.close() }
        let reader = SegmentReader(file: file)
        return (try reader.firstSequence(), try reader.firstTime())
    }

    private func size(_ name: String) throws(JournalError) -> Int {
        let file = try storage.open(name, creating: false)
        defer { file.close() }
        return try file.size()
    }

    /// The anchor after that segment, whose records, and those before it, are verified once more, up to the first one that stays.
    private func cut(_ beginning: LogBeginning, through last: Segment) throws -> LogAnchor {
        var verifier = beginning.verifier(key: signer.key)
        for name in beginning.names {
            guard !verifier.isDecided, verifier.head.sequence + 1 < last.next else { break }
            let file = try storage.open(name, creating: false)
            defer { file.close() }
            try SegmentReader(file: file).forEachPiece(from: 0) { piece throws(JournalError) in
                verifier.update(piece)
                return !verifier.isDecided
            }
            verifier.endSegment(isLast: false)
        }
        let verification = verifier.outcome()
        if let problem = verification.problem { throw evidence(problem.description) }
        guard verification.head.sequence == last.next - 1, let tree = verifier.tree, try follows(verification.head, in: beginning.names)
        else {
            throw evidence("record \(last.next) does not follow the record before it")
        }
        return try LogAnchor(verification.head, tree: tree, signer: signer)
    }

    /// Whether the first record after `head` names it.
    private func follows(_ head: ChainHead, in names: [String]) throws(JournalError) -> Bool {
        var follows = false
        try AuditLog(storage: storage).forEachLine(after: head.sequence, through: head.sequence + 1) { line in
            follows = line.previous == head.hash
            return false
        }
        return follows
    }

    private func evidence(_ problem: String) -> JournalError {
        JournalError(.tampered, "\(storage.directory): \(problem). What does not verify stays; `gatehouse audit verify` says more")
    }

    private static func record(_ outcome: Outcome, root: SHA256Value?, until: WallTime) -> SystemRecord {
        SystemRecord(
            .retention,
            [
                .init("first", .number(Int64(clamping: outcome.first))), .init("last", .number(Int64(clamping: outcome.last))),
                .init("segments", .number(Int64(outcome.segments))), .init("bytes", .number(Int64(outcome.bytes))),
                .init("before", .text(until.description)), .init("root", .text(root?.description ?? "")),
            ])
    }
}
