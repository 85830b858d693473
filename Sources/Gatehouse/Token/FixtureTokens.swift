import GatehouseCrypto
import GatehouseOAuth
import GatehousePolicy
import GatehouseTime
import GatehouseToken
import GatehouseVerify

/// The token service of a fixture: a key of its own, nothing revoked, the clock where the step says.
struct FixtureTokens {
    let validator: AccessTokenValidator
    private let policy: Policy
    private let credentials: CredentialSet
    private let key: SigningKey
    private let digests: Secret

    init(policy: Policy, credentials: CredentialSet) throws {
        self.policy = policy
        self.credentials = credentials
        digests = try Secret(random: 32)
        key = try SigningKey.generate(.es256, at: WallTime(microseconds: 0))
        let keyring = TokenKeyring(
            issuer: policy.gateway.issuer, own: SigningKeySet([key]), trusted: try TokenKeys.trusted(policy.gateway.oauth.trust))
        validator = AccessTokenValidator(
            keyring: keyring, senders: PolicySenders(policy: policy, credentials: credentials), digests: digests, lookup: NothingRevoked())
    }

    /// The text of a token.
    func make(_ token: Fixture.Token, at now: WallTime, certificate: ClientCertificate?) throws -> String {
        guard let sender = policy.senders[token.sender] else { throw GatewayError(.policy, "the policy has no sender \(token.sender)") }
        guard !token.isBound || certificate != nil else {
            throw GatewayError(.policy, "a bound token needs the request's certificate: certificate: FILE")
        }
        let newest = credentials[CredentialName(sender: token.sender, kind: .oauth)].first
        let claims = TokenClaims(
            sender: token.sender, audiences: token.audience.map { [$0] } ?? sender.audiences, scopes: token.scopes ?? sender.scopes,
            certificate: token.isBound ? certificate?.sha256 : nil,
            credentials: newest.map { [IssuingCredential(kind: CredentialKind.oauth.rawValue, version: $0.number)] } ?? [])
        let mint = try TokenMint(
            issuer: policy.gateway.issuer, key: key, format: .jwt, lifetime: policy.gateway.oauth.tokenLifetime, digests: digests)
        return try mint.issue(claims, at: now - token.age).text.withBytes { String(decoding: $0, as: UTF8.self) }
    }
}

private struct NothingRevoked: TokenLookup {
    func isRevoked(_ id: String) -> RevocationAnswer { .no }
    func opaque(_ digest: TokenDigest) -> AccessToken? { nil }
}
