public import GatehouseCrypto
internal import GatehouseTime

/// What one event loop needs again for every token: hashers, key contexts, and the tokens whose signature held lately, by their digest, so
/// that the next event with one costs a look-up. Not to be shared between threads.
public final class TokenWorkspace {
    /// What exactly is wrong with the token that was validated last.
    public internal(set) var flaw: TokenFlaw?
    private let sha256: Hasher
    private var keyring: TokenKeyring?
    private var contexts: [Int: VerifyingContext] = [:]
    private var verified: [TokenDigest: Verified] = [:]
    private var digester: (key: Secret, mac: OpaqueDigester)?

    /// A token whose signature held: as it was issued, and as it counts under the policy of one validator.
    final class Verified {
        let issued: AccessToken
        var counted: AccessToken
        /// Of the validator that ``counted`` is of.
        var generation: UInt64

        init(issued: AccessToken, counted: AccessToken, generation: UInt64) {
            self.issued = issued
            self.counted = counted
            self.generation = generation
        }
    }

    /// Fails where OpenSSL has no SHA-256.
    public init() throws(CryptoError) { sha256 = try Hasher(.sha256) }

    /// Forgets what was verified with other keys.
    func adopt(_ keyring: TokenKeyring) {
        guard self.keyring !== keyring else { return }
        self.keyring = keyring
        contexts.removeAll()
        verified.removeAll()
    }

    /// SHA-256.
    package func digest(_ token: UnsafeRawBufferPointer) -> TokenDigest? {
        sha256.start()
        sha256.update(token)
        return withUnsafeTemporaryAllocation(byteCount: 32, alignment: 8) { output in
            sha256.finish(into: output) == 32 ? TokenDigest(UnsafeRawBufferPointer(output)) : nil
        }
    }

    func opaqueDigest(_ token: UnsafeRawBufferPointer, key: Secret) -> TokenDigest? {
        if digester?.key !== key { digester = (try? OpaqueDigester(key)).map { (key, $0) } }
        return digester?.mac.digest(token)
    }

    func remembered(_ digest: TokenDigest) -> Verified? { verified[digest] }

    /// Only what has not expired is worth a place; where all places are taken, tokens are earned again.
    func remember(_ token: Verified, under digest: TokenDigest, at now: WallTime) {
        if verified.count >= Self.capacity {
            verified = verified.filter { now < $0.value.issued.expires }
            if verified.count >= Self.capacity { verified.removeAll(keepingCapacity: true) }
        }
        verified[digest] = token
    }

    func verifies(
        _ candidate: TokenKeyring.Candidate, _ algorithm: JWSAlgorithm, signature: [UInt8], message: UnsafeRawBufferPointer
    ) -> Bool {
        signature.withUnsafeBytes { signature in
            guard candidate.issuer == nil else {
                return candidate.key.verify(algorithm.scheme, signature: signature, message: message)
            }
            if contexts[candidate.position] == nil {
                contexts[candidate.position] = try? VerifyingContext(candidate.key, algorithm.scheme)
            }
            return contexts[candidate.position]?.verify(signature: signature, message: message) ?? false
        }
    }

    private static let capacity = 4096
}
