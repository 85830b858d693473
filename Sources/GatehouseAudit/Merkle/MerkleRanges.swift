/// Roots of parts of a tree, from one pass over its leaves. Holds a path of hashes for each part.
public struct MerkleRanges {
    private struct Part {
        let range: Range<UInt64>
        var covered: UInt64
        /// Perfect trees, the largest first.
        var nodes: [(level: Int, hash: SHA256Value)] = []

        mutating func push(_ hash: SHA256Value, level: Int, _ hasher: MerkleHasher) {
            var (hash, level) = (hash, level)
            covered += 1 << UInt64(level)
            while let left = nodes.last, left.level == level {
                nodes.removeLast()
                hash = hasher.node(left.hash, hash)
                level += 1
            }
            nodes.append((level, hash))
        }
    }

    private let hasher = MerkleHasher()
    private let order: [Range<UInt64>]
    /// By place in the tree; they do not overlap.
    private var parts: [Part]
    private var current = 0
    private var next: UInt64

    /// - Parameter start: what is known of the leaves that are not fed: of those before the first one that is.
    public init(_ ranges: [Range<UInt64>], after start: MerkleFrontier = MerkleFrontier()) {
        order = ranges
        parts = ranges.sorted { $0.lowerBound < $1.lowerBound }.map { Part(range: $0, covered: $0.lowerBound) }
        next = start.size
        var position: UInt64 = 0
        for node in start.nodes {
            let level = 63 - (start.size - position).leadingZeroBitCount
            let end = position + 1 << UInt64(level)
            for index in parts.indices where parts[index].covered == position && parts[index].range.upperBound >= end {
                parts[index].push(node, level: level, hasher)
            }
            position = end
        }
    }

    /// The leaf that follows.
    public mutating func append(_ data: SHA256Value) {
        while current < parts.count, parts[current].range.upperBound <= next { current += 1 }
        if current < parts.count, parts[current].range.contains(next), parts[current].covered == next {
            parts[current].push(hasher.leaf(data), level: 0, hasher)
        }
        next += 1
    }

    /// In the order in which the ranges were given; nil where leaves are missing.
    public func roots() -> [SHA256Value]? {
        var roots: [Range<UInt64>: SHA256Value] = [:]
        for part in parts {
            guard part.covered == part.range.upperBound, var root = part.nodes.last?.hash else { return nil }
            for node in part.nodes.dropLast().reversed() { root = hasher.node(node.hash, root) }
            roots[part.range] = root
        }
        return order.compactMap { roots[$0] }
    }
}
