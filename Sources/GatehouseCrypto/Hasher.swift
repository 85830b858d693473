internal import COpenSSL

/// A digest context that is used again and again, by one event loop.
public final class Hasher {
    public let algorithm: DigestAlgorithm
    private let context: OpaquePointer
    private var healthy = false

    public init(_ algorithm: DigestAlgorithm) throws(CryptoError) {
        guard let context = EVP_MD_CTX_new() else { throw .openSSL("no digest context") }
        self.algorithm = algorithm
        self.context = context
        start()
    }

    deinit { EVP_MD_CTX_free(context) }

    /// Forgets what was fed before.
    public func start() {
        healthy = EVP_DigestInit_ex2(context, algorithm.method, nil) == 1
    }

    public func update(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count > 0 else { return }
        healthy = EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) == 1 && healthy
    }

    /// Writes the digest and returns its length; 0 where OpenSSL failed. ``start()`` begins the next one.
    ///
    /// - Precondition: `buffer` has room for `algorithm.length` bytes.
    public func finish(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        precondition(buffer.count >= algorithm.length, "a digest needs \(algorithm.length) bytes")
        var length: UInt32 = 0
        let done = EVP_DigestFinal_ex(context, buffer.baseAddress?.assumingMemoryBound(to: UInt8.self), &length) == 1 && healthy
        healthy = false
        return done ? Int(length) : 0
    }
}
