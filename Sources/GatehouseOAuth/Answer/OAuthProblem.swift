internal import GatehouseToken
public import GatehouseVerify

/// What exactly kept a request from being granted: finer than a record's reason code, and as little of it is in the answer.
public enum OAuthProblem: String, Sendable, Hashable, CaseIterable {
    // The request.
    case query
    case form
    /// Malformed, or more than one.
    case clientAuthentication = "client-authentication"
    case grantMissing = "grant-missing"
    case tokenMissing = "token-missing"
    case userMissing = "user-missing"

    // Who is asking.
    case noAuthentication = "no-authentication"
    case clientUnknown = "client-unknown"
    /// The sender has no live client secret.
    case noSecret = "no-secret"
    case secretWrong = "secret-wrong"
    case secretRetired = "secret-retired"
    /// The sender has no live key that assertions can be checked with.
    case noKey = "no-key"
    /// Signed with a key that is no longer accepted.
    case keyRetired = "key-retired"
    case certificateMissing = "certificate-missing"
    /// The sender has no live certificate credential.
    case noCertificate = "no-certificate"
    case certificateOther = "certificate-other"
    case certificateRetired = "certificate-retired"
    /// The proof is good, and of a kind that the sender's policy does not list.
    case methodUnlisted = "method-unlisted"
    case network

    // The client assertion.
    case assertionMalformed = "assertion-malformed"
    /// `none`, a MAC, or another algorithm that is not taken.
    case assertionAlgorithm = "assertion-algorithm"
    /// None of the registered keys has its `kid` and is for its `alg`.
    case assertionKey = "assertion-key"
    case assertionSignature = "assertion-signature"
    /// `iss` or `sub` is somebody else.
    case assertionParty = "assertion-party"
    case assertionAudience = "assertion-audience"
    case assertionExpired = "assertion-expired"
    case assertionAhead = "assertion-ahead"
    case assertionLifetime = "assertion-lifetime"
    case assertionUsed = "assertion-used"

    // What is asked for.
    case grantUnknown = "grant-unknown"
    case grantUnlisted = "grant-unlisted"
    case scope
    case target
    /// The token would be bound to a client certificate, and the connection has none.
    case unbound
    case userUnknown = "user-unknown"
    case passwordWrong = "password-wrong"
    case passwordRetired = "password-retired"

    case unavailable

    /// The code that a record gives as the reason.
    public var reason: Reason {
        switch self {
        case .query, .form, .clientAuthentication, .grantMissing, .tokenMissing, .userMissing, .grantUnknown: .malformed
        case .noAuthentication: .credentialMissing
        case .clientUnknown, .noSecret, .noKey, .noCertificate, .userUnknown: .credentialUnknown
        case .secretWrong, .methodUnlisted, .assertionParty, .passwordWrong: .credentialMismatch
        case .secretRetired, .passwordRetired, .certificateRetired: .credentialRetired
        case .keyRetired: .signedWithRetired
        case .certificateMissing, .unbound: .certificateMissing
        case .certificateOther: .certificateMismatch
        case .network: .network
        case .assertionMalformed: .tokenMalformed
        case .assertionAlgorithm, .assertionKey, .assertionSignature: .tokenSignature
        case .assertionAudience, .target: .tokenAudience
        case .assertionExpired: .tokenExpired
        case .assertionAhead, .assertionLifetime: .tokenNotYet
        case .assertionUsed: .duplicate
        case .grantUnlisted, .scope: .tokenScope
        case .unavailable: .unavailable
        }
    }

    /// Of a client assertion.
    init(_ flaw: TokenFlaw) {
        self =
            switch flaw {
            case .algorithm, .forbiddenAlgorithm: .assertionAlgorithm
            case .key: .assertionKey
            case .signature: .assertionSignature
            case .party: .assertionParty
            case .audience, .audienceList: .assertionAudience
            case .expired: .assertionExpired
            case .claimAhead: .assertionAhead
            case .lifetime: .assertionLifetime
            case .length, .parts, .encoding, .header, .payload, .extended, .parameter, .type, .claim, .subject, .issuer, .unknown, .client,
                .unreadable, .keyUnnamed, .sender, .revoked, .credential, .revocationsUnknown, .notFor, .audiencesWithdrawn, .scope,
                .audienceWithdrawn, .scopeWithdrawn, .unbound, .boundOtherwise, .certificateMissing, .certificateOther:
                .assertionMalformed
            }
    }
}
