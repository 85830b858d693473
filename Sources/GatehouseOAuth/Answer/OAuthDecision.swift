public import GatehouseToken
public import GatehouseVerify

/// What became of a request: the answer, what has to be stored before it is sent, and what the audit record says.
public struct OAuthDecision: Sendable {
    public enum Event: String, Sendable, Hashable { case issued, refused, introspected, revoked }

    public var answer: OAuthAnswer
    /// To be committed before the answer is sent; see ``afterCommit(_:)``. Empty for most.
    public var effects: [TokenEffect] = []
    public var event: Event
    /// Nil where no client proved to be one.
    public var sender: String?
    /// Whom the request said to be from, where that was not proved.
    public var claimedClient: String?
    /// The true reason, as codes of audit records; nothing of it is in the answer.
    public var reason: String
    /// Of a refusal: what exactly was wrong, for the record.
    public var problem: OAuthProblem?
    /// Half a sentence more about an assertion or a token that was asked about; holds nothing secret.
    public var detail: String?
    /// The error code of the answer.
    public var error: String?
    public var grant: String?
    /// `client_secret_basic`, `private_key_jwt` …
    public var authentication: String?
    /// Of the credential that the client proved itself with, or tried to and which is no longer accepted.
    public var version: Int?
    public var scopes: [String] = []
    public var audience: String?
    /// `jti` of the token that was issued, asked about or revoked.
    public var token: String?
    /// Credentials that were used, to be counted.
    public var uses: [(kind: CredentialKind, version: Int)] = []
    /// A failed attempt to be some client: counts against address and client.
    public var isFailure = false

    /// The decision as it stands once its effects were committed, or were not.
    public func afterCommit(_ outcome: TokenCommit) -> OAuthDecision {
        switch outcome {
        case .stored: return self
        case .assertionUsed: return refused(.invalidClient, .assertionUsed, isFailure: true)
        case .failed: return refused(.unavailable, .unavailable, isFailure: false)
        }
    }

    private func refused(_ error: OAuthError, _ problem: OAuthProblem, isFailure: Bool) -> OAuthDecision {
        var decision = self
        decision.answer = .error(error)
        decision.effects = []
        decision.event = .refused
        decision.reason = problem.reason.rawValue
        decision.problem = problem
        decision.error = error.code
        // Nothing about a token that was asked about: whoever asked is not who it may be told to.
        decision.detail = nil
        decision.scopes = []
        decision.audience = nil
        decision.token = nil
        decision.uses = []
        decision.isFailure = isFailure
        if isFailure {
            decision.claimedClient = sender
            decision.sender = nil
        }
        return decision
    }
}

/// The next step with a request.
public enum OAuthStep: Sendable {
    case decided(OAuthDecision)
    /// Passwords are to be checked off the event loops, each some 50 ms of a core, and the results given to
    /// ``AuthorizationServer/resume(_:results:at:workspace:)`` in this order.
    case passwords([PasswordCheck], OAuthContinuation)
}

/// A request that waits for passwords. Holds copies of what it needs.
public struct OAuthContinuation: Sendable {
    /// Whom the request says to be from.
    public var client: String? { exchange.claim?.client }
    var exchange: OAuthExchange
}
