internal import GatehouseCrypto

extension Hasher {
    /// SHA-256 for the chain and the tree. One that cannot be had ends the process: a log without hashes must not go on, and OpenSSL can only
    /// have run out of memory, since ``DigestAlgorithm`` found the algorithm.
    static func ofRecords() -> Hasher {
        do {
            return try Hasher(.sha256)
        } catch {
            fatalError("no SHA-256: \(error)")
        }
    }

    /// The digest of what came since `start()`.
    func finishSHA256() -> SHA256Value {
        withUnsafeTemporaryAllocation(byteCount: 32, alignment: 8) { buffer in
            guard finish(into: buffer) == 32 else { fatalError("OpenSSL could not finish a SHA-256 digest") }
            return SHA256Value(copying: UnsafeRawBufferPointer(buffer))
        }
    }
}
