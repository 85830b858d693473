import GatehouseCrypto
import GatehouseTime
import GatehouseVerify

/// Signs hand-overs per Standard Webhooks with the credential `handler/NAME/signing` (`sign: true`).
struct HandOverSigner: Sendable {
    private let versions: [CredentialVersion]

    init(credentials: CredentialSet, handler: String) {
        versions = credentials[CredentialName(sender: "handler/\(handler)", kind: .signing)]
    }

    /// Whether there is a secret to sign with. Without one nothing is handed over: a handler that was promised signatures must not get used
    /// to events without.
    func isAble(at now: WallTime) -> Bool { versions.contains { $0.state.isLive(at: now) } }

    /// The three `webhook-*` fields; one signature for each live version, so that a handler can change over in its own time. Empty where no
    /// version is live: the handler then refuses, as it should.
    func fields(id: String, at now: WallTime, body: UnsafeRawBufferPointer) -> [(name: String, value: String)] {
        let seconds = String(now.seconds)
        var signatures: [String] = []
        for version in versions where version.state.isLive(at: now) {
            guard let key = try? version.value.open().decodedWebhookKey(), let mac = try? MAC(.sha256, key: key) else { continue }
            mac.start()
            for part in [Array(id.utf8), [UInt8(ascii: ".")], Array(seconds.utf8), [UInt8(ascii: ".")]] {
                part.withUnsafeBytes { mac.update($0) }
            }
            mac.update(body)
            var digest = [UInt8](repeating: 0, count: 32)
            _ = digest.withUnsafeMutableBytes { mac.finish(into: $0) }
            signatures.append("v1," + Base64.encode(digest, alphabet: .standard, padded: true))
        }
        guard !signatures.isEmpty else { return [] }
        return [("webhook-id", id), ("webhook-timestamp", seconds), ("webhook-signature", signatures.joined(separator: " "))]
    }
}

extension Secret {
    /// The bytes after `whsec_`, base64-decoded; a value of another form is the key as it stands.
    fileprivate func decodedWebhookKey() -> Secret {
        withBytes { text in
            let prefix = Array("whsec_".utf8)
            guard text.starts(with: prefix) else { return Secret(copying: text) }
            var decoded = [UInt8](repeating: 0, count: text.count)
            let count = decoded.withUnsafeMutableBytes { target in
                Base64.decode(
                    UnsafeRawBufferPointer(rebasing: text[prefix.count...]), into: target, alphabet: .standard, padding: .optional)
            }
            guard let count else { return Secret(copying: text) }
            return decoded.withUnsafeBytes { Secret(copying: UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        }
    }
}
