internal import GatehouseCrypto

/// A SHA-256 or HMAC-SHA256 value by which a token is found again.
public struct TokenDigest: Sendable, Hashable {
    private let words: (UInt64, UInt64, UInt64, UInt64)

    /// Nil for anything but 32 bytes.
    public init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count == 32 else { return nil }
        words = (
            bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self), bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self),
            bytes.loadUnaligned(fromByteOffset: 16, as: UInt64.self), bytes.loadUnaligned(fromByteOffset: 24, as: UInt64.self)
        )
    }

    public init?(_ bytes: [UInt8]) {
        guard let digest = bytes.withUnsafeBytes({ TokenDigest($0) }) else { return nil }
        self = digest
    }

    /// Of some bytes.
    public init(sha256 bytes: [UInt8]) {
        let digest = Digest.sha256(bytes)
        words = digest.withUnsafeBytes { digest in
            (
                digest.loadUnaligned(fromByteOffset: 0, as: UInt64.self), digest.loadUnaligned(fromByteOffset: 8, as: UInt64.self),
                digest.loadUnaligned(fromByteOffset: 16, as: UInt64.self), digest.loadUnaligned(fromByteOffset: 24, as: UInt64.self)
            )
        }
    }

    public var bytes: [UInt8] { withUnsafeBytes(of: words) { Array($0) } }

    /// For spreading over tables.
    package var bucket: Int { Int(words.0 & 0xff) }

    public static func == (left: TokenDigest, right: TokenDigest) -> Bool { left.words == right.words }

    public func hash(into hasher: inout Swift.Hasher) { hasher.combine(words.0) }
}
