internal import COpenSSL

/// An algorithm fetched from OpenSSL's providers once: OpenSSL 3 looks up names again at each implicit fetch, which costs more than a
/// short MAC.
struct Fetched: @unchecked Sendable {
    // Sound: a fetched algorithm is immutable, its count of references is atomic, and it is never freed.
    let pointer: OpaquePointer?

    static let sha1 = Fetched(pointer: EVP_MD_fetch(nil, "SHA1", nil))
    static let sha256 = Fetched(pointer: EVP_MD_fetch(nil, "SHA256", nil))
    static let sha384 = Fetched(pointer: EVP_MD_fetch(nil, "SHA384", nil))
    static let sha512 = Fetched(pointer: EVP_MD_fetch(nil, "SHA512", nil))
    static let hmac = Fetched(pointer: EVP_MAC_fetch(nil, "HMAC", nil))
    static let hkdf = Fetched(pointer: EVP_KDF_fetch(nil, "HKDF", nil))
    static let aes256GCM = Fetched(pointer: EVP_CIPHER_fetch(nil, "AES-256-GCM", nil))
}
