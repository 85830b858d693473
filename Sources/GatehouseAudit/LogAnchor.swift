public import GatehouseCrypto

/// What stands in the place of records that were deleted when their time to be kept was over: the last of them, and the Merkle tree over
/// all of them, from which the rest of the log verifies.
///
/// As text it is a signed checkpoint of the log at that record, with further lines: the record's hash, and the nodes of the tree.
///
///     gatehouse/…
///     184320
///     BASE64
///     last-record HEX
///     node BASE64 …
///
///     — gatehouse/… BASE64
public struct LogAnchor: Sendable, Hashable, CustomStringConvertible {
    /// The last record that is gone.
    public let head: ChainHead
    /// Over all records that are gone.
    public let tree: MerkleFrontier
    public let note: SignedCheckpoint

    /// The name of its file beside the segments.
    public static let fileName = "anchor"
    /// No anchor has more bytes.
    public static let longest = 65_536

    /// Signs what is deleted up to `head`.
    /// - Parameter tree: over the records up to `head`.
    public init(_ head: ChainHead, tree: MerkleFrontier, signer: CheckpointSigner) throws(CryptoError) {
        let nodes = tree.nodes.map { node in node.withUnsafeBytes { Self.node + Base64.encode($0) } }
        let checkpoint = Checkpoint(
            origin: signer.key.name, size: head.sequence, root: tree.root(MerkleHasher()),
            extensions: [Self.lastRecord + head.hash.description] + nodes)
        self.head = head
        self.tree = tree
        note = try signer.sign(checkpoint)
    }

    /// Nil where the text is no anchor, or its tree has not the root that it says.
    public init?(_ text: some StringProtocol) {
        guard let note = SignedCheckpoint(text) else { return nil }
        let checkpoint = note.checkpoint
        guard let first = checkpoint.extensions.first, first.hasPrefix(Self.lastRecord),
            let hash = SHA256Value(hex: first.dropFirst(Self.lastRecord.utf8.count))
        else { return nil }
        let lines = checkpoint.extensions.dropFirst()
        let nodes = lines.compactMap { line in
            line.hasPrefix(Self.node)
                ? Base64.decode(line.dropFirst(Self.node.utf8.count), padding: .required).flatMap { SHA256Value($0) } : nil
        }
        guard nodes.count == lines.count, let tree = MerkleFrontier(size: checkpoint.size, nodes: nodes), tree.size > 0,
            tree.root(MerkleHasher()) == checkpoint.root
        else { return nil }
        self.note = note
        self.tree = tree
        head = ChainHead(sequence: checkpoint.size, hash: hash)
    }

    public func isSigned(by key: LogKey) -> Bool { note.isSigned(by: key) }

    public var description: String { note.description }

    private static let lastRecord = "last-record "
    private static let node = "node "
}
