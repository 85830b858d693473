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

    /// Roots of ranges of the records' Merkle tree, in the given order; nil where records of a range are not in the log.
    public func roots(_ ranges: [Range<UInt64>]) throws(JournalError) -> [SHA256Value]? {
        guard let end = ranges.map(\.upperBound).max() else { return [] }
        var collector = MerkleRanges(ranges)
        var next: UInt64 = 1
        try forEachLine(after: 0, through: end) { line in
            guard line.sequence == next, let hash = line.hash else { return false }
            collector.append(hash)
            next += 1
            return true
        }
        return collector.roots()
    }

    /// The root over the first `size` records; nil where the log has fewer.
    public func root(of size: UInt64) throws(JournalError) -> SHA256Value? {
        size == 0 ? MerkleHasher().empty() : try roots([0..<size])?.first
    }
}
