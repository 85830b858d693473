internal import COpenSSL

/// An HMAC context (RFC 2104) that is keyed once and used again and again, by one event loop: starting over does not see the key again.
public final class MAC {
    public let algorithm: DigestAlgorithm
    private let context: OpaquePointer
    private var healthy = false

    /// Fails for an empty key.
    public init(_ algorithm: DigestAlgorithm, key: Secret) throws(CryptoError) {
        guard key.count > 0 else { throw CryptoError(.weakKey, "an empty HMAC key") }
        guard let method = Fetched.hmac.pointer, let context = EVP_MAC_CTX_new(method) else { throw .openSSL(.unavailable, "no HMAC") }
        let keyed = key.withBytes { bytes in
            gh_hmac_init(context, algorithm.name, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count) == 1
        }
        guard keyed else {
            EVP_MAC_CTX_free(context)
            throw .openSSL("HMAC could not be keyed")
        }
        self.algorithm = algorithm
        self.context = context
        healthy = true
    }

    deinit { EVP_MAC_CTX_free(context) }

    /// Forgets what was fed before; the key stays.
    public func start() {
        healthy = EVP_MAC_init(context, nil, 0, nil) == 1
    }

    public func update(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count > 0 else { return }
        healthy = EVP_MAC_update(context, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count) == 1 && healthy
    }

    /// Writes the code and returns its length; 0 where OpenSSL failed, which equals nothing. ``start()`` begins the next one.
    ///
    /// - Precondition: `buffer` has room for `algorithm.length` bytes.
    public func finish(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        precondition(buffer.count >= algorithm.length, "a MAC needs \(algorithm.length) bytes")
        var length = 0
        let done = EVP_MAC_final(context, buffer.baseAddress?.assumingMemoryBound(to: UInt8.self), &length, buffer.count) == 1 && healthy
        healthy = false
        return done ? length : 0
    }
}

/// One-shot HMAC.
public enum HMAC {
    /// Fails for an empty key.
    public static func compute(_ algorithm: DigestAlgorithm, key: Secret, _ bytes: UnsafeRawBufferPointer) throws(CryptoError) -> [UInt8] {
        let mac = try MAC(algorithm, key: key)
        mac.update(bytes)
        var code = [UInt8](repeating: 0, count: algorithm.length)
        guard code.withUnsafeMutableBytes({ mac.finish(into: $0) }) == algorithm.length else { throw .openSSL("HMAC failed") }
        return code
    }
}
