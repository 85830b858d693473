extension GatewayPolicy {
    /// `oauth:` of `gateway.yaml`: the tokens that this gateway issues, and whose others it believes.
    public struct OAuth: Sendable, Hashable {
        public var tokenLifetime = Duration.seconds(600)
        public var signing = Signing.es256
        public var format = TokenFormat.jwt
        /// Age at which the signing key is replaced by itself; nil: only by `gatehouse key rotate`.
        public var rotateEvery: Duration?
        /// What senders are held to unless they name their own.
        public var profile: OAuthProfile?
        /// Issuers whose tokens count beside our own.
        public var trust: [TrustedIssuer] = []

        public init() {}

        public enum Signing: String, Sendable, Hashable, CaseIterable {
            case es256 = "ES256"
            case rs256 = "RS256"
            case ps256 = "PS256"
            case edDSA = "EdDSA"
        }
        public enum TokenFormat: String, Sendable, Hashable, CaseIterable { case jwt, opaque }
    }

    /// An issuer outside, known by keys that stand in a file here: nothing is ever fetched from it.
    public struct TrustedIssuer: Sendable, Hashable {
        /// As its tokens write `iss`.
        public var issuer: String
        /// A JWKS file (RFC 7517 section 5), reloaded when it changes.
        public var jwks: String
        /// The one `aud` that its tokens must have here.
        public var audience: String
        /// Its client ids, with the sender that each stands for; empty: its client ids are our senders' names.
        public var clients: [String: Sender]

        public struct Sender: Sendable, Hashable {
            public var name: String
            let place: Node.Place
        }

        /// Senders that its tokens can stand for; nil: any.
        public var senders: Set<String>? { clients.isEmpty ? nil : Set(clients.values.map(\.name)) }

        /// The sender that a client of this issuer is here.
        public func sender(of client: String) -> String? { clients.isEmpty ? client : clients[client]?.name }
    }

    /// The issuer identifier (RFC 8414 section 2): `iss` of our tokens, and what client assertions are addressed to.
    public var issuer: String { publicURL }

    /// The profile that a sender is held to.
    public func profile(of sender: SenderPolicy) -> OAuthProfile? { sender.profile ?? oauth.profile }
}

/// A set of stricter rules by name.
public enum OAuthProfile: String, Sendable, Hashable, CaseIterable {
    /// FAPI 2.0 Security Profile for client credentials: assertions addressed to the issuer alone, ES256, PS256 and EdDSA only, tokens
    /// bound to a client certificate, no shared secrets.
    case fapi2
}
