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
        if value.contains("PRIVATE KEY-----") { return true }
        return ["whsec_", "whsk_", "whk_", "sk_live_", "sk_test_", "ghp_", "xoxb-", "SG."].contains { prefix in
            value.hasPrefix(prefix) && value.utf8.count >= prefix.utf8.count + 12
        }
    }
}
