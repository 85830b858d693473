/// A token was issued, refused, introspected or revoked. Names the token by its id, never by its value.
public struct TokenRecord: Sendable, Hashable {
    public enum Event: String, Sendable, Hashable, CaseIterable { case issued, refused, introspected, revoked }

    public var reference: Reference
    public var event: Event
    /// Which service was asked: `oauth/token`, `oauth/introspect` or `oauth/revoke`.
    public var endpoint: String?
    /// Who proved to be a client, or, where that was refused, who said so and is one.
    public var sender: String?
    public var reason: String
    /// Of a refusal: finer than the reason, as a code.
    public var problem: String?
    /// The error code of the answer (RFC 6749 section 5.2).
    public var error: String?
    public var grant: String?
    /// How the client authenticated: `client_secret_basic`, `private_key_jwt` …
    public var authentication: String?
    /// Of the credential that it used, which a refusal may be for.
    public var version: Int?
    public var scopes: [String]
    public var audience: String?
    /// The token's `jti`.
    public var token: String?
    /// What exactly was wrong with an assertion or a token, in words that hold nothing of it but names.
    public var detail: String?
    public var answer: Int
    public var remote: String
    public var policy: String

    public init(
        reference: Reference, event: Event, endpoint: String? = nil, sender: String?, reason: String, problem: String? = nil,
        error: String? = nil, grant: String? = nil, authentication: String? = nil, version: Int? = nil, scopes: [String] = [],
        audience: String? = nil, token: String? = nil, detail: String? = nil, answer: Int, remote: String, policy: String
    ) {
        self.reference = reference
        self.event = event
        self.endpoint = endpoint
        self.sender = sender
        self.reason = reason
        self.problem = problem
        self.error = error
        self.grant = grant
        self.authentication = authentication
        self.version = version
        self.scopes = scopes
        self.audience = audience
        self.token = token
        self.detail = detail
        self.answer = answer
        self.remote = remote
        self.policy = policy
    }

    /// As ``DecisionRecord/encode(into:)``.
    public func encode(into output: inout [UInt8]) { output.write { encode(to: &$0) } }

    private func encode(to output: inout RecordWriter) {
        output.append("\"kind\":\"token\",\"reference\":\"")
        output.append(reference)
        output.append("\",\"action\":", text: event.rawValue)
        if let endpoint { output.append(",\"endpoint\":", text: endpoint) }
        if let sender { output.append(",\"sender\":", text: sender) }
        output.append(",\"reason\":", text: reason)
        if let problem { output.append(",\"problem\":", text: problem) }
        if let error { output.append(",\"error\":", text: error) }
        if let grant { output.append(",\"grant\":", text: grant) }
        if let authentication { output.append(",\"authentication\":", text: authentication) }
        if let version {
            output.append(",\"version\":")
            output.append(decimal: Int64(version))
        }
        if !scopes.isEmpty {
            output.append(",\"scopes\":")
            output.append(list: scopes)
        }
        if let audience { output.append(",\"audience\":", text: audience, limit: RecordLimit.event) }
        if let token { output.append(",\"token\":", text: token) }
        if let detail { output.append(",\"detail\":", text: detail, limit: RecordLimit.event) }
        output.append(",\"answer\":")
        output.append(decimal: Int64(answer))
        output.append(",\"remote\":", text: remote)
        output.append(",\"policy\":", text: policy)
    }

    public var members: [UInt8] {
        var output: [UInt8] = []
        encode(into: &output)
        return output
    }
}
