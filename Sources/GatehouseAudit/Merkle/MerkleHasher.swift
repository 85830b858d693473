internal import GatehouseCrypto

/// The hashes of a Merkle tree over a log (RFC 6962 section 2.1). The data of a leaf are the 32 bytes of a record's `hash`. One owner.
public final class MerkleHasher {
    private let hasher: Hasher

    public init() {
        hasher = Hasher.ofRecords()
    }

    public func leaf(_ data: SHA256Value) -> SHA256Value {
        withUnsafeTemporaryAllocation(byteCount: 33, alignment: 8) { buffer in
            buffer[0] = 0
            data.withUnsafeBytes { UnsafeMutableRawBufferPointer(rebasing: buffer[1...]).copyMemory(from: $0) }
            return digest(UnsafeRawBufferPointer(buffer))
        }
    }

    public func node(_ left: SHA256Value, _ right: SHA256Value) -> SHA256Value {
        withUnsafeTemporaryAllocation(byteCount: 65, alignment: 8) { buffer in
            buffer[0] = 1
            left.withUnsafeBytes { UnsafeMutableRawBufferPointer(rebasing: buffer[1..<33]).copyMemory(from: $0) }
            right.withUnsafeBytes { UnsafeMutableRawBufferPointer(rebasing: buffer[33...]).copyMemory(from: $0) }
            return digest(UnsafeRawBufferPointer(buffer))
        }
    }

    /// Of a tree without leaves.
    public func empty() -> SHA256Value { digest(UnsafeRawBufferPointer(start: nil, count: 0)) }

    private func digest(_ bytes: UnsafeRawBufferPointer) -> SHA256Value {
        hasher.start()
        hasher.update(bytes)
        return hasher.finishSHA256()
    }
}
