internal import COpenSSL

/// A private key; any thread may sign with it.
public struct PrivateKey: Sendable {
    public enum Generated: Sendable, Hashable {
        case p256
        case ed25519
        case rsa(bits: Int)
    }

    package let key: Key
    public let publicKey: PublicKey

    init(_ key: Key) throws(CryptoError) {
        publicKey = try PublicKey(key)
        self.key = key
    }

    /// PEM in PKCS#8, or the older forms of RSA and EC keys. An encrypted key is refused: nothing here could ask for its passphrase.
    public init(pem: Secret) throws(CryptoError) {
        ERR_clear_error()
        var isEncrypted = false
        let pointer = pem.withBytes { bytes -> OpaquePointer? in
            guard let bio = BIO_new_mem_buf(bytes.baseAddress, Int32(clamping: bytes.count)) else { return nil }
            defer { BIO_free(bio) }
            return withUnsafeMutablePointer(to: &isEncrypted) { asked in
                PEM_read_bio_PrivateKey(
                    bio, nil,
                    { _, _, _, asked in
                        asked?.assumingMemoryBound(to: Bool.self).pointee = true
                        return -1
                    }, asked)
            }
        }
        guard let pointer else {
            if isEncrypted {
                ERR_clear_error()
                throw CryptoError(.encrypted, "the private key is encrypted; store it without a passphrase, readable by this user alone")
            }
            throw .openSSL(.malformed, "no PEM private key")
        }
        try self.init(Key(owning: pointer))
    }

    public static func generate(_ kind: Generated) throws(CryptoError) -> PrivateKey {
        ERR_clear_error()
        let pointer =
            switch kind {
            case .p256: gh_generate_p256()
            case .ed25519: gh_generate_ed25519()
            case .rsa(let bits): gh_generate_rsa(max(bits, 2048))
            }
        guard let pointer else { throw .openSSL("no key could be generated") }
        return try PrivateKey(Key(owning: pointer))
    }

    /// PKCS#8 in PEM, unencrypted.
    public func pem() throws(CryptoError) -> Secret {
        guard let bio = BIO_new(BIO_s_secmem()) else { throw .openSSL("no memory for a key") }
        defer { BIO_free(bio) }
        guard PEM_write_bio_PKCS8PrivateKey(bio, key.pointer, nil, nil, 0, nil, nil) == 1 else {
            throw .openSSL("the key could not be written")
        }
        var contents: UnsafeMutablePointer<CChar>?
        let count = gh_bio_contents(bio, &contents)
        return Secret(copying: UnsafeRawBufferPointer(start: contents, count: max(count, 0)))
    }

    public func sign(_ scheme: SignatureScheme, _ message: UnsafeRawBufferPointer) throws(CryptoError) -> [UInt8] {
        guard scheme.fits(publicKey.kind) else {
            throw CryptoError(.unsupportedKey, "a key of kind \(publicKey.kind) does not sign that way")
        }
        guard let context = EVP_MD_CTX_new() else { throw .openSSL("no signing context") }
        defer { EVP_MD_CTX_free(context) }
        var keyContext: OpaquePointer?
        guard EVP_DigestSignInit(context, &keyContext, scheme.digest?.method, nil, key.pointer) == 1, scheme.configure(keyContext) else {
            throw .openSSL("signing could not begin")
        }
        var length = Int(EVP_PKEY_get_size(key.pointer))
        var signature = [UInt8](repeating: 0, count: length)
        var nothing: UInt8 = 0
        let done = withUnsafePointer(to: &nothing) { empty in
            EVP_DigestSign(context, &signature, &length, message.baseAddress?.assumingMemoryBound(to: UInt8.self) ?? empty, message.count)
                == 1
        }
        guard done else { throw .openSSL("signing failed") }
        signature.removeLast(signature.count - length)
        guard scheme == .ecdsaP256SHA256Raw else { return signature }
        guard let parsed = signature.withUnsafeBytes({ ECDSASignature(der: $0) }) else { throw CryptoError(.failed, "signing failed") }
        return parsed.raw
    }
}
