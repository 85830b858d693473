/// `gateway.yaml`. Paths in it are absolute or relative to the working directory, already joined with the file's own place.
public struct GatewayPolicy: Sendable {
    public var listeners: [Listener]
    /// Scheme, host and port as senders write them, without a trailing slash: `https://localhost:8443`.
    public var publicURL: String
    public var state: String
    public var admin: Admin
    public var limits: Limits
    public var trustedProxies: [Network]
    public var audit: Audit
    public var log: Log
    public var secrets: Secrets
    public var oauth: OAuth
    /// `nats://host:port` addresses; empty: a gateway on its own.
    public var cluster: [String]

    public init(
        listeners: [Listener], publicURL: String, state: String, admin: Admin = Admin(), limits: Limits = Limits(),
        trustedProxies: [Network] = [], audit: Audit = Audit(), log: Log = Log(), secrets: Secrets = Secrets(),
        oauth: OAuth = OAuth(), cluster: [String] = []
    ) {
        self.listeners = listeners
        self.publicURL = publicURL
        self.state = state
        self.admin = admin
        self.limits = limits
        self.trustedProxies = trustedProxies
        self.audit = audit
        self.log = log
        self.secrets = secrets
        self.oauth = oauth
        self.cluster = cluster
    }

    public struct Listener: Sendable, Hashable {
        public var address: SocketAddressText
        public var identity: Identity
        public var minimumTLS: TLSVersion
        /// Path of the PEM or DER revocation lists for `identity.clientCA` and those of `names`.
        public var clientCRL: String?
        /// More identities, chosen by SNI among the DNS names of their certificates.
        public var names: [Identity]
        public var forwardedBy: ForwardedBy?
        public var place = PolicyPlace()
        /// Of `client-crl`, where there is one.
        public var crlPlace: PolicyPlace?

        public init(
            address: SocketAddressText, identity: Identity, minimumTLS: TLSVersion = .v12, clientCRL: String? = nil,
            names: [Identity] = [], forwardedBy: ForwardedBy? = nil
        ) {
            self.address = address
            self.identity = identity
            self.minimumTLS = minimumTLS
            self.clientCRL = clientCRL
            self.names = names
            self.forwardedBy = forwardedBy
        }
    }

    /// A certificate chain with its key, and the authority that client certificates must come from.
    public struct Identity: Sendable, Hashable {
        public var certificate: String
        public var privateKey: String
        public var clientCA: String?

        public init(certificate: String, privateKey: String, clientCA: String? = nil) {
            self.certificate = certificate
            self.privateKey = privateKey
            self.clientCA = clientCA
        }
    }

    public enum TLSVersion: String, Sendable, Hashable, CaseIterable {
        case v12 = "1.2"
        case v13 = "1.3"
    }

    public enum ForwardedBy: String, Sendable, Hashable, CaseIterable {
        case proxyV2 = "proxy-v2"
        case forwarded
        case xForwardedFor = "x-forwarded-for"
    }

    public struct Admin: Sendable, Hashable {
        public var address: SocketAddressText
        /// Needed where the address is not loopback.
        public var identity: Identity?

        public init(address: SocketAddressText = SocketAddressText(host: "127.0.0.1", port: 9180), identity: Identity? = nil) {
            self.address = address
            self.identity = identity
        }
    }

    public struct Limits: Sendable, Hashable {
        public var connections = 10_000
        public var perPeer = 1_000
        public var headers = 16 * 1024
        public var body = 1024 * 1024
        public var headerTimeout = Duration.seconds(10)
        public var bodyTimeout = Duration.seconds(30)
        public var idleTimeout = Duration.seconds(60)
        public var failures = Rate(events: 50, per: .seconds(1))
        public var drain = Duration.seconds(30)

        public init() {}
    }

    public struct Audit: Sendable, Hashable {
        public var onFailure = OnFailure.refuse
        public var segment = 64 * 1024 * 1024
        public var keep = Duration.seconds(400 * 86_400)
        var keepPlace: PolicyPlace?
        /// How long requests that were refused are kept, sealed, for `explain`; nil: they are not.
        public var keepRejected: Duration?
        /// The most bytes that they may take together.
        public var keepRejectedSize = 64 * 1024 * 1024
        public var forward: [AuditForward] = []
        /// After this a segment is followed by a new one although it is not full, so that what little traffic writes gets old enough too.
        public var segmentAge: Duration { min(max(keep / 8, .seconds(3_600)), .seconds(30 * 86_400)) }
        /// Free space on the journal's file system below which the gateway answers 503.
        public var reserve = 1024 * 1024 * 1024

        public init() {}

        public enum OnFailure: String, Sendable, Hashable, CaseIterable { case refuse, allow }
    }

    public struct Log: Sendable, Hashable {
        public var level = Level.info
        public var format = Format.text

        public init() {}

        public enum Level: String, Sendable, Hashable, CaseIterable { case trace, debug, info, notice, warning, error, critical }
        public enum Format: String, Sendable, Hashable, CaseIterable { case text, json }
    }

    public struct Secrets: Sendable, Hashable {
        public var overlap = Duration.seconds(86_400)
        public var quiet = Duration.seconds(3_600)
        public var keepRetired = Duration.seconds(30 * 86_400)
        public var masterKey = MasterKeySource.state

        public init() {}
    }

    /// Where the key comes from that everything secret in the state is sealed with.
    public enum MasterKeySource: Sendable, Hashable {
        /// `STATE/master.key`, made with the state.
        case state
        /// A path; made with the state where it is missing.
        case file(String)
        /// A systemd credential: the file of this name in `$CREDENTIALS_DIRECTORY`.
        case credential(String)
        /// An open descriptor, read to its end once at the start.
        case descriptor(Int32)
    }
}

/// `host:port` as written; the host may be a name, an IPv4 address or an IPv6 address (brackets removed).
public struct SocketAddressText: Sendable, Hashable, CustomStringConvertible {
    public var host: String
    public var port: Int

    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// Only one of the two can be listened on: `0.0.0.0` is every IPv4 address, and `[::]` every address. Port 0 is a free one.
    public func collides(with other: SocketAddressText) -> Bool {
        guard port == other.port, port != 0 else { return false }
        func takesAll(_ one: String, _ another: String) -> Bool { one == "::" || one == "0.0.0.0" && !another.contains(":") }
        return host == other.host || takesAll(host, other.host) || takesAll(other.host, host)
    }
}

/// `events` in each `per`, as in `100/s`.
public struct Rate: Sendable, Hashable {
    public var events: Int
    public var per: Duration

    public init(events: Int, per: Duration) {
        self.events = events
        self.per = per
    }
}
