internal import GatehouseCrypto
internal import GatehouseTime

/// The public keys that access tokens are checked with: our own, and pinned ones of issuers outside. Immutable.
///
/// What workspaces remember of verified tokens counts for the keyring they were verified with, so one instance is kept while its keys are
/// the same.
public final class TokenKeyring: Sendable {
    /// `iss` of own tokens: the public URL.
    public let issuer: String
    let trusted: [TrustedIssuer]
    private let own: [Own]

    private struct Own: Sendable {
        let id: String
        let algorithm: JWSAlgorithm
        let state: SigningKey.State
        let key: PublicKey
    }

    /// A key with what one loop caches its context under.
    struct Candidate {
        let position: Int
        let key: PublicKey
        /// Index in ``trusted``; nil for own keys.
        let issuer: Int?
    }

    public init(issuer: String, own: SigningKeySet, trusted: [TrustedIssuer] = []) {
        self.issuer = issuer
        self.trusted = trusted
        self.own = own.keys.map { Own(id: $0.id, algorithm: $0.algorithm, state: $0.state, key: $0.key.publicKey) }
    }

    /// An issuer whose tokens may count: this gateway, or one that is trusted.
    func knows(_ issuer: String) -> Bool { issuer == self.issuer || trusted.contains { $0.issuer == issuer } }

    /// The keys that may have signed a token of `issuer`; empty where nobody trusts that issuer, the name is unknown or the key is not for
    /// the algorithm.
    func candidates(issuer: String, id: String?, algorithm: JWSAlgorithm, at now: WallTime) -> [Candidate] {
        if issuer == self.issuer {
            guard let id, let index = own.firstIndex(where: { $0.id.utf8.elementsEqual(id.utf8) }), own[index].algorithm == algorithm,
                own[index].state.isLive(at: now)
            else { return [] }
            return [Candidate(position: index, key: own[index].key, issuer: nil)]
        }
        guard let index = trusted.firstIndex(where: { $0.issuer == issuer }) else { return [] }
        let keys = trusted[index].keys
        return keys.candidates(id: id, algorithm: algorithm).map { candidate in
            Candidate(position: -1, key: candidate.key, issuer: index)
        }
    }
}
