/// As much of a Merkle tree as is needed to go on with it and to know its root: the roots of the perfect trees that it is made of.
public struct MerkleFrontier: Sendable, Hashable {
    /// Leaves.
    public private(set) var size: UInt64 = 0
    /// One for each bit of ``size``, the largest tree first.
    public private(set) var nodes: [SHA256Value] = []

    public init() {}

    /// Nil unless there is a node for each bit of `size`.
    public init?(size: UInt64, nodes: [SHA256Value]) {
        guard nodes.count == size.nonzeroBitCount else { return nil }
        self.size = size
        self.nodes = nodes
    }

    /// - Parameter data: a record's hash.
    public mutating func append(_ data: SHA256Value, _ hasher: MerkleHasher) {
        var node = hasher.leaf(data)
        var rest = size
        while rest & 1 == 1, let left = nodes.popLast() {
            node = hasher.node(left, node)
            rest >>= 1
        }
        nodes.append(node)
        size += 1
    }

    public func root(_ hasher: MerkleHasher) -> SHA256Value {
        guard var root = nodes.last else { return hasher.empty() }
        for node in nodes.dropLast().reversed() { root = hasher.node(node, root) }
        return root
    }

    /// The nodes one after another, for storing.
    public var bytes: [UInt8] { nodes.flatMap { $0.withUnsafeBytes { Array($0) } } }

    /// Nil unless `bytes` are as many nodes as a tree of that size has.
    public init?(size: UInt64, bytes: [UInt8]) {
        guard bytes.count == size.nonzeroBitCount * 32 else { return nil }
        self.init(size: size, nodes: stride(from: 0, to: bytes.count, by: 32).compactMap { SHA256Value(bytes[$0..<$0 + 32]) })
    }
}
