internal import COpenSSL

/// One reference to an `EVP_PKEY`.
package final class Key: @unchecked Sendable {
    // Sound: nothing changes a key after it was made, its count of references is atomic, and OpenSSL lets threads share one for reading.
    package let pointer: OpaquePointer

    /// Takes over the caller's reference.
    init(owning pointer: OpaquePointer) { self.pointer = pointer }

    deinit { EVP_PKEY_free(pointer) }

    /// DER of the SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7).
    func subjectPublicKeyInfo() throws(CryptoError) -> [UInt8] {
        var bytes: UnsafeMutablePointer<UInt8>?
        let count = i2d_PUBKEY(pointer, &bytes)
        guard count > 0, let bytes else { throw .openSSL("the public key could not be encoded") }
        defer { gh_free(bytes) }
        return Array(UnsafeBufferPointer(start: bytes, count: Int(count)))
    }

    /// One of the key's numbers by OpenSSL's name, big-endian: in its fewest bytes, or in `length`. Nil where the key has none such.
    func number(_ name: String, length: Int? = nil) -> [UInt8]? {
        var number: OpaquePointer?
        guard EVP_PKEY_get_bn_param(pointer, name, &number) == 1, let number else { return nil }
        defer { BN_free(number) }
        let count = length ?? Int((BN_num_bits(number) + 7) / 8)
        var bytes = [UInt8](repeating: 0, count: count)
        return BN_bn2binpad(number, &bytes, Int32(clamping: count)) == Int32(clamping: count) ? bytes : nil
    }

    /// The bytes of an Ed25519 key (RFC 8032 section 5.1.5).
    func rawPublicKey() -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 32)
        var count = bytes.count
        return EVP_PKEY_get_raw_public_key(pointer, &bytes, &count) == 1 && count == 32 ? bytes : nil
    }
}

/// What a key is for. RSA keys under 2048 or over 8192 bits or with an exponent under 65537 are never taken in, nor are Ed25519 keys of small
/// order.
public enum KeyKind: Sendable, Hashable, CustomStringConvertible {
    case ed25519
    case p256
    case rsa(bits: Int)
    /// Another kind, such as P-384; nothing verifies with it.
    case other

    public var description: String {
        switch self {
        case .ed25519: "Ed25519"
        case .p256: "P-256"
        case .rsa(let bits): "RSA \(bits)"
        case .other: "another kind"
        }
    }

    /// Refuses an RSA key that is too weak, or so large that each signature would be a burden.
    init(of key: Key) throws(CryptoError) {
        if EVP_PKEY_is_a(key.pointer, "ED25519") == 1 {
            guard let raw = key.rawPublicKey() else { throw .openSSL(.malformed, "an Ed25519 key without its point") }
            guard !Ed25519Point.isWeak(raw) else {
                throw CryptoError(
                    .weakKey,
                    "an Ed25519 key that is a point of small order or no canonical point: anybody can make signatures that it accepts")
            }
            self = .ed25519
        } else if EVP_PKEY_is_a(key.pointer, "EC") == 1 {
            var name = [CChar](repeating: 0, count: 64)
            var length = 0
            let known = EVP_PKEY_get_group_name(key.pointer, &name, name.count, &length) == 1
            self =
                known && String(decoding: name.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self) == "prime256v1" ? .p256 : .other
        } else if EVP_PKEY_is_a(key.pointer, "RSA") == 1 {
            let bits = Int(EVP_PKEY_get_bits(key.pointer))
            guard bits >= 2048 else { throw CryptoError(.weakKey, "an RSA key of \(bits) bits; at least 2048 are needed") }
            guard bits <= 8192 else { throw CryptoError(.unsupportedKey, "an RSA key of \(bits) bits; at most 8192 are taken") }
            var exponent: OpaquePointer?
            guard gh_pkey_rsa_exponent(key.pointer, &exponent) == 1, let exponent else {
                throw .openSSL(.malformed, "an RSA key without exponent")
            }
            defer { BN_free(exponent) }
            guard BN_num_bits(exponent) > 16, BN_num_bits(exponent) <= 64, BN_is_odd(exponent) == 1 else {
                throw CryptoError(.weakKey, "an RSA key whose public exponent is not an odd number from 65537 to 64 bits")
            }
            guard !StructuredRSA.matches(key) else {
                throw CryptoError(
                    .weakKey, "an RSA key of a faulty generator (CVE-2017-15361): its private half is known to anybody who computes it")
            }
            self = .rsa(bits: bits)
        } else {
            self = .other
        }
    }
}
