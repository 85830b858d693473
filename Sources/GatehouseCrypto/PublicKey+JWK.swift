extension PublicKey {
    /// A JSON Web Key (RFC 7517): `OKP` with Ed25519 (RFC 8037), `EC` with P-256, `RSA` (RFC 7518 section 6).
    ///
    /// Private members are refused rather than ignored: such a key has been where it should not be. So are repeated ones.
    public init(jwk: [UInt8]) throws(CryptoError) {
        guard let members = StrictJSON(jwk)?.members else {
            throw CryptoError(.malformed, "the JWK is no JSON object, or one with a repeated member")
        }
        try self.init(jwk: members)
    }

    package init(jwk members: [String: StrictJSON]) throws(CryptoError) {
        for name in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] where members[name] != nil {
            throw CryptoError(.unsupportedKey, "the JWK holds the private or symmetric member \"\(name)\"; register the public key alone")
        }
        func text(_ name: String) -> String? { members[name]?.text }
        func number(_ name: String, of kind: String) throws(CryptoError) -> [UInt8] {
            guard let value = text(name), let bytes = Base64.decode(value, alphabet: .url, padding: .forbidden), !bytes.isEmpty else {
                throw CryptoError(.malformed, "a JWK of type \(kind) needs \"\(name)\" in base64url")
            }
            return bytes
        }
        switch (text("kty"), text("crv")) {
        case ("OKP", "Ed25519"):
            try self.init(ed25519: number("x", of: "OKP"))
        case ("EC", "P-256"):
            let x = try number("x", of: "EC")
            let y = try number("y", of: "EC")
            guard x.count == 32, y.count == 32 else { throw CryptoError(.malformed, "the coordinates of a P-256 JWK have 32 bytes") }
            try self.init(spki: Self.p256Prefix + x + y)
        case ("RSA", _):
            let modulus = try number("n", of: "RSA")
            let exponent = try number("e", of: "RSA")
            guard modulus.count <= 2048, exponent.count <= 8 else {
                throw CryptoError(.unsupportedKey, "an RSA JWK of that size is not taken")
            }
            var key: [UInt8] = []
            DER.appendInteger(modulus, to: &key)
            DER.appendInteger(exponent, to: &key)
            try self.init(spki: DER.wrap(0x30, Self.rsaAlgorithm + DER.wrap(0x03, [0] + DER.wrap(0x30, key))))
        default:
            throw CryptoError(.unsupportedKey, "a JWK must be OKP with Ed25519, EC with P-256, or RSA")
        }
    }

    /// The members that say which key it is, in the order in which RFC 7638 section 3.2 digests them: `kty` and those of RFC 7518 section 6
    /// or RFC 8037 section 2, values in base64url. Throws for kinds that are no JWK here.
    package func jwkMembers() throws(CryptoError) -> [(name: String, value: String)] {
        func number(_ name: String, length: Int? = nil) throws(CryptoError) -> String {
            guard let bytes = key.number(name, length: length) else { throw .openSSL("the public key does not show its numbers") }
            return Base64.encode(bytes, alphabet: .url, padded: false)
        }
        switch kind {
        case .p256: return [("crv", "P-256"), ("kty", "EC"), ("x", try number("qx", length: 32)), ("y", try number("qy", length: 32))]
        case .rsa: return [("e", try number("e")), ("kty", "RSA"), ("n", try number("n"))]
        case .ed25519:
            guard let bytes = key.rawPublicKey() else { throw .openSSL("the public key does not show its bytes") }
            return [("crv", "Ed25519"), ("kty", "OKP"), ("x", Base64.encode(bytes, alphabet: .url, padded: false))]
        case .other: throw CryptoError(.unsupportedKey, "a key of another kind than P-256, RSA and Ed25519 has no JWK here")
        }
    }

    /// SHA-256 thumbprint of RFC 7638, in base64url: a name that follows from the key itself.
    public func thumbprint() throws(CryptoError) -> String {
        let text = "{" + (try jwkMembers()).map { "\"\($0.name)\":\"\($0.value)\"" }.joined(separator: ",") + "}"
        return Base64.encode(Digest.sha256(Array(text.utf8)), alphabet: .url, padded: false)
    }

    /// SubjectPublicKeyInfo of a P-256 key up to the coordinates: id-ecPublicKey, prime256v1, an uncompressed point.
    private static let p256Prefix: [UInt8] = [
        0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01,
        0x07, 0x03, 0x42, 0x00, 0x04,
    ]
    /// AlgorithmIdentifier rsaEncryption with NULL.
    private static let rsaAlgorithm: [UInt8] = [
        0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00,
    ]
}
