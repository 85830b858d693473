import GatehouseCrypto
import GatehouseHTTP
import GatehousePolicy
import GatehouseTime
import GatehouseToken
import Testing

@testable import GatehouseVerify

/// A request as text; `send` makes the bytes that a connection would receive.
struct Request {
    var method = "POST"
    var target = "/hooks/test"
    var fields: [(String, String)] = []
    var body: [UInt8] = []

    init(method: String = "POST", target: String = "/hooks/test", fields: [(String, String)] = [], body: String = "") {
        self.method = method
        self.target = target
        self.fields = fields
        self.body = Array(body.utf8)
    }

    init(_ signed: SignedRequest, target: String = "/hooks/test") {
        method = signed.method
        self.target = target + (signed.url.firstIndex(of: "?").map { String(signed.url[$0...]) } ?? "")
        fields = signed.fields.map { ($0.name, $0.value) }
        body = signed.body
    }

    func withView<R>(_ use: (RequestView) throws -> R) throws -> R {
        var head = "\(method) \(target) HTTP/1.1\r\nHost: attacker.example\r\nContent-Length: \(body.count)\r\n"
        for (name, value) in fields { head += "\(name): \(value)\r\n" }
        let bytes = Array((head + "\r\n").utf8)
        return try bytes.withUnsafeBytes { bytes in
            try body.withUnsafeBytes { body in
                var parsed = RequestHead()
                try parsed.parse(bytes, from: 0, to: bytes.count)
                return try use(RequestView(bytes: bytes, head: parsed, body: body))
            }
        }
    }

    func adding(_ name: String, _ value: String) -> Request {
        var copy = self
        copy.fields.append((name, value))
        return copy
    }

    func setting(_ name: String, _ value: String) -> Request {
        var copy = self
        copy.fields.removeAll { $0.0.lowercased() == name.lowercased() }
        copy.fields.append((name, value))
        return copy
    }

    func removing(_ name: String) -> Request {
        var copy = self
        copy.fields.removeAll { $0.0.lowercased() == name.lowercased() }
        return copy
    }
}

/// One endpoint with its senders and credentials, ready to be asked.
struct Gate {
    static let now = WallTime(seconds: 1_700_000_000)
    static let url = "https://hooks.example.com/hooks/test"
    static let secret = "a secret of some length"
    static let keys = DerivedKeys(
        replay: Secret(utf8: "replay key of the tests 01234567"), passwords: Secret(utf8: "password key of tests 0123456789"))

    var schemes: [Scheme] = []
    var senders = ["acme"]
    var networks: [String: [Network]] = [:]
    var authenticate: [EndpointPolicy.Requirement] = []
    var credentials: [CredentialName: [CredentialVersion]] = [:]
    var minimumKeyBytes = 1
    var passwords = PasswordCache()
    var tokens: AccessTokenValidator?
    var change: (inout EndpointPolicy) -> Void = { _ in }

    init(_ schemes: Scheme...) {
        self.schemes = schemes
        authenticate = schemes.map { .signature($0.name) }
    }

    mutating func add(_ name: String, _ values: (any CredentialValue)..., state: VersionState = .active) throws {
        let name = try #require(CredentialName(name))
        for value in values {
            let number = (credentials[name]?.map(\.number).max() ?? 0) + 1
            credentials[name, default: []].append(CredentialVersion(number: number, state: state, created: Gate.now, value: value))
        }
    }

    static func signed(_ schemes: Scheme..., secret: String = Gate.secret) throws -> Gate {
        var gate = Gate()
        gate.schemes = schemes
        gate.authenticate = schemes.map { .signature($0.name) }
        try gate.add("acme/signing", PlainCredential(secret))
        return gate
    }

    func verifier() throws -> Verifier {
        var endpoint = EndpointPolicy(
            name: "test", path: "/hooks/test", senders: senders, publicURL: Gate.url, authenticate: authenticate)
        change(&endpoint)
        var policies: [String: SenderPolicy] = [:]
        for sender in senders {
            var policy = SenderPolicy(name: sender)
            policy.networks = networks[sender] ?? []
            policies[sender] = policy
        }
        let policy = Policy(
            gateway: GatewayPolicy(listeners: [], publicURL: "https://hooks.example.com", state: "var"), senders: policies,
            endpoints: [endpoint],
            schemes: Dictionary(schemes.map { ($0.name, $0) }) { first, _ in first }, digest: "", warnings: [], files: [])
        return try Verifier(
            policy: policy, credentials: CredentialSet(credentials), keys: Gate.keys, passwords: passwords, tokens: tokens,
            minimumKeyBytes: minimumKeyBytes)
    }

    func verify(
        _ request: Request, at now: WallTime = Gate.now, peer: String = "203.0.113.7", certificate: ClientCertificate? = nil,
        retired: Bool = false
    )
        throws -> Verification
    {
        let verifier = try verifier()
        let workspace = try Workspace()
        return try request.withView { view in
            let endpoint = try #require(verifier.endpoint(path: view.path))
            let arrival = Arrival(now: now, peer: try #require(IPAddress(peer)), certificate: certificate, diagnoseRetired: retired)
            return endpoint.verify(view, arrival: arrival, workspace: workspace)
        }
    }

    func sign(
        _ body: String, secret: String = Gate.secret, at time: WallTime = Gate.now, fields: [(name: String, value: String)] = [],
        scheme: Int = 0
    )
        throws -> Request
    {
        let signer = try Signer(scheme: schemes[scheme], secret: Secret(utf8: secret))
        return Request(try signer.sign(SignedRequest(url: Gate.url, fields: fields, body: Array(body.utf8)), at: time))
    }
}

extension Verification {
    /// `ok`, a reason, `handshake` or `password`.
    var summary: String {
        switch outcome {
        case .authenticated: "ok"
        case .refused(let reason): reason.rawValue
        case .handshake: "handshake"
        case .passwordNeeded: "password"
        }
    }

    var answer: HandshakeAnswer? {
        if case .handshake(let answer, _) = outcome { answer } else { nil }
    }
}

extension Scheme {
    static func shipped(_ name: String) throws -> Scheme {
        try parse(try #require(shipped[name]), name: name, file: "schemes/\(name).yaml")
    }

    /// An HMAC-SHA256 over timestamp, full stop and body, in a labelled list.
    static var listed: Scheme {
        Scheme(
            name: "listed",
            signature: SignatureSource(
                sources: [.header("x-sig")], layout: .list(separator: ",", assign: "=", label: "v1", timestamp: "t"), encoding: .hex),
            algorithm: .hmacSHA256, key: KeyForm(), signed: [.timestamp, .literal("."), .body], timestamp: TimestampSource(unit: .s),
            event: EventSource(id: .json(["id"]), type: .json(["type"])))
    }

    /// An HMAC-SHA256 over the body.
    static func bare(_ encoding: SignatureSource.Encoding = .hex, algorithm: SignatureAlgorithm = .hmacSHA256) -> Scheme {
        Scheme(
            name: "bare", signature: SignatureSource(sources: [.header("x-sig")], layout: .bare, encoding: encoding), algorithm: algorithm,
            key: KeyForm(), signed: [.body])
    }
}
