public import GatehouseTime

/// The credential whose holder a token was given to, so that revoking it ends its tokens.
public struct IssuingCredential: Sendable, Hashable, CustomStringConvertible, LosslessStringConvertible {
    /// `oauth`, `key`, `certificate` or `basic`.
    public var kind: String
    public var version: Int

    public init(kind: String, version: Int) {
        self.kind = kind
        self.version = version
    }

    /// `oauth/3`.
    public var description: String { "\(kind)/\(version)" }

    public init?(_ description: String) {
        guard let slash = description.utf8.firstIndex(of: UInt8(ascii: "/")), slash != description.startIndex,
            let version = Int(description[description.index(after: slash)...]), version > 0
        else { return nil }
        self.init(kind: String(description[..<slash]), version: version)
    }
}

/// What a token says, once its signature held or it was found among those issued. Whether it counts for a request is
/// ``AccessTokenValidator``'s to say.
public struct AccessToken: Sendable, Hashable {
    public var issuer: String
    public var audiences: [String]
    /// Whose token it is; for an outside issuer's, as its clients are mapped. The `client_id` itself where ``isStranger``.
    public var sender: String
    /// `jti`.
    public var id: String
    public var scopes: [String]
    public var issued: WallTime
    public var notBefore: WallTime?
    /// Not accepted at this time or later.
    public var expires: WallTime
    /// `cnf.x5t#S256`: SHA-256 of the DER of the certificate that must come with it (RFC 8705 section 3.1).
    public var certificate: [UInt8]?
    /// `cnf` names a confirmation that cannot be checked here.
    public var isBoundOtherwise = false
    /// Empty for an outside issuer's, and for one that a command made.
    public var credentials: [IssuingCredential]
    /// Of this gateway's own.
    public var isOwn = true
    /// Of an outside issuer's client that is no sender here: its token counts for nothing, whatever sender has the same name.
    public var isStranger = false
    /// What an outside issuer's tokens must be for, whatever endpoint they come to.
    public var trustedAudience: String?
    /// What it was signed with; nil for an opaque one.
    public var algorithm: JWSAlgorithm?
    /// Scopes that it was issued with and that its sender's policy has no more: ``scopes`` is without them.
    public var withdrawnScopes: [String] = []
    /// The same of ``audiences``.
    public var withdrawnAudiences: [String] = []

    public init(
        issuer: String, audiences: [String], sender: String, id: String, scopes: [String], issued: WallTime, expires: WallTime,
        certificate: [UInt8]? = nil, credentials: [IssuingCredential] = []
    ) {
        self.issuer = issuer
        self.audiences = audiences
        self.sender = sender
        self.id = id
        self.scopes = scopes
        self.issued = issued
        self.expires = expires
        self.certificate = certificate
        self.credentials = credentials
    }
}
