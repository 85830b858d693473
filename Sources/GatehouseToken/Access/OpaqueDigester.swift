internal import GatehouseCrypto

/// The keyed digest by which an opaque token is found: whoever reads the state can neither use nor guess a token (SEC-34).
final class OpaqueDigester {
    private let mac: MAC

    init(_ key: Secret) throws(CryptoError) { mac = try MAC(.sha256, key: key) }

    /// Nil where OpenSSL failed.
    func digest(_ token: UnsafeRawBufferPointer) -> TokenDigest? {
        mac.start()
        mac.update(token)
        return withUnsafeTemporaryAllocation(byteCount: 32, alignment: 8) { output in
            mac.finish(into: output) == 32 ? TokenDigest(UnsafeRawBufferPointer(output)) : nil
        }
    }

    static let randomBytes = 32
    /// Of the text: the base64url of that many bytes.
    static let textLength = 43
}
