internal import GatehouseCrypto
internal import GatehousePolicy
internal import GatehouseToken
internal import GatehouseVerify

/// One request on its way to a decision. Holds what was found out so far; survives a wait for passwords.
///
/// `@unchecked Sendable` is sound because one step after the other uses it: whoever waits for passwords hands it on whole, in a
/// ``OAuthContinuation``, and touches it no more.
final class OAuthExchange: @unchecked Sendable {
    enum Endpoint: Sendable { case token, introspection, revocation }

    let endpoint: Endpoint
    let certificate: ClientCertificate?
    let remote: IPAddress
    var form: FormParameters?
    var claim: ClientClaim?
    /// How the client authenticates; known also where it does not say which client it is.
    var method: SenderPolicy.TokenAuthentication?
    /// Once the client has proved to be this one.
    var client: AuthenticatedClient?
    var effects: [TokenEffect] = []
    /// Of the password grant: the version of `SENDER/basic`.
    var user: Int?
    /// Positions among the checks waited for, with the versions they stand for.
    var waiting: Waiting?
    /// Of the Authorization field, where it is to be remembered that it was right.
    var field: TokenDigest?

    init(endpoint: Endpoint, certificate: ClientCertificate?, remote: IPAddress) {
        self.endpoint = endpoint
        self.certificate = certificate
        self.remote = remote
    }

    struct Waiting: Sendable {
        enum Purpose: Sendable { case client, user, nothing }
        var purpose: Purpose
        var versions: [Int]
        /// What the cache remembers of the one that matches.
        var entries: [PasswordCache.Entry?]
        /// Where none of them matches.
        var problem: OAuthProblem
        /// The version that is no longer accepted, where that is the problem.
        var retired: Int?

        init(_ purpose: Purpose, _ checks: [(check: PasswordCheck, version: Int)] = [], problem: OAuthProblem, retired: Int? = nil) {
            self.purpose = purpose
            versions = checks.map(\.version)
            entries = checks.map(\.check.entry)
            self.problem = problem
            self.retired = retired
        }
    }
}

/// A sender that has proved itself.
struct AuthenticatedClient: Sendable {
    let plan: ClientPlan
    var method: SenderPolicy.TokenAuthentication
    var credential: IssuingCredential

    var policy: SenderPolicy { plan.policy }
    /// Held to the profile `fapi2`.
    var isFAPI: Bool { plan.isFAPI }
}

/// What a sender's policy comes to, worked out once for each snapshot and loop.
final class ClientPlan: Sendable {
    let policy: SenderPolicy
    let isFAPI: Bool
    /// What its tokens are for where a request names nothing.
    let audiences: [String]

    init(_ policy: SenderPolicy, issuer: String, isFAPI: Bool) {
        self.policy = policy
        self.isFAPI = isFAPI
        audiences = policy.audiences.isEmpty ? [issuer] : policy.audiences
    }
}
