import GatehouseCrypto
import GatehouseOAuth
import GatehousePolicy
import GatehouseState
import GatehouseToken
import GatehouseVerify

/// The keys that tokens are signed and checked with, kept over snapshots: as long as they stay the same, what was verified with them stays
/// remembered.
struct TokenKeys {
    private let store: TokenStore
    private let passwords = PasswordCache()
    private var trusted: [TrustedIssuer] = []
    private var issuers: [GatewayPolicy.TrustedIssuer: [UInt8]] = [:]
    private var ring: (keyring: TokenKeyring, signing: SigningKeySet, issuer: String)?

    init(store: TokenStore) { self.store = store }

    var signing: SigningKeySet { ring?.signing ?? SigningKeySet() }

    /// Reads the files with outside issuers' keys. Nothing is taken over where one of them is broken.
    mutating func trust(_ entries: [GatewayPolicy.TrustedIssuer]) throws {
        var read: [GatewayPolicy.TrustedIssuer: [UInt8]] = [:]
        for entry in entries { read[entry] = try Self.file(entry.jwks) }
        guard read != issuers || entries.count != trusted.count else { return }
        trusted = try Self.issuers(entries) { read[$0] ?? [] }
        issuers = read
        ring = nil
    }

    /// What checks tokens and what issues them, for one snapshot.
    mutating func service(
        _ policy: Policy, _ credentials: CredentialSet, _ keys: DerivedKeys
    ) throws -> (AccessTokenValidator, AuthorizationServer) {
        let signing = try store.signingKeys()
        let ring: (keyring: TokenKeyring, signing: SigningKeySet, issuer: String)
        if let known = self.ring, known.issuer == policy.gateway.issuer, known.signing == signing {
            ring = known
        } else {
            ring = (TokenKeyring(issuer: policy.gateway.issuer, own: signing, trusted: trusted), signing, policy.gateway.issuer)
            self.ring = ring
        }
        return try Self.service(policy, credentials, keys, store: store, keyring: ring.keyring, signing: ring.signing, passwords: passwords)
    }

    /// The same for a state that no gateway holds, or a command beside one.
    static func service(_ policy: Policy, _ credentials: CredentialSet, _ keys: DerivedKeys, store: TokenStore) throws -> (
        AccessTokenValidator, AuthorizationServer
    ) {
        var own = TokenKeys(store: store)
        try own.trust(policy.gateway.oauth.trust)
        return try own.service(policy, credentials, keys)
    }

    private static func service(
        _ policy: Policy, _ credentials: CredentialSet, _ keys: DerivedKeys, store: TokenStore, keyring: TokenKeyring,
        signing: SigningKeySet,
        passwords: PasswordCache
    ) throws -> (AccessTokenValidator, AuthorizationServer) {
        let validator = AccessTokenValidator(
            keyring: keyring, senders: PolicySenders(policy: policy, credentials: credentials), digests: store.digestKey, lookup: store)
        let server = try AuthorizationServer(
            policy: policy, credentials: credentials, keys: keys, signing: signing, validator: validator, passwords: passwords,
            digests: store.digestKey, mutualTLS: policy.gateway.asksForClientCertificates)
        return (validator, server)
    }

    private static func issuers(
        _ entries: [GatewayPolicy.TrustedIssuer], _ content: (GatewayPolicy.TrustedIssuer) throws -> [UInt8]
    ) throws -> [TrustedIssuer] {
        try entries.map { entry in
            do {
                return try TrustedIssuer(
                    issuer: entry.issuer, jwks: try content(entry), audience: entry.audience, clients: entry.clients.mapValues(\.name))
            } catch let error as JWKError {
                throw GatewayError(.policy, "the keys of \(entry.issuer) in \(entry.jwks) cannot be used: \(error)")
            }
        }
    }

    /// Whether the files of a policy's outside issuers can be used; throws what is wrong with the first that cannot.
    static func check(_ entries: [GatewayPolicy.TrustedIssuer]) throws { _ = try trusted(entries) }

    static func trusted(_ entries: [GatewayPolicy.TrustedIssuer]) throws -> [TrustedIssuer] { try issuers(entries) { try file($0.jwks) } }

    private static func file(_ path: String) throws -> [UInt8] {
        do { return try FileBytes.read(path, limit: 1 << 20).bytes } catch { throw GatewayError(.policy, "\(error)") }
    }
}
