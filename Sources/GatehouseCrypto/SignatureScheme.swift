/// Signature algorithms with everything that could vary fixed.
public enum SignatureScheme: Sendable, Hashable {
    /// RFC 8032; S must be canonical.
    case ed25519
    /// ECDSA on P-256 with SHA-256, the signature in strict DER.
    case ecdsaP256SHA256DER
    /// … the signature as r and s, 32 bytes each (RFC 7518 section 3.4).
    case ecdsaP256SHA256Raw
    /// RSASSA-PKCS1-v1_5 (RFC 8017 section 8.2).
    case rsaPKCS1(DigestAlgorithm)
    /// RSASSA-PSS with MGF1 of the same digest and a salt of its length (RFC 7518 section 3.5).
    case rsaPSS(DigestAlgorithm)

    func fits(_ kind: KeyKind) -> Bool {
        switch (self, kind) {
        case (.ed25519, .ed25519), (.ecdsaP256SHA256DER, .p256), (.ecdsaP256SHA256Raw, .p256), (.rsaPKCS1, .rsa), (.rsaPSS, .rsa): true
        default: false
        }
    }

    var digest: DigestAlgorithm? {
        switch self {
        case .ed25519: nil
        case .ecdsaP256SHA256DER, .ecdsaP256SHA256Raw: .sha256
        case .rsaPKCS1(let digest), .rsaPSS(let digest): digest
        }
    }
}
