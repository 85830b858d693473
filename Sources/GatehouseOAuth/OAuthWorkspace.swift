public import GatehouseCrypto
internal import GatehouseToken
internal import GatehouseVerify

/// What one event loop needs again for every request: contexts that sign and digest, and registered keys as they were read. Not to be
/// shared between threads.
public final class OAuthWorkspace {
    let tokens: TokenWorkspace
    private var generation: UInt64 = 0
    private var mint: TokenMint?
    private var passwords: (key: Secret, mac: MAC)?
    private var keys: [KeyName: VerificationKeySet?] = [:]

    private var plans: [String: ClientPlan] = [:]
    private var proofs: [TokenDigest: Proof] = [:]

    /// A client secret that was compared, as long as its version's state allows.
    struct Proof {
        let client: String
        let version: Int
        let state: VersionState
    }

    struct KeyName: Hashable {
        let sender: String
        let version: Int
    }

    /// Fails where OpenSSL lacks a digest.
    public init() throws(CryptoError) { tokens = try TokenWorkspace() }

    /// Drops what belongs to another snapshot: keys may have been replaced or revoked since. Each request does this by itself; calling it
    /// when a snapshot is swapped makes an old key leave a loop that sees no requests.
    public func adopt(_ server: AuthorizationServer) {
        guard generation != server.generation else { return }
        generation = server.generation
        mint = nil
        keys.removeAll(keepingCapacity: true)
        plans.removeAll(keepingCapacity: true)
        proofs.removeAll(keepingCapacity: true)
    }

    func plan(_ client: String, _ make: () -> ClientPlan?) -> ClientPlan? {
        if let known = plans[client] { return known }
        if plans.count >= Self.keyLimit { plans.removeAll(keepingCapacity: true) }
        let fresh = make()
        plans[client] = fresh
        return fresh
    }

    /// By the digest of the Authorization field that held it.
    func proof(_ field: TokenDigest) -> Proof? { proofs[field] }

    func remember(_ proof: Proof, under field: TokenDigest) {
        if proofs.count >= Self.keyLimit { proofs.removeAll(keepingCapacity: true) }
        proofs[field] = proof
    }

    /// Nil where there is no key to sign with, or OpenSSL failed.
    func mint(_ make: () throws(CryptoError) -> TokenMint?) -> TokenMint? {
        if mint == nil { mint = try? make() }
        return mint
    }

    func mac(_ key: Secret) -> MAC? {
        if passwords?.key !== key { passwords = (try? MAC(.sha256, key: key)).map { (key, $0) } }
        return passwords?.mac
    }

    /// The keys of a version of `SENDER/key`; nil where the value is none that assertions can be checked with.
    func keys(_ name: KeyName, _ read: () -> VerificationKeySet?) -> VerificationKeySet? {
        if let known = keys[name] { return known }
        if keys.count >= Self.keyLimit { keys.removeAll(keepingCapacity: true) }
        let fresh = read()
        keys[name] = .some(fresh)
        return fresh
    }

    private static let keyLimit = 1024
}
