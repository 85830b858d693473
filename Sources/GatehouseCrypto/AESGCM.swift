internal import COpenSSL

/// AES-256-GCM (NIST SP 800-38D) with a fresh random nonce for each value.
///
/// With random nonces one key is good for 2³² values (SP 800-38D section 8.3); a gateway seals some thousands.
public enum AESGCM {
    private static let nonceLength = 12
    private static let tagLength = 16

    /// Nonce, ciphertext and tag in one. `associated` is authenticated, not contained: opening needs the same bytes again.
    public static func seal(_ plaintext: UnsafeRawBufferPointer, key: Secret, associated: [UInt8]) throws(CryptoError) -> [UInt8] {
        let context = try makeContext(key: key, count: plaintext.count)
        defer { EVP_CIPHER_CTX_free(context) }
        var sealed = try Random.bytes(nonceLength)
        sealed.append(contentsOf: repeatElement(0, count: plaintext.count + tagLength))
        let done = sealed.withUnsafeMutableBytes { output -> Bool in
            guard let base = output.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return false }
            var written: Int32 = 0
            let body = base + nonceLength
            return key.withBytes {
                EVP_EncryptInit_ex2(context, Fetched.aes256GCM.pointer, $0.baseAddress?.assumingMemoryBound(to: UInt8.self), base, nil)
            } == 1
                && EVP_EncryptUpdate(context, nil, &written, associated, Int32(associated.count)) == 1
                && (plaintext.isEmpty
                    || EVP_EncryptUpdate(
                        context, body, &written, plaintext.baseAddress?.assumingMemoryBound(to: UInt8.self), Int32(plaintext.count)) == 1)
                && EVP_EncryptFinal_ex(context, body + plaintext.count, &written) == 1
                && gh_gcm_get_tag(context, body + plaintext.count, Int32(tagLength)) == 1
        }
        guard done else { throw .openSSL("a value could not be sealed") }
        return sealed
    }

    /// Fails with ``CryptoError/Code/notAuthentic`` where any byte, the key or `associated` differs from what was sealed.
    public static func open(_ sealed: [UInt8], key: Secret, associated: [UInt8]) throws(CryptoError) -> Secret {
        let count = sealed.count - nonceLength - tagLength
        guard count >= 0 else { throw CryptoError(.notAuthentic, "a sealed value is too short") }
        let context = try makeContext(key: key, count: count)
        defer { EVP_CIPHER_CTX_free(context) }
        return try Secret(count: count) { (output) throws(CryptoError) in
            let done = sealed.withUnsafeBytes { input -> Bool in
                guard let base = input.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return false }
                var written: Int32 = 0
                var nothing: UInt8 = 0
                let plaintext = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
                return key.withBytes {
                    EVP_DecryptInit_ex2(context, Fetched.aes256GCM.pointer, $0.baseAddress?.assumingMemoryBound(to: UInt8.self), base, nil)
                } == 1
                    && EVP_DecryptUpdate(context, nil, &written, associated, Int32(associated.count)) == 1
                    && (count == 0 || EVP_DecryptUpdate(context, plaintext, &written, base + nonceLength, Int32(count)) == 1)
                    && gh_gcm_set_tag(context, base + nonceLength + count, Int32(tagLength)) == 1
                    && EVP_DecryptFinal_ex(context, &nothing, &written) == 1
            }
            guard done else {
                ERR_clear_error()
                throw CryptoError(.notAuthentic, "a sealed value does not open: it was changed, moved or sealed under another key")
            }
        }
    }

    private static func makeContext(key: Secret, count: Int) throws(CryptoError) -> OpaquePointer {
        guard key.count == 32 else { throw CryptoError(.weakKey, "an AES-256 key has 32 bytes, not \(key.count)") }
        guard count <= 1 << 30 else { throw CryptoError(.failed, "a value of \(count) bytes is too long to seal") }
        guard Fetched.aes256GCM.pointer != nil, let context = EVP_CIPHER_CTX_new() else { throw .openSSL(.unavailable, "no AES-256-GCM") }
        return context
    }
}
