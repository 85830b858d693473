internal import GatehouseAudit

/// Where a log in storage begins: at its first record, or after the anchor that deleted segments left.
struct LogBeginning {
    /// Segments to be read. Those that the anchor stands for already, and that a crash kept from being deleted, are left out.
    let names: [String]
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
            (self.names, head, tree, self.anchor) = (names, .empty, MerkleFrontier(), nil)
            if first > 1 {
                problem = LogProblem(
                    .anchor, at: 1,
                    "record 1 is missing: the log begins with record \(first), and the signed anchor that stands for deleted records, \(path), is missing")
            }
            return
        }
        guard bytes.count <= LogAnchor.longest, let anchor = LogAnchor(String(decoding: bytes, as: UTF8.self)) else {
            (self.names, head, tree, self.anchor) = (names, .empty, MerkleFrontier(), nil)
            problem = LogProblem(.anchor, at: first, "\(path) is no anchor of a log: it was changed")
            return
        }
        self.anchor = anchor
        if first == 1, !names.isEmpty {
            // Nothing is deleted yet, so the anchor is one more thing to agree with.
            (self.names, head, tree) = (names, .empty, MerkleFrontier())
        } else {
            self.names = Array(names[(firsts.firstIndex { $0 > anchor.head.sequence } ?? names.count)...])
            (head, tree) = (anchor.head, anchor.tree)
        }
        if let key, !anchor.isSigned(by: key) {
            problem = LogProblem(.anchor, at: first, "\(path) is not signed by \(key.name): it was changed, or belongs to another log")
        } else if self.names.isEmpty {
            let next = anchor.head.sequence + 1
            problem = LogProblem(.cutOff, at: next, "record \(next) is missing, and every one after it: the log ends where \(path) says that it begins")
        }
    }

    /// Goes on from here.
    func verifier(
        synced: ChainHead? = nil, known: [ChainHead] = [], stopsAtSynced: Bool = false, checkpoints: [Checkpoint] = [], key: LogKey? = nil
    ) -> LogVerifier {
        LogVerifier(
            after: head, synced: synced, known: known + (anchor.map { [$0.head] } ?? []), stopsAtSynced: stopsAtSynced, tree: tree,
            checkpoints: checkpoints + (anchor.map { head.sequence == 0 ? [$0.note.checkpoint] : [] } ?? []), key: key)
    }

    /// The first record's number of each, as its content says, or its name where that is empty.
    private static func firsts(_ storage: any JournalStorage, _ names: [String]) throws(JournalError) -> [UInt64] {
        var firsts: [UInt64] = []
        for name in names {
            let file = try storage.open(name, creating: false)
            defer { file.close() }
            firsts.append(try SegmentReader(file: file).firstSequence() ?? SegmentName.first(name) ?? 0)
        }
        return firsts
    }
}
