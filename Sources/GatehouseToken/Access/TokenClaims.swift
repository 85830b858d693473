public import GatehouseCrypto

/// What a token is to say; the rest follows from time and settings.
public struct TokenClaims: Sendable, Hashable {
    public var sender: String
    /// At least one.
    public var audiences: [String]
    public var scopes: [String]
    /// SHA-256 of the certificate that the token is bound to.
    public var certificate: [UInt8]?
    public var credentials: [IssuingCredential]

    public init(sender: String, audiences: [String], scopes: [String], certificate: [UInt8]? = nil, credentials: [IssuingCredential]) {
        self.sender = sender
        self.audiences = audiences
        self.scopes = scopes
        self.certificate = certificate
        self.credentials = credentials
    }
}

/// A fresh token.
public struct MintedToken: Sendable {
    /// As it goes to its client, and nowhere else.
    public let text: Secret
    public let token: AccessToken
    /// Of an opaque token: must be committed (``TokenEffect/opaque(_:_:)``) before the token is handed out.
    public let digest: TokenDigest?
}
