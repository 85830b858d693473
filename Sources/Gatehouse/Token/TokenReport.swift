import GatehouseTime
import GatehouseToken

/// What `token inspect` says, in the shape that `--json` prints.
public struct TokenReport: Codable, Sendable {
    public enum Kind: String, Codable, Sendable {
        case accessToken = "access-token"
        case opaque
        case clientAssertion = "client-assertion"
        /// A JWT that is neither.
        case otherJWT = "jwt"
        case unknown
    }

    /// One `oauth` item of an endpoint.
    public struct Place: Codable, Sendable {
        public var endpoint: String
        public var accepted: Bool
        /// `ok`, or the reason that a record would have.
        public var reason: String
    }

    public var kind: Kind
    /// Good here: genuine, in time, not revoked, and taken by an endpoint where any takes tokens.
    public var accepted = false
    /// `ok`, or a reason as audit records have it.
    public var reason = "ok"
    public var explanation = ""
    public var issuer: String?
    public var sender: String?
    /// `jti`.
    public var token: String?
    public var scopes: [String] = []
    public var audiences: [String] = []
    /// Scopes and audiences that it was issued with, and that its sender's policy has no more.
    public var withdrawn: [String] = []
    /// RFC 3339.
    public var issued: String?
    public var expires: String?
    /// It counts with a certain client certificate only.
    public var bound = false
    /// The credentials that it was issued for: `oauth/3`.
    public var credentials: [String] = []
    /// As the token has them, checked or not.
    public var header: String?
    public var claims: String?
    public var endpoints: [Place] = []

    init(kind: Kind) { self.kind = kind }

    mutating func fill(_ token: AccessToken) {
        issuer = token.issuer
        sender = token.isStranger ? nil : token.sender
        self.token = token.id
        scopes = token.scopes
        audiences = token.audiences
        withdrawn = token.withdrawnScopes + token.withdrawnAudiences
        issued = token.issued.description
        expires = token.expires.description
        bound = token.certificate != nil || token.isBoundOtherwise
        credentials = token.credentials.map(\.description)
    }

    /// It is genuine; what is left is whether any endpoint takes it.
    mutating func conclude() {
        accepted = endpoints.isEmpty || endpoints.contains { $0.accepted }
        let lost = withdrawn.isEmpty ? "" : "; its sender's policy no longer has \(withdrawn.joined(separator: ", "))"
        guard !accepted else {
            explanation = (bound ? "it is good, with the client certificate that it is bound to" : "it is good") + lost
            return
        }
        // The one that most nearly takes it.
        let nearest = endpoints.first { $0.reason == TokenRefusal.scope.rawValue } ?? endpoints.first
        reason = nearest?.reason ?? ""
        explanation =
            "it is genuine, and no endpoint takes it: \(endpoints.map { "\($0.endpoint) says \($0.reason)" }.joined(separator: ", "))\(lost)"
    }
}
