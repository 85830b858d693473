import GatehouseAudit

/// Checkpoints, proofs and keys in files.
enum AuditFiles {
    static func checkpoint(_ path: String) throws(CommandFailure) -> SignedCheckpoint {
        guard let checkpoint = SignedCheckpoint(String(decoding: try Files.read(path, limit: 65_536), as: UTF8.self)) else {
            throw CommandFailure("\(path) holds no signed checkpoint", hint: "expected what `gatehouse audit checkpoint` prints")
        }
        return checkpoint
    }

    static func proof(_ path: String) throws(CommandFailure) -> LogProof {
        guard let proof = LogProof(String(decoding: try Files.read(path, limit: 65_536), as: UTF8.self)) else {
            throw CommandFailure("\(path) holds no proof", hint: "expected what `gatehouse audit prove` prints")
        }
        return proof
    }

    /// A verifier key, or a file with one.
    static func key(_ argument: String) throws(CommandFailure) -> LogKey {
        if let key = LogKey(argument) { return key }
        let text = String(decoding: try Files.read(argument, limit: 65_536), as: UTF8.self)
        let line = text.split(separator: "\n").first.map(String.init) ?? ""
        guard let key = LogKey(line) else {
            throw CommandFailure("\(argument) is no verifier key and no file with one", hint: "expected what `gatehouse audit key` prints")
        }
        return key
    }
}
