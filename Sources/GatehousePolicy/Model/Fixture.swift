public import GatehouseTime

/// `tests/NAME.yaml`: requests at given times and what the gateway is to decide, run without network, state or real clock.
public struct Fixture: Sendable, Hashable {
    /// The file's name without its ending.
    public var name: String
    public var file: String
    public var subject: Subject
    /// By `SENDER/KIND`, oldest version first; all of them are live. Test values: only fixtures may hold secrets.
    public var credentials: [String: [String]]
    /// Run in order against one replay memory; never empty.
    public var steps: [Step]

    public init(name: String, file: String, subject: Subject, credentials: [String: [String]], steps: [Step]) {
        self.name = name
        self.file = file
        self.subject = subject
        self.credentials = credentials
        self.steps = steps
    }

    /// What the requests are sent to.
    public enum Subject: Sendable, Hashable {
        /// `endpoint: NAME` of the policy.
        case endpoint(String)
        /// `scheme: NAME`: an endpoint that is made up for the fixture, with that one signature item and a sender of the scheme's name.
        case scheme(String)
    }

    public struct Step: Sendable, Hashable {
        public var at: WallTime
        public var request: Request
        public var expect: Expectation

        public init(at: WallTime, request: Request, expect: Expectation) {
            self.at = at
            self.request = request
            self.expect = expect
        }
    }

    public struct Request: Sendable, Hashable {
        public var method: String
        /// In the order of the file; a name that is sent twice stands twice.
        public var headers: [Header]
        public var body: [UInt8]
        /// Overrides public-url + path. Its query is the request's.
        public var url: String?
        public var peer: IPAddress
        /// A PEM file with the client certificate of the connection.
        public var certificate: String?
        /// An access token that is made for the request, as `Authorization: Bearer`.
        public var token: Token?

        public init(
            method: String = "POST", headers: [Header] = [], body: [UInt8] = [], url: String? = nil,
            peer: IPAddress = IPAddress(v4: 0x7f00_0001),
            certificate: String? = nil, token: Token? = nil
        ) {
            self.method = method
            self.headers = headers
            self.body = body
            self.url = url
            self.peer = peer
            self.certificate = certificate
            self.token = token
        }
    }

    /// A token as this gateway would have issued it.
    public struct Token: Sendable, Hashable {
        public var sender: String
        /// nil: all of the sender's.
        public var scopes: [String]?
        /// nil: all of the sender's audiences.
        public var audience: String?
        /// Issued so long before the request.
        public var age: Duration
        /// Bound to the request's certificate.
        public var isBound: Bool

        public init(sender: String, scopes: [String]? = nil, audience: String? = nil, age: Duration = .zero, isBound: Bool = false) {
            self.sender = sender
            self.scopes = scopes
            self.audience = audience
            self.age = age
            self.isBound = isBound
        }
    }

    public struct Header: Sendable, Hashable {
        public var name: String
        public var value: String

        public init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    /// What must hold; nil: not compared.
    public struct Expectation: Sendable, Hashable {
        public var decision: String?
        public var reason: String?
        public var sender: String?
        public var eventID: String?
        public var eventType: String?
        /// The status of the answer.
        public var answer: Int?
        /// The body of the answer.
        public var body: String?

        public init() {}
    }
}
