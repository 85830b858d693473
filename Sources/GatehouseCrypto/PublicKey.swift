internal import COpenSSL

/// A public key, checked when it was taken in (``KeyKind``); any thread may verify with it.
public struct PublicKey: Sendable {
    let key: Key
    public let kind: KeyKind
    /// SHA-256 of the DER SubjectPublicKeyInfo: what a pin names.
    public let spkiSHA256: [UInt8]

    init(_ key: Key) throws(CryptoError) {
        kind = try KeyKind(of: key)
        spkiSHA256 = Digest.sha256(try key.subjectPublicKeyInfo())
        self.key = key
    }

    /// A `-----BEGIN PUBLIC KEY-----` text.
    public init(pem: String) throws(CryptoError) {
        ERR_clear_error()
        let bytes = Array(pem.utf8)
        let pointer = bytes.withUnsafeBytes { source -> OpaquePointer? in
            guard let bio = BIO_new_mem_buf(source.baseAddress, Int32(clamping: source.count)) else { return nil }
            defer { BIO_free(bio) }
            return PEM_read_bio_PUBKEY(bio, nil, { _, _, _, _ in -1 }, nil)
        }
        guard let pointer else { throw .openSSL(.malformed, "no PEM public key (BEGIN PUBLIC KEY)") }
        try self.init(Key(owning: pointer))
    }

    /// A DER SubjectPublicKeyInfo, with nothing behind it.
    public init(spki: [UInt8]) throws(CryptoError) {
        ERR_clear_error()
        let pointer = spki.withUnsafeBufferPointer { bytes -> OpaquePointer? in
            var position = bytes.baseAddress
            guard let key = d2i_PUBKEY(nil, &position, bytes.count) else { return nil }
            guard let start = bytes.baseAddress, position == start + bytes.count else {
                EVP_PKEY_free(key)
                return nil
            }
            return key
        }
        guard let pointer else { throw .openSSL(.malformed, "no SubjectPublicKeyInfo in DER") }
        try self.init(Key(owning: pointer))
    }

    /// The 32 bytes of RFC 8032 section 5.1.5.
    public init(ed25519 raw: [UInt8]) throws(CryptoError) {
        ERR_clear_error()
        guard raw.count == 32, let pointer = EVP_PKEY_new_raw_public_key_ex(nil, "ED25519", nil, raw, raw.count) else {
            throw .openSSL(.malformed, "an Ed25519 public key has 32 bytes")
        }
        try self.init(Key(owning: pointer))
    }

    /// DER of the SubjectPublicKeyInfo.
    public func subjectPublicKeyInfo() throws(CryptoError) -> [UInt8] { try key.subjectPublicKeyInfo() }

    /// Whether `signature` is this key's over `message`. A malformed signature, an empty one and a scheme of another key's kind are
    /// simply false.
    public func verify(_ scheme: SignatureScheme, signature: UnsafeRawBufferPointer, message: UnsafeRawBufferPointer) -> Bool {
        guard scheme.fits(kind), !signature.isEmpty else { return false }
        switch scheme {
        case .ed25519:
            return signature.count == 64 && verifyEncoded(scheme, signature, message)
        case .ecdsaP256SHA256DER:
            guard ECDSASignature(der: signature) != nil else { return false }
            return verifyEncoded(scheme, signature, message)
        case .ecdsaP256SHA256Raw:
            guard let parsed = ECDSASignature(raw: signature) else { return false }
            return parsed.der.withUnsafeBytes { verifyEncoded(scheme, $0, message) }
        case .rsaPKCS1, .rsaPSS:
            return signature.count == Int(EVP_PKEY_get_size(key.pointer)) && verifyEncoded(scheme, signature, message)
        }
    }

    /// `signature` in the form OpenSSL reads.
    private func verifyEncoded(_ scheme: SignatureScheme, _ signature: UnsafeRawBufferPointer, _ message: UnsafeRawBufferPointer) -> Bool {
        guard let context = EVP_MD_CTX_new() else { return false }
        defer {
            EVP_MD_CTX_free(context)
            ERR_clear_error()
        }
        var keyContext: OpaquePointer?
        guard EVP_DigestVerifyInit(context, &keyContext, scheme.digest?.method, nil, key.pointer) == 1,
            scheme.configure(keyContext)
        else { return false }
        var nothing: UInt8 = 0
        return withUnsafePointer(to: &nothing) { empty in
            EVP_DigestVerify(
                context, signature.baseAddress?.assumingMemoryBound(to: UInt8.self), signature.count,
                message.baseAddress?.assumingMemoryBound(to: UInt8.self) ?? empty, message.count) == 1
        }
    }
}

extension SignatureScheme {
    /// Sets the padding on the key context that a signing or verifying context made.
    func configure(_ context: OpaquePointer?) -> Bool {
        switch self {
        case .ed25519, .ecdsaP256SHA256DER, .ecdsaP256SHA256Raw: true
        case .rsaPKCS1: EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1
        case .rsaPSS(let digest):
            EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1
                && EVP_PKEY_CTX_set_rsa_mgf1_md(context, digest.method) == 1
                && EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1
        }
    }
}
