public import GatehouseCrypto
public import GatehousePolicy
public import GatehouseTime
public import GatehouseToken
public import GatehouseVerify
internal import Synchronization

/// The authorization server of a gateway (RFC 6749, 7009, 7662, 8414): decides requests, does no I/O, keeps nothing. One immutable value a
/// snapshot; every event loop asks it with a workspace of its own.
///
/// A client is a sender, and its id the sender's name.
public final class AuthorizationServer: Sendable {
    /// RFC 7517; JSON.
    public let jwks: [UInt8]
    /// Tells the servers of one process apart.
    let generation: UInt64
    let policy: Policy
    let credentials: CredentialSet
    let keys: DerivedKeys
    let signing: SigningKeySet
    let validator: AccessTokenValidator
    let passwords: PasswordCache
    let digests: Secret
    private let mutualTLS: Bool
    /// What takes a look at every sender, made when it is first asked for. Guards its own two values.
    private let late = Mutex(Late())

    private struct Late {
        var metadata: [UInt8]?
        var stretched: BasicVerifier.Stretched??
    }

    /// - Parameters:
    ///   - passwords: one instance of its own, kept over reloads.
    ///   - digests: the key under which opaque tokens are digested; the validator's.
    ///   - mutualTLS: some listener asks for client certificates.
    public init(
        policy: Policy, credentials: CredentialSet, keys: DerivedKeys, signing: SigningKeySet, validator: AccessTokenValidator,
        passwords: PasswordCache, digests: Secret, mutualTLS: Bool
    ) throws(CryptoError) {
        generation = Self.generations.add(1, ordering: .relaxed).newValue
        self.policy = policy
        self.credentials = credentials
        self.keys = keys
        self.signing = signing
        self.validator = validator
        self.passwords = passwords
        self.digests = digests
        jwks = try signing.jwks()
        self.mutualTLS = mutualTLS
    }

    /// RFC 8414; JSON.
    public var metadata: [UInt8] {
        late.withLock { late in
            let metadata = late.metadata ?? ServerMetadata(policy, mutualTLS: mutualTLS).json()
            late.metadata = metadata
            return metadata
        }
    }

    /// Where some client secret or password is stretched, every failure takes as long as one of them (SEC-32): this one.
    var stretched: BasicVerifier.Stretched? {
        late.withLock { late in
            let stretched = late.stretched ?? Self.stretched(policy, credentials)
            late.stretched = .some(stretched)
            return stretched
        }
    }

    private static let generations = Atomic<UInt64>(0)

    /// `iss`, and what assertions are addressed to.
    var issuer: String { policy.gateway.issuer }

    public func token(_ request: OAuthRequest, at now: WallTime, workspace: OAuthWorkspace) -> OAuthStep {
        begin(.token, request, now, workspace)
    }

    /// RFC 7662. Tells a client about its own tokens, and `{"active":false}` about everything else.
    public func introspect(_ request: OAuthRequest, at now: WallTime, workspace: OAuthWorkspace) -> OAuthStep {
        begin(.introspection, request, now, workspace)
    }

    /// RFC 7009. Revokes a client's own tokens; of any other the answer is the same.
    public func revoke(_ request: OAuthRequest, at now: WallTime, workspace: OAuthWorkspace) -> OAuthStep {
        begin(.revocation, request, now, workspace)
    }

    /// Goes on once the passwords were checked. Results that are missing count as wrong.
    public func resume(
        _ continuation: OAuthContinuation, results: [Bool], at now: WallTime, workspace: OAuthWorkspace
    ) -> OAuthStep {
        workspace.adopt(self)
        return resume(continuation.exchange, results, now, workspace)
    }

    /// A secret that is stretched, if there is one. Secrets that were generated are not.
    private static func stretched(_ policy: Policy, _ credentials: CredentialSet) -> BasicVerifier.Stretched? {
        for (name, versions) in credentials.versions where name.kind == .oauth || name.kind == .basic {
            guard let sender = policy.senders[name.sender], name.kind == .oauth || sender.grants.contains(.password) else { continue }
            for version in versions {
                guard let value = try? version.value.open(), let verifier = try? BasicVerifier(decoding: value) else { continue }
                if case .stretched(let costs) = verifier.form { return costs }
            }
        }
        return nil
    }
}
