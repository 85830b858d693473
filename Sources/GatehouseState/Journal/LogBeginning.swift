internal import GatehouseAudit

/// Where a log in storage begins: at its first record, or after the anchor that deleted segments left.
struct LogBeginning {
    /// Segments to be read: those that follow the anchor.
    let names: [String]
    /// Segments that lie below the anchor: what a crash kept from being deleted, or what someone laid there.
    let below: [String]
    /// What precedes the first record of `names`.
    let head: ChainHead
    let tree: MerkleFrontier
    /// Nil for a log from which nothing was ever deleted.
    let anchor: LogAnchor?
    /// Why nothing can be said about what follows.
    private(set) var problem: LogProblem?

    /// - Parameter key: the log's; nil: nobody's signature is checked.
    init(_ storage: any JournalStorage, _ names: [String], key: LogKey?) throws(JournalError) {
        let firsts = try Self.firsts(storage, names)
        let first = firsts.first ?? 1
        let path = "\(storage.directory)/\(LogAnchor.fileName)"
        guard let bytes = try storage.read(LogAnchor.fileName) else {
            (self.names, below, head, tree, self.anchor) = (names, [], .empty, MerkleFrontier(), nil)
            if first > 1 {
                problem = LogProblem(
                    .anchor, at: 1,
                    "record 1 is missing: the log begins with record \(first), and the signed anchor that stands for deleted records, \(path), is missing"
                )
            }
            return
        }
        guard bytes.count <= LogAnchor.longest, let anchor = LogAnchor(String(decoding: bytes, as: UTF8.self)) else {
            (self.names, below, head, tree, self.anchor) = (names, [], .empty, MerkleFrontier(), nil)
            problem = LogProblem(.anchor, at: first, "\(path) is no anchor of a log: it was changed")
            return
        }
        self.anchor = anchor
        let cut = firsts.firstIndex { $0 > anchor.head.sequence } ?? names.count
        (self.names, below) = (Array(names[cut...]), Array(names[..<cut]))
        (head, tree) = (anchor.head, anchor.tree)
        if let key, !anchor.isSigned(by: key) {
            problem = LogProblem(.anchor, at: first, "\(path) is not signed by \(key.name): it was changed, or belongs to another log")
        } else if self.names.isEmpty {
            let next = anchor.head.sequence + 1
            problem = LogProblem(
                .cutOff, at: next, "record \(next) is missing, and every one after it: the log ends where \(path) says that it begins")
        }
    }

    /// Goes on from here.
    func verifier(
        synced: ChainHead? = nil, known: [ChainHead] = [], stopsAtSynced: Bool = false, checkpoints: [Checkpoint] = [], key: LogKey? = nil
    ) -> LogVerifier {
        LogVerifier(
            after: head, synced: synced, known: known, stopsAtSynced: stopsAtSynced, tree: tree, checkpoints: checkpoints, key: key)
    }

    /// Of ``below`` the first that is none of the segments that the anchor stands for. Those are whole, and each ends with the record that
    /// the next one, and at last the anchor, names: nothing else can be made to fit.
    func stranger(_ storage: any JournalStorage) throws(JournalError) -> LogProblem? {
        guard let anchor else { return nil }
        var contents: [(name: String, before: ChainHead, head: ChainHead)] = []
        for name in below {
            guard let (before, head) = try Self.ends(storage, name) else { return Self.stranger(storage, name, anchor) }
            contents.append((name, before, head))
        }
        var wanted = anchor.head
        while let index = contents.lastIndex(where: { $0.head == wanted }) { wanted = contents.remove(at: index).before }
        return contents.first.map { Self.stranger(storage, $0.name, anchor) }
    }

    private static func stranger(_ storage: any JournalStorage, _ name: String, _ anchor: LogAnchor) -> LogProblem {
        LogProblem(
            .inserted, at: SegmentName.first(name) ?? 1,
            "\(storage.directory)/\(name) is no part of the log: it lies before record \(anchor.head.sequence + 1), with which the log begins, "
                + "and is none of what was deleted")
    }

    /// What precedes a segment's first record, as that record says, and its last one; nil where the segment does not verify in itself.
    private static func ends(_ storage: any JournalStorage, _ name: String) throws(JournalError) -> (before: ChainHead, head: ChainHead)? {
        let file = try storage.open(name, creating: false)
        defer { file.close() }
        var splitter = LineSplitter()
        var before: ChainHead?
        let reader = SegmentReader(file: file)
        try reader.forEachPiece(from: 0) { piece throws(JournalError) in
            splitter.split(piece) { bytes in
                if let line = LogLine(bytes), line.sequence > 0, let previous = line.previous {
                    before = ChainHead(sequence: line.sequence - 1, hash: previous)
                }
                return false
            }
        }
        guard let before else { return nil }
        var verifier = LogVerifier(after: before, tree: nil)
        try reader.forEachPiece(from: 0) { piece throws(JournalError) in
            verifier.update(piece)
            return !verifier.isDecided
        }
        verifier.endSegment(isLast: false)
        let outcome = verifier.outcome()
        return outcome.isGood ? (before, outcome.head) : nil
    }

    /// Names of the segments to be read, without looking at what they hold beyond their beginning, and without a signature checked.
    static func names(_ storage: any JournalStorage) throws(JournalError) -> [String] {
        let names = try storage.segments()
        guard let bytes = try storage.read(LogAnchor.fileName), bytes.count <= LogAnchor.longest,
            let anchor = LogAnchor(String(decoding: bytes, as: UTF8.self))
        else { return names }
        for (index, name) in names.enumerated() {
            do throws(JournalError) {
                if try first(storage, name) > anchor.head.sequence { return Array(names[index...]) }
            } catch {
                // Deleted since its name was read.
                guard error.code == .missing else { throw error }
            }
        }
        return []
    }

    /// The first record's number of each, as its content says, or its name where that is empty.
    private static func firsts(_ storage: any JournalStorage, _ names: [String]) throws(JournalError) -> [UInt64] {
        var firsts: [UInt64] = []
        for name in names { firsts.append(try first(storage, name)) }
        return firsts
    }

    private static func first(_ storage: any JournalStorage, _ name: String) throws(JournalError) -> UInt64 {
        let file = try storage.open(name, creating: false)
        defer { file.close() }
        return try SegmentReader(file: file).firstSequence() ?? SegmentName.first(name) ?? 0
    }
}
