/// One request's decision: what was asked, what was checked, what was answered. Holds no secret, token or body.
public struct DecisionRecord: Sendable {
    public var reference: Reference
    /// Nil where no endpoint has the path.
    public var endpoint: String?
    /// Nil where no sender proved to be one.
    public var sender: String?
    /// `accepted`, `rejected`, `failed`, `duplicate` or `ignored`.
    public var decision: String
    public var reason: String
    public var checks: [Check]
    public var event: Event?
    public var body: Body?
    /// The HTTP status that was sent.
    public var answer: Int
    public var remote: String
    /// `sha256:` and the digest of the policy that the request began with.
    public var policy: String
    /// For refused requests: what `explain` needs to tell why.
    public var request: RequestSummary?
    /// Arrival minus signed time, in milliseconds.
    public var skew: Int64?
    /// From the request's last byte to the decision, in microseconds.
    public var took: UInt64?
    /// How many requests this one record stands for, where it is more than one: those of an address over `limits.failures` in one second.
    public var requests: Int?
    /// Of a duplicate: the reference of the request that was accepted, where it is known.
    public var original: Reference?
    /// What exactly was wrong, in the gateway's own words, where the reason alone does not say it.
    public var detail: String?

    public struct Check: Sendable, Hashable {
        /// `signature`, `basic`, `oauth`, `certificate` or `network`.
        public var check: String
        public var scheme: String?
        public var client: String?
        /// Of the credential.
        public var version: Int?
        /// `jti` of an access token that is genuine, accepted or not.
        public var token: String?
        public var result: String

        public init(
            check: String, scheme: String? = nil, client: String? = nil, version: Int? = nil, token: String? = nil, result: String
        ) {
            self.check = check
            self.scheme = scheme
            self.client = client
            self.version = version
            self.token = token
            self.result = result
        }
    }

    public struct Event: Sendable, Hashable {
        public var id: String?
        /// `id` is only the beginning of the event's id.
        public var isIDCut: Bool
        public var type: String?
        /// The keyed digest by which a duplicate is known: 16 bytes as two big-endian words.
        public var key: Key?

        public struct Key: Sendable, Hashable {
            public var high: UInt64
            public var low: UInt64

            public init(high: UInt64, low: UInt64) {
                self.high = high
                self.low = low
            }
        }

        public init(id: String? = nil, isIDCut: Bool = false, type: String? = nil, key: Key? = nil) {
            self.id = id
            self.isIDCut = isIDCut
            self.type = type
            self.key = key
        }
    }

    public struct Body: Sendable, Hashable {
        public var bytes: Int
        /// Nil where the body was not read to its end.
        public var sha256: SHA256Value?

        public init(bytes: Int, sha256: SHA256Value?) {
            self.bytes = bytes
            self.sha256 = sha256
        }
    }

    public init(
        reference: Reference, endpoint: String?, sender: String?, decision: String, reason: String, checks: [Check] = [],
        event: Event? = nil,
        body: Body? = nil, answer: Int, remote: String, policy: String, request: RequestSummary? = nil, skew: Int64? = nil,
        took: UInt64? = nil,
        original: Reference? = nil, requests: Int? = nil, detail: String? = nil
    ) {
        self.reference = reference
        self.endpoint = endpoint
        self.sender = sender
        self.decision = decision
        self.reason = reason
        self.checks = checks
        self.event = event
        self.body = body
        self.answer = answer
        self.remote = remote
        self.policy = policy
        self.request = request
        self.skew = skew
        self.took = took
        self.original = original
        self.requests = requests
        self.detail = detail
    }

    /// Appends the record's members from `"kind"` on: what stands in a line between the node and `,"previous"`.
    public func encode(into output: inout [UInt8]) { output.write { encode(to: &$0) } }

    private func encode(to output: inout RecordWriter) {
        output.append("\"kind\":\"decision\",\"reference\":\"")
        output.append(reference)
        output.append("\"")
        if let endpoint { output.append(",\"endpoint\":", text: endpoint) }
        if let sender { output.append(",\"sender\":", text: sender) }
        output.append(",\"decision\":", text: decision)
        output.append(",\"reason\":", text: reason)
        output.append(",\"checks\":")
        output.append(checks)
        event?.encode(to: &output)
        body?.encode(to: &output)
        output.append(",\"answer\":")
        output.append(decimal: Int64(answer))
        output.append(",\"remote\":", text: remote)
        output.append(",\"policy\":", text: policy)
        if let request { request.encode(to: &output) }
        if let skew {
            output.append(",\"skew_ms\":")
            output.append(decimal: skew)
        }
        if let took {
            output.append(",\"took_us\":")
            output.append(decimal: took)
        }
        if let requests {
            output.append(",\"requests\":")
            output.append(decimal: Int64(requests))
        }
        if let original {
            output.append(",\"original\":\"")
            output.append(original)
            output.append("\"")
        }
        if let detail { output.append(",\"detail\":", text: detail, limit: RecordLimit.event) }
    }

}

extension RecordWriter {
    /// As a list, cut where a record may hold no more.
    mutating func append(_ checks: [DecisionRecord.Check]) {
        append("[")
        var first = true
        for check in checks.prefix(RecordLimit.items) {
            append(first ? "{\"check\":" : ",{\"check\":", text: check.check)
            first = false
            if let scheme = check.scheme { append(",\"scheme\":", text: scheme) }
            if let client = check.client { append(",\"client\":", text: client) }
            if let version = check.version {
                append(",\"version\":")
                append(decimal: Int64(version))
            }
            if let token = check.token { append(",\"token\":", text: token) }
            append(",\"result\":", text: check.result)
            append("}")
        }
        append("]")
    }
}

extension DecisionRecord.Body {
    func encode(to output: inout RecordWriter) {
        output.append(",\"body\":{\"bytes\":")
        output.append(decimal: UInt64(clamping: bytes))
        if let sha256 {
            output.append(",\"sha256\":\"")
            output.append(hex: sha256)
            output.append("\"")
        }
        output.append("}")
    }
}

extension DecisionRecord.Event {
    func encode(to output: inout RecordWriter) {
        output.append(",\"event\":{")
        var separator: StaticString = "\"id\":"
        if let id {
            output.append(separator, text: id, limit: RecordLimit.event)
            if isIDCut { output.append(",\"id_cut\":true") }
            separator = ",\"type\":"
        } else {
            separator = "\"type\":"
        }
        if let type { output.append(separator, text: type, limit: RecordLimit.event) }
        if let key {
            output.append(id == nil && type == nil ? "\"key\":\"" : ",\"key\":\"")
            output.append(hex: key.high)
            output.append(hex: key.low)
            output.append("\"")
        }
        output.append("}")
    }
}
