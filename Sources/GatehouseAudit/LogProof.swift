internal import GatehouseCrypto

/// A proof over a log's Merkle tree as text, in the form of C2SP tlog-proof: a header, numbers, hashes in base64, a blank line, and the
/// signed checkpoint that the proof is for.
///
///     c2sp.org/tlog-proof@v1
///     index 41
///     BASE64 …
///
///     gatehouse/…
public struct LogProof: Sendable, Hashable, CustomStringConvertible {
    public enum Kind: Sendable, Hashable {
        /// The record of that index, which is its `seq` less one, is in the log.
        case inclusion(index: UInt64)
        /// The log of that many records is the beginning of it.
        case consistency(old: UInt64)
    }

    public var kind: Kind
    public var path: [SHA256Value]
    public var checkpoint: SignedCheckpoint

    public init(_ kind: Kind, path: [SHA256Value], checkpoint: SignedCheckpoint) {
        self.kind = kind
        self.path = path
        self.checkpoint = checkpoint
    }

    /// Nil where the text is no proof.
    public init?(_ text: some StringProtocol) {
        guard text.utf8.count <= 65_536, let blank = text.firstRange(of: "\n\n"),
            let checkpoint = SignedCheckpoint(text[blank.upperBound...])
        else {
            return nil
        }
        let lines = text[..<blank.lowerBound].split(separator: "\n")
        guard lines.count >= 2 else { return nil }
        let parts = lines[1].split(separator: " ")
        guard parts.count == 2, let number = UInt64(parts[1]), String(number) == parts[1] else { return nil }
        switch (String(lines[0]), String(parts[0])) {
        case (Self.inclusionHeader, "index"): kind = .inclusion(index: number)
        case (Self.consistencyHeader, "old"): kind = .consistency(old: number)
        default: return nil
        }
        path = lines[2...].compactMap { Base64.decode($0, padding: .required).flatMap { SHA256Value($0) } }
        guard path.count == lines.count - 2, path.count <= 128 else { return nil }
        self.checkpoint = checkpoint
    }

    public var description: String {
        let head =
            switch kind {
            case .inclusion(let index): [Self.inclusionHeader, "index \(index)"]
            case .consistency(let old): [Self.consistencyHeader, "old \(old)"]
            }
        return (head + path.map { $0.withUnsafeBytes { Base64.encode($0) } }).map { $0 + "\n" }.joined() + "\n" + checkpoint.description
    }

    /// Whether the record of that line, whose hash is computed anew, is in the log at the checkpoint. Says what does not fit, nil where
    /// all does. The checkpoint's signature is another question.
    public func problem(record line: [UInt8]) -> String? {
        guard case .inclusion(let index) = kind else { return "this is no proof of a record but one between two checkpoints" }
        let bytes = line.last == 0x0a ? line.dropLast() : line[...]
        return bytes.withUnsafeBytes { bytes -> String? in
            guard let record = LogLine(bytes) else { return "the record's line has not the form of a record" }
            guard let hash = record.hash, Digest.sha256(record.hashed).elementsEqual(hash.withUnsafeBytes { Array($0) }) else {
                return "the bytes of record \(record.sequence) do not give the hash that it ends with"
            }
            guard record.sequence == index + 1 else { return "the proof is for record \(index + 1), and this is record \(record.sequence)" }
            let log = checkpoint.checkpoint
            guard MerkleProof.includes(hash, at: index, size: log.size, root: log.root, path: path) else {
                return "record \(record.sequence) is not in the log that the checkpoint is of"
            }
            return nil
        }
    }

    /// Whether the log at `old` is the beginning of the log at the proof's checkpoint.
    public func problem(since old: Checkpoint) -> String? {
        guard case .consistency(let size) = kind else { return "this is a proof of a record and not one between two checkpoints" }
        let log = checkpoint.checkpoint
        guard old.origin == log.origin else { return "the checkpoints are of two logs, \(old.origin) and \(log.origin)" }
        guard old.size == size else { return "the proof begins at \(size) records, and the older checkpoint has \(old.size)" }
        guard MerkleProof.isConsistent(from: size, root: old.root, to: log.size, root: log.root, path: path) else {
            return "the log at \(log.size) records does not begin with the one at \(size)"
        }
        return nil
    }

    private static let inclusionHeader = "c2sp.org/tlog-proof@v1"
    private static let consistencyHeader = "gatehouse/tlog-consistency@v1"
}
