internal import COpenSSL

/// A private key made ready to sign again and again, by one event loop: what ``PrivateKey/sign(_:_:)`` looks up for each signature, this
/// looks up once. Not to be shared between threads.
public final class SigningContext {
    public let scheme: SignatureScheme
    private let key: PrivateKey
    /// Nil for Ed25519, which signs the message itself and not its digest.
    private let prepared: PreparedContext?

    /// Fails where the key does not sign that way.
    public init(_ key: PrivateKey, _ scheme: SignatureScheme) throws(CryptoError) {
        guard scheme.fits(key.publicKey.kind) else {
            throw CryptoError(.unsupportedKey, "a key of kind \(key.publicKey.kind) does not sign that way")
        }
        self.key = key
        self.scheme = scheme
        guard let digest = scheme.digest else {
            prepared = nil
            return
        }
        prepared = try PreparedContext(key.key, scheme, digest, begin: { EVP_PKEY_sign_init($0) == 1 })
    }

    /// As ``PrivateKey/sign(_:_:)``.
    public func sign(_ message: UnsafeRawBufferPointer) throws(CryptoError) -> [UInt8] {
        guard let prepared else { return try key.sign(scheme, message) }
        guard prepared.digest(message) else { throw .openSSL("signing failed") }
        var length = Int(EVP_PKEY_get_size(key.key.pointer))
        let signature = [UInt8](unsafeUninitializedCapacity: length) { buffer, count in
            let done = EVP_PKEY_sign(prepared.pointer, buffer.baseAddress, &length, prepared.code, prepared.codeLength) == 1
            count = done ? length : 0
        }
        guard !signature.isEmpty else { throw .openSSL("signing failed") }
        guard scheme == .ecdsaP256SHA256Raw else { return signature }
        guard let parsed = signature.withUnsafeBytes({ ECDSASignature(der: $0) }) else { throw CryptoError(.failed, "signing failed") }
        return parsed.raw
    }
}

/// A public key made ready to verify again and again, by one event loop. Not to be shared between threads.
public final class VerifyingContext {
    public let scheme: SignatureScheme
    private let key: PublicKey
    private let prepared: PreparedContext?

    /// Fails where the key does not verify that way.
    public init(_ key: PublicKey, _ scheme: SignatureScheme) throws(CryptoError) {
        guard scheme.fits(key.kind) else { throw CryptoError(.unsupportedKey, "a key of kind \(key.kind) does not verify that way") }
        self.key = key
        self.scheme = scheme
        guard let digest = scheme.digest else {
            prepared = nil
            return
        }
        prepared = try PreparedContext(key.key, scheme, digest, begin: { EVP_PKEY_verify_init($0) == 1 })
    }

    /// As ``PublicKey/verify(_:signature:message:)``.
    public func verify(signature: UnsafeRawBufferPointer, message: UnsafeRawBufferPointer) -> Bool {
        guard let prepared else { return key.verify(scheme, signature: signature, message: message) }
        switch scheme {
        case .ed25519: return false
        case .ecdsaP256SHA256DER:
            guard ECDSASignature(der: signature) != nil else { return false }
            return verify(encoded: signature, message, prepared)
        case .ecdsaP256SHA256Raw:
            guard let parsed = ECDSASignature(raw: signature) else { return false }
            return parsed.der.withUnsafeBytes { verify(encoded: $0, message, prepared) }
        case .rsaPKCS1, .rsaPSS:
            return signature.count == Int(EVP_PKEY_get_size(key.key.pointer)) && verify(encoded: signature, message, prepared)
        }
    }

    private func verify(encoded signature: UnsafeRawBufferPointer, _ message: UnsafeRawBufferPointer, _ prepared: PreparedContext) -> Bool {
        guard prepared.digest(message) else { return false }
        defer { ERR_clear_error() }
        return EVP_PKEY_verify(
            prepared.pointer, signature.baseAddress?.assumingMemoryBound(to: UInt8.self), signature.count, prepared.code,
            prepared.codeLength) == 1
    }
}

/// A key context that takes digests, and the digest context before it.
private final class PreparedContext {
    let pointer: OpaquePointer
    let code: UnsafeMutablePointer<UInt8>
    let codeLength: Int
    private let hasher: Hasher

    init(_ key: Key, _ scheme: SignatureScheme, _ digest: DigestAlgorithm, begin: (OpaquePointer) -> Bool) throws(CryptoError) {
        ERR_clear_error()
        guard let pointer = EVP_PKEY_CTX_new_from_pkey(nil, key.pointer, nil) else { throw .openSSL("no key context") }
        guard begin(pointer), scheme.configure(pointer), EVP_PKEY_CTX_set_signature_md(pointer, digest.method) == 1 else {
            EVP_PKEY_CTX_free(pointer)
            throw .openSSL("a key context could not be prepared")
        }
        do throws(CryptoError) {
            hasher = try Hasher(digest)
        } catch {
            EVP_PKEY_CTX_free(pointer)
            throw error
        }
        self.pointer = pointer
        code = .allocate(capacity: 64)
        codeLength = digest.length
    }

    /// Into `code`.
    func digest(_ message: UnsafeRawBufferPointer) -> Bool {
        hasher.start()
        hasher.update(message)
        return hasher.finish(into: UnsafeMutableRawBufferPointer(start: code, count: 64)) == codeLength
    }

    deinit {
        EVP_PKEY_CTX_free(pointer)
        code.deallocate()
    }
}
