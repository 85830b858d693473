extension PublicKey {
    /// A `-----BEGIN PUBLIC KEY-----` text (RFC 7468 section 13).
    public func pem() throws(CryptoError) -> String {
        var text = "-----BEGIN PUBLIC KEY-----\n"
        var rest = Base64.encode(try subjectPublicKeyInfo())[...]
        while !rest.isEmpty {
            text += rest.prefix(64) + "\n"
            rest = rest.dropFirst(64)
        }
        return text + "-----END PUBLIC KEY-----\n"
    }
}
