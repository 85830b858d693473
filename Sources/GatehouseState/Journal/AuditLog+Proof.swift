public import GatehouseAudit

extension AuditLog {
    /// The record with that reference, its line and its place.
    public func record(_ reference: Reference) throws(JournalError) -> (head: ChainHead, line: [UInt8])? {
        var found: (ChainHead, [UInt8])?
        try review(RecordFilter(reference: reference, everyKind: true)) { line, _ in
            guard let head = line.head else { return true }
            found = (head, Array(line.bytes))
            return false
        }
        return found
    }

    /// Roots of ranges of the records' Merkle tree, in the given order; nil where records of a range are not in the log, and are
    /// not all among those that its anchor stands for.
    public func roots(_ ranges: [Range<UInt64>]) throws(JournalError) -> [SHA256Value]? {
        guard let end = ranges.map(\.upperBound).max() else { return [] }
        let beginning = try LogBeginning(storage, try storage.segments(), key: nil)
        guard beginning.problem == nil else { return nil }
        var collector = MerkleRanges(ranges, after: beginning.tree)
        var next = beginning.head.sequence + 1
        try forEachLine(after: beginning.head.sequence, through: end) { line in
            guard line.sequence == next, let hash = line.hash else { return false }
            collector.append(hash)
            next += 1
            return true
        }
        return collector.roots()
    }

    /// The root over the first `size` records; nil where the log has fewer, or begins later.
    public func root(of size: UInt64) throws(JournalError) -> SHA256Value? {
        size == 0 ? MerkleHasher().empty() : try roots([0..<size])?.first
    }
}
