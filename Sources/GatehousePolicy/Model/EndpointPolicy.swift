/// `endpoints/NAME.yaml`.
public struct EndpointPolicy: Sendable {
    public var name: String
    /// Compared byte for byte with the request's path (RFC 3986 section 6 is not applied, on purpose).
    public var path: String
    public var methods: [String] = ["POST"]
    /// Lower case `type/subtype`, or `type/*`; empty: any.
    public var mediaTypes: [String] = []
    public var senders: [String]
    /// The URL that senders call, path included: the endpoint's own, or the gateway's with `path`.
    public var publicURL: String
    /// All must hold for one and the same sender.
    public var authenticate: [Requirement]
    /// Where id and type are found, where no signature scheme says it.
    public var event: EventSource?
    public var replay: ReplayPolicy
    public var events: EventTypes
    public var limits: Limits
    public var deliver: [Delivery]

    public init(
        name: String, path: String, senders: [String], publicURL: String, authenticate: [Requirement], event: EventSource? = nil,
        replay: ReplayPolicy = ReplayPolicy(), events: EventTypes = EventTypes(), limits: Limits = Limits(), deliver: [Delivery] = []
    ) {
        self.name = name
        self.path = path
        self.senders = senders
        self.publicURL = publicURL
        self.authenticate = authenticate
        self.event = event
        self.replay = replay
        self.events = events
        self.limits = limits
        self.deliver = deliver
    }

    /// One item of `authenticate`.
    public indirect enum Requirement: Sendable, Hashable {
        /// By a scheme's name.
        case signature(String)
        /// A bearer token for `audience` with all of `scopes`. `isNamed`: the item names the audience itself, so that it counts for tokens
        /// of outside issuers too; else theirs are for the audience of their entry in `oauth.trust` alone.
        case oauth(scopes: [String], audience: String?, isNamed: Bool = false)
        case basic
        case certificate
        case any([Requirement])

        /// The names of the schemes in it.
        public var schemes: [String] {
            switch self {
            case .signature(let name): [name]
            case .any(let inner): inner.flatMap(\.schemes)
            case .basic, .certificate, .oauth: []
            }
        }
    }

    public struct ReplayPolicy: Sendable, Hashable {
        /// nil: the scheme's own, else 5 minutes.
        public var tolerance: Duration?
        /// nil: the scheme's own, else 1 minute.
        public var future: Duration?
        public var remember: Duration = .seconds(72 * 3_600)
        public var conflict = Conflict.answer
        public var withoutID = WithoutID.digest

        public init() {}

        public enum Conflict: String, Sendable, Hashable, CaseIterable { case answer, refuse }
        public enum WithoutID: String, Sendable, Hashable, CaseIterable { case digest, deliver }
    }

    public struct EventTypes: Sendable, Hashable {
        /// Patterns where `*` stands for any characters, dots too.
        public var accept: [String] = ["*"]
        public var otherwise = Otherwise.acknowledge

        public init() {}

        public enum Otherwise: String, Sendable, Hashable, CaseIterable { case acknowledge, reject }
    }

    public struct Limits: Sendable, Hashable {
        /// nil: the gateway's.
        public var body: Int?
        /// Authenticated events a sender may send, with a burst of one second's worth.
        public var rate: Rate?
        /// 429 or 503.
        public var rateAnswer = 429

        public init() {}
    }
}

/// One handler of an endpoint, and how an event is handed to it.
public struct Delivery: Sendable, Hashable {
    public var to: Target
    public var mode: Mode
    public var timeout: Duration
    /// A 2xx that comes after `timeout` but within this still counts as accepted for duplicates.
    public var late: Duration
    /// Patterns; empty: every event.
    public var events: [String] = []
    public var name: String?
    public var sign = false
    /// PEM file of the authorities an https handler's certificate must come from; nil: the system's.
    public var ca: String?
    public var retry = Retry()
    /// `allow-plain: true`: http beyond loopback is allowed.
    public var allowPlain = false
    /// Of `to`.
    public var place = PolicyPlace()

    public init(to: Target, mode: Mode, timeout: Duration, late: Duration = .seconds(30)) {
        self.to = to
        self.mode = mode
        self.timeout = timeout
        self.late = late
    }

    public enum Mode: String, Sendable, Hashable, CaseIterable { case relay, queue }

    public enum Target: Sendable, Hashable {
        /// `http://` or `https://`; `path` begins with a slash and holds the query that policy gave, if any.
        case http(tls: Bool, host: String, port: Int, path: String)
        /// Program and fixed arguments; the program's path is absolute.
        case exec([String])
        case file(String)
        case nats(host: String, port: Int, subject: String)
        case swift(String)
    }

    public struct Retry: Sendable, Hashable {
        public var attempts = 12
        public var first = Duration.seconds(1)
        public var longest = Duration.seconds(3_600)

        public init() {}
    }
}
