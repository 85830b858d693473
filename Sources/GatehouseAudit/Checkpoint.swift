public import GatehouseCrypto

/// What a log was at some time (C2SP tlog-checkpoint): its origin, how many records it had, and the root of the Merkle tree over them.
public struct Checkpoint: Sendable, Hashable {
    public var origin: String
    public var size: UInt64
    public var root: SHA256Value
    /// Further lines, signed with the rest.
    public var extensions: [String]

    public init(origin: String, size: UInt64, root: SHA256Value, extensions: [String] = []) {
        self.origin = origin
        self.size = size
        self.root = root
        self.extensions = extensions
    }

    /// What is signed: every line with its LF.
    public var text: String {
        ([origin, String(size), root.withUnsafeBytes { Base64.encode($0) }] + extensions).map { $0 + "\n" }.joined()
    }

    init?(text: String) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count >= 4, lines.last == "", !lines.dropLast().contains(""), let size = UInt64(lines[1]), String(size) == lines[1],
            let root = Base64.decode(lines[2], padding: .required).flatMap({ SHA256Value($0) })
        else { return nil }
        self.init(origin: String(lines[0]), size: size, root: root, extensions: lines[3...].dropLast().map(String.init))
    }
}

/// A checkpoint with its signatures: a C2SP signed note. Other witnesses may have added lines of theirs.
public struct SignedCheckpoint: Sendable, Hashable, CustomStringConvertible {
    public let checkpoint: Checkpoint
    public let signatures: [Signature]

    public struct Signature: Sendable, Hashable {
        public var name: String
        /// The key's id and the signature.
        public var bytes: [UInt8]
    }

    init(_ checkpoint: Checkpoint, _ signatures: [Signature]) {
        self.checkpoint = checkpoint
        self.signatures = signatures
    }

    /// Nil where the text is no signed checkpoint, or none of its signature lines is well-formed.
    public init?(_ note: some StringProtocol) {
        guard note.utf8.count <= 65_536, let blank = note.range(of: "\n\n") else { return nil }
        let body = String(note[..<blank.lowerBound]) + "\n"
        guard let checkpoint = Checkpoint(text: body) else { return nil }
        var signatures: [Signature] = []
        for line in note[blank.upperBound...].split(separator: "\n") {
            let parts = line.split(separator: " ")
            guard parts.count == 3, parts[0] == "\u{2014}", let bytes = Base64.decode(parts[2], padding: .required), bytes.count > 4 else {
                return nil
            }
            signatures.append(Signature(name: String(parts[1]), bytes: bytes))
        }
        guard !signatures.isEmpty else { return nil }
        self.init(checkpoint, signatures)
    }

    /// Whether the log with that key signed it, and it is that log's.
    public func isSigned(by key: LogKey) -> Bool {
        guard checkpoint.origin == key.name else { return false }
        return signatures.contains { $0.name == key.name && key.verifies($0.bytes, Array(checkpoint.text.utf8)) }
    }

    /// Why ``isSigned(by:)`` says no; nil where it says yes.
    public func problem(with key: LogKey) -> String? {
        if isSigned(by: key) { return nil }
        let signers = signers
        guard checkpoint.origin == key.name else { return "it is of the log \(checkpoint.origin), and this log is \(key.name)" }
        guard signatures.contains(where: { $0.name == key.name && $0.bytes.starts(with: key.id) }) else {
            return "it is signed by \(signers), and this log's key is \(key.nameAndID): it is another log's"
        }
        return "the signature by \(key.nameAndID) does not fit its text: it was changed"
    }

    /// `NAME+ID` of each.
    var signers: String {
        signatures.map { "\($0.name)+\(Hex.encode(Array($0.bytes.prefix(4))))" }.joined(separator: ", ")
    }

    public var description: String {
        checkpoint.text + "\n" + signatures.map { "\u{2014} \($0.name) \(Base64.encode($0.bytes))\n" }.joined()
    }
}

extension StringProtocol {
    fileprivate func range(of text: String) -> Range<Index>? { firstRange(of: text) }
}

/// A log's verifier key (C2SP signed-note): `NAME+ID+BASE64`.
public struct LogKey: Sendable, CustomStringConvertible {
    /// The log's origin.
    public let name: String
    private let raw: [UInt8]
    private let publicKey: PublicKey

    init(name: String, ed25519 raw: [UInt8]) throws(CryptoError) {
        self.name = name
        self.raw = raw
        publicKey = try PublicKey(ed25519: raw)
    }

    /// Nil where the text is no verifier key of an Ed25519 log, or its id is not its own.
    public init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "+", maxSplits: 2)
        guard parts.count == 3, let typed = Base64.decode(parts[2], padding: .required), typed.count == 33, typed[0] == Self.ed25519,
            let key = try? LogKey(name: String(parts[0]), ed25519: Array(typed.dropFirst())), Hex.encode(key.id) == parts[1]
        else { return nil }
        self = key
    }

    /// What tells it from other keys.
    var nameAndID: String { "\(name)+\(Hex.encode(id))" }

    public var description: String { "\(nameAndID)+\(Base64.encode([Self.ed25519] + raw))" }

    var id: [UInt8] { Array(Digest.sha256(Array(name.utf8) + [0x0a, Self.ed25519] + raw).prefix(4)) }

    func verifies(_ signature: [UInt8], _ message: [UInt8]) -> Bool {
        guard signature.starts(with: id) else { return false }
        return signature.dropFirst(4).withUnsafeBytes { signature in
            message.withUnsafeBytes { publicKey.verify(.ed25519, signature: signature, message: $0) }
        }
    }

    private static let ed25519: UInt8 = 1
}

/// Signs checkpoints of one log.
public struct CheckpointSigner: Sendable {
    public let key: LogKey
    private let privateKey: PrivateKey

    /// - Parameter seed: the private key of RFC 8032 section 5.1.5, 32 bytes.
    public init(origin: String, seed: Secret) throws(CryptoError) {
        let prefix: [UInt8] = [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20]
        guard seed.count == 32 else { throw CryptoError(.malformed, "an Ed25519 private key has 32 bytes") }
        // PKCS#8 (RFC 8410 section 7).
        let pem = seed.withBytes {
            Secret(utf8: "-----BEGIN PRIVATE KEY-----\n\(Base64.encode(prefix + Array($0)))\n-----END PRIVATE KEY-----\n")
        }
        privateKey = try PrivateKey(pem: pem)
        key = try LogKey(name: origin, ed25519: Array(try privateKey.publicKey.subjectPublicKeyInfo().suffix(32)))
    }

    public func sign(_ checkpoint: Checkpoint) throws(CryptoError) -> SignedCheckpoint {
        let message = Array(checkpoint.text.utf8)
        let outcome: Result<[UInt8], CryptoError> = message.withUnsafeBytes { bytes in
            do throws(CryptoError) { return .success(try privateKey.sign(.ed25519, bytes)) } catch { return .failure(error) }
        }
        let signature = try outcome.get()
        return SignedCheckpoint(checkpoint, [SignedCheckpoint.Signature(name: key.name, bytes: key.id + signature)])
    }
}
