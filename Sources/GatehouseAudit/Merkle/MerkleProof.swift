/// Proofs over a Merkle tree: which roots of parts of it they hold, and how they are checked.
public enum MerkleProof {
    /// The ranges of leaves whose roots are the proof that the leaf is in a tree of that size, in the proof's order (RFC 6962 section
    /// 2.1.1). Empty where it is not.
    public static func inclusion(of index: UInt64, in size: UInt64) -> [Range<UInt64>] {
        guard index < size else { return [] }
        var ranges: [Range<UInt64>] = []
        var (low, high) = (UInt64(0), size)
        while high - low > 1 {
            let middle = low + split(high - low)
            if index < middle {
                ranges.append(middle..<high)
                high = middle
            } else {
                ranges.append(low..<middle)
                low = middle
            }
        }
        return ranges.reversed()
    }

    /// … that the tree of the first size is the beginning of the tree of the second (section 2.1.2). Empty where the sizes are equal or
    /// the first is zero.
    public static func consistency(from old: UInt64, to new: UInt64) -> [Range<UInt64>] {
        guard old > 0, old < new else { return [] }
        var ranges: [Range<UInt64>] = []
        var (low, high) = (UInt64(0), new)
        while high != old {
            let middle = low + split(high - low)
            if old <= middle {
                ranges.append(middle..<high)
                high = middle
            } else {
                ranges.append(low..<middle)
                low = middle
            }
        }
        // The first tree's own root is known to whoever checks, unless it is put together of several.
        if low > 0 { ranges.append(low..<high) }
        return ranges.reversed()
    }

    /// Whether `path` proves that a leaf with these data stands there in the tree with that root (RFC 9162 section 2.1.3.2).
    public static func includes(_ data: SHA256Value, at index: UInt64, size: UInt64, root: SHA256Value, path: [SHA256Value]) -> Bool {
        guard index < size else { return false }
        let hasher = MerkleHasher()
        var position = index
        var last = size - 1
        var node = hasher.leaf(data)
        for sibling in path {
            guard last > 0 else { return false }
            if position & 1 == 1 || position == last {
                node = hasher.node(sibling, node)
                while position & 1 == 0, position != 0 {
                    position >>= 1
                    last >>= 1
                }
            } else {
                node = hasher.node(node, sibling)
            }
            position >>= 1
            last >>= 1
        }
        return last == 0 && node == root
    }

    /// Whether `path` proves that the first tree is the beginning of the second (RFC 9162 section 2.1.4.2).
    public static func isConsistent(
        from old: UInt64, root oldRoot: SHA256Value, to new: UInt64, root newRoot: SHA256Value, path: [SHA256Value]
    ) -> Bool {
        let hasher = MerkleHasher()
        guard old <= new else { return false }
        if old == new { return path.isEmpty && oldRoot == newRoot }
        if old == 0 { return path.isEmpty && oldRoot == hasher.empty() }
        var path = path[...]
        var position = old - 1
        var last = new - 1
        while position & 1 == 1 {
            position >>= 1
            last >>= 1
        }
        let start: SHA256Value
        if old.nonzeroBitCount == 1 {
            start = oldRoot
        } else {
            guard let first = path.popFirst() else { return false }
            start = first
        }
        var (first, second) = (start, start)
        for node in path {
            guard last > 0 else { return false }
            if position & 1 == 1 || position == last {
                first = hasher.node(node, first)
                second = hasher.node(node, second)
                while position & 1 == 0, position != 0 {
                    position >>= 1
                    last >>= 1
                }
            } else {
                second = hasher.node(second, node)
            }
            position >>= 1
            last >>= 1
        }
        return last == 0 && first == oldRoot && second == newRoot
    }

    /// The largest power of two below a number above one.
    private static func split(_ count: UInt64) -> UInt64 { 1 << UInt64(63 - (count - 1).leadingZeroBitCount) }
}
