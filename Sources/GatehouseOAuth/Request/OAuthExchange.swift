internal import GatehouseCrypto
internal import GatehousePolicy
internal import GatehouseToken
internal import GatehouseVerify

/// One request on its way to a decision. Holds what was found out so far; survives a wait for passwords.
struct OAuthExchange: Sendable {
    enum Endpoint: Sendable { case token, introspection, revocation }

    let endpoint: Endpoint
    let certificate: ClientCertificate?
    let remote: IPAddress
    var form: FormParameters?
    var claim: ClientClaim?
    /// Once the client has proved to be this one.
    var client: AuthenticatedClient?
    var effects: [TokenEffect] = []
    /// Of the password grant: the version of `SENDER/basic`.
    var user: Int?
    /// Positions among the checks waited for, with the versions they stand for.
    var waiting: Waiting?

    struct Waiting: Sendable {
        enum Purpose: Sendable { case client, user, nothing }
        var purpose: Purpose
        var versions: [Int]
        /// What the cache remembers of the one that matches.
        var entries: [PasswordCache.Entry?]
        /// Where none of them matches.
        var reason: String

        init(_ purpose: Purpose, _ checks: [(check: PasswordCheck, version: Int)] = [], reason: String) {
            self.purpose = purpose
            versions = checks.map(\.version)
            entries = checks.map(\.check.entry)
            self.reason = reason
        }
    }
}

/// A sender that has proved itself.
struct AuthenticatedClient: Sendable {
    var policy: SenderPolicy
    var method: SenderPolicy.TokenAuthentication
    var credential: IssuingCredential
    /// Held to the profile `fapi2`.
    var isFAPI: Bool
}
