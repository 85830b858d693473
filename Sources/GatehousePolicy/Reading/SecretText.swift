/// Recognises what looks like a secret, so that none is left lying in policy files.
enum SecretText {
    /// For keys that policy does not know.
    static func isSecretName(_ key: String) -> Bool {
        let folded = key.lowercased().filter { $0 != "-" && $0 != "_" }
        return ["secret", "password", "passwd", "passphrase", "credential", "apikey", "token", "privatekey"].contains {
            folded.contains($0)
        }
    }

    /// A private key, or the prefix of a well-known kind of secret with more behind it.
    static func isSecret(_ value: String) -> Bool {
        // Every value of every file is looked at, and nearly all are shorter than any secret.
        guard value.utf8.count >= 15 else { return false }
        var value = value
        return value.withUTF8 { bytes in
            prefixes.contains { bytes.count >= $0.utf8CodeUnitCount + 12 && begins(bytes, at: 0, with: $0) }
                || (0...(bytes.count - 15)).contains { begins(bytes, at: $0, with: pem) }
        }
    }

    private static let prefixes: [StaticString] = ["whsec_", "whsk_", "whk_", "sk_live_", "sk_test_", "ghp_", "xoxb-", "SG."]
    private static let pem: StaticString = "PRIVATE KEY-----"

    private static func begins(_ bytes: UnsafeBufferPointer<UInt8>, at start: Int, with text: StaticString) -> Bool {
        guard bytes.count - start >= text.utf8CodeUnitCount else { return false }
        for offset in 0..<text.utf8CodeUnitCount where bytes[start + offset] != text.utf8Start[offset] { return false }
        return true
    }
}
