/// `senders/NAME.yaml`.
public struct SenderPolicy: Sendable, Hashable {
    public var name: String
    public var scopes: [String] = []
    public var grants: [Grant] = [.clientCredentials]
    /// What a token may be for, and is for where its request names none; the gateway's `public-url` unless given.
    public var audiences: [String] = []
    public var tokenAuthentication: [TokenAuthentication] = [.clientSecretBasic, .clientSecretPost]
    /// The gateway's, unless the sender has its own.
    public var profile: OAuthProfile?
    public var assertionAudience = AssertionAudience.issuer
    public var assertionLifetime = Duration.seconds(3_600)
    /// Empty: from anywhere.
    public var networks: [Network] = []

    public init(name: String) { self.name = name }

    /// One of the methods needs a shared secret.
    public var usesClientSecret: Bool {
        tokenAuthentication.contains(.clientSecretBasic) || tokenAuthentication.contains(.clientSecretPost)
    }

    public enum Grant: String, Sendable, Hashable, CaseIterable {
        case clientCredentials = "client_credentials"
        case password
    }

    public enum TokenAuthentication: String, Sendable, Hashable, CaseIterable {
        case clientSecretBasic = "client_secret_basic"
        case clientSecretPost = "client_secret_post"
        case privateKeyJWT = "private_key_jwt"
        case tlsClientAuth = "tls_client_auth"
    }

    public enum AssertionAudience: String, Sendable, Hashable, CaseIterable {
        case issuer
        case tokenEndpoint = "token-endpoint"
    }
}
