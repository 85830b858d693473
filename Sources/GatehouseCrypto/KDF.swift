internal import COpenSSL

/// Keys from passwords and from other keys.
public enum KDF {
    /// scrypt (RFC 7914). Takes `128 · n · r` bytes of memory while it runs.
    public static func scrypt(
        password: UnsafeRawBufferPointer, salt: [UInt8], n: UInt64, r: UInt32, p: UInt32, length: Int
    ) throws(CryptoError) -> Secret {
        try Secret(count: length) { (output) throws(CryptoError) in
            let empty: [CChar] = [0]
            let done = empty.withUnsafeBufferPointer { nothing in
                EVP_PBE_scrypt(
                    password.baseAddress?.assumingMemoryBound(to: CChar.self) ?? nothing.baseAddress, password.count, salt, salt.count,
                    n, UInt64(r), UInt64(p), maximumMemory, output.baseAddress?.assumingMemoryBound(to: UInt8.self), length) == 1
            }
            guard done else { throw .openSSL("scrypt with n=\(n), r=\(r), p=\(p) failed") }
        }
    }

    /// HKDF with SHA-256 (RFC 5869), extract and expand. Fails for an empty key.
    public static func hkdfSHA256(key: Secret, salt: [UInt8] = [], info: String, length: Int) throws(CryptoError) -> Secret {
        try hkdfSHA256(key: key, salt: salt, info: Array(info.utf8), length: length)
    }

    static func hkdfSHA256(key: Secret, salt: [UInt8], info: [UInt8], length: Int) throws(CryptoError) -> Secret {
        guard key.count > 0 else { throw CryptoError(.weakKey, "an empty key to derive from") }
        guard let method = Fetched.hkdf.pointer, let context = EVP_KDF_CTX_new(method) else { throw .openSSL(.unavailable, "no HKDF") }
        defer { EVP_KDF_CTX_free(context) }
        return try Secret(count: length) { (output) throws(CryptoError) in
            let done = key.withBytes { bytes in
                gh_hkdf_sha256(
                    context, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count, salt, salt.count, info, info.count,
                    output.baseAddress?.assumingMemoryBound(to: UInt8.self), output.count) == 1
            }
            guard done else { throw .openSSL("HKDF failed") }
        }
    }

    private static let maximumMemory: UInt64 = 1 << 30
}
