/// How one kind of sender signs: `schemes/NAME.yaml`, data and no code.
public struct Scheme: Sendable, Hashable {
    public var name: String
    public var signature: SignatureSource
    public var algorithm: SignatureAlgorithm
    public var key: KeyForm
    /// The signed string. Never empty, except with `.equality`, where the received value itself is compared with the key.
    public var signed: [TemplatePart]
    /// The scheme proves nothing about the body, and its file says so.
    public var bodyUnsigned: Bool
    public var timestamp: TimestampSource?
    public var event: EventSource
    public var handshakes: [Handshake]
    /// The answer to an accepted event where the sender wants another than 200 (`respond: { ok: 204 }`).
    public var okStatus: Int

    /// A request may bring this many signatures, or this many pairs of signature and live version (SEC-53); one with more is refused.
    public static let maximumPairs = 64

    public init(
        name: String, signature: SignatureSource, algorithm: SignatureAlgorithm, key: KeyForm, signed: [TemplatePart],
        bodyUnsigned: Bool = false, timestamp: TimestampSource? = nil, event: EventSource = EventSource(), handshakes: [Handshake] = [],
        okStatus: Int = 200
    ) {
        self.name = name
        self.signature = signature
        self.algorithm = algorithm
        self.key = key
        self.signed = signed
        self.bodyUnsigned = bodyUnsigned
        self.timestamp = timestamp
        self.event = event
        self.handshakes = handshakes
        self.okStatus = okStatus
    }
}

/// Where one value of a request is found.
public enum ValueSource: Sendable, Hashable {
    /// Lower case.
    case header(String)
    case query(String)
    /// Member names from the outside in: `a.b` is `["a", "b"]`. A component that is a number also indexes an array.
    case json([String])
}

public struct SignatureSource: Sendable, Hashable {
    /// More than one: several headers that each hold a signature (`headers: [A, B]`), any of which may match.
    /// A numbered family (`X-DocuSign-Signature-*`) is one `.header` whose name ends in `*`.
    public var sources: [ValueSource]
    public var layout: Layout
    public var encoding: Encoding
    /// The header may be sent more than once (default false: a second one refuses the request, SEC-58).
    public var several: Bool

    public init(sources: [ValueSource], layout: Layout, encoding: Encoding, several: Bool = false) {
        self.sources = sources
        self.layout = layout
        self.encoding = encoding
        self.several = several
    }

    public enum Encoding: String, Sendable, Hashable, CaseIterable { case hex, base64, base64url, text }

    public enum Layout: Sendable, Hashable {
        case bare
        case prefixed(String)
        /// `t=1,v1=ab,v1=cd`: items with a label; the timestamp label is nil where the time stands elsewhere.
        case list(separator: String, assign: String, label: String, timestamp: String?)
        /// `time, sig, sig`: items by position; `signatures` are the positions that hold one.
        case positional(separator: String, timestamp: Int?, signatures: ClosedRange<Int>)
        /// `sha256=ab`: the sender names the algorithm, from this list.
        case algorithm(assign: String, algorithms: [SignatureAlgorithm])
    }
}

public enum SignatureAlgorithm: String, Sendable, Hashable, CaseIterable {
    case hmacSHA1 = "hmac-sha1"
    case hmacSHA256 = "hmac-sha256"
    case hmacSHA384 = "hmac-sha384"
    case hmacSHA512 = "hmac-sha512"
    case ed25519
    /// ASN.1 DER signature.
    case ecdsaP256DER = "ecdsa-p256"
    /// r and s side by side, 64 bytes.
    case ecdsaP256Raw = "ecdsa-p256-raw"
    case rsaPKCS1SHA1 = "rsa-pkcs1-sha1"
    case rsaPKCS1SHA256 = "rsa-pkcs1-sha256"
    case rsaPSSSHA256 = "rsa-pss-sha256"
    case rsaPSSSHA512 = "rsa-pss-sha512"
    /// A plain digest whose signed string holds the secret.
    case sha256
    /// The value is the secret.
    case equality = "equal"
}

public struct KeyForm: Sendable, Hashable {
    /// Removed from the front of the credential's text where it is there.
    public var strip: String?
    public var decode: Decoding

    public init(strip: String? = nil, decode: Decoding = .raw) {
        self.strip = strip
        self.decode = decode
    }

    public enum Decoding: String, Sendable, Hashable, CaseIterable { case raw, base64, hex, spki }
}

public enum TemplatePart: Sendable, Hashable {
    case literal(String)
    case body
    /// The received text of the timestamp.
    case timestamp
    /// Lower case.
    case header(String)
    case json([String])
    case method
    /// The request's path without the query.
    case path
    /// The endpoint's public URL, with the request's query where it has one.
    case url
    /// The secret itself; for `.sha256` only.
    case secret
}

public struct TimestampSource: Sendable, Hashable {
    /// nil: the signature's layout holds it.
    public var source: ValueSource?
    public var unit: Unit
    public var tolerance: Duration?
    public var future: Duration?

    public init(source: ValueSource? = nil, unit: Unit, tolerance: Duration? = nil, future: Duration? = nil) {
        self.source = source
        self.unit = unit
        self.tolerance = tolerance
        self.future = future
    }

    public enum Unit: String, Sendable, Hashable, CaseIterable {
        case s, ms, rfc3339
        case httpDate = "http-date"
        case auto
    }
}

public struct EventSource: Sendable, Hashable {
    public var id: ValueSource?
    public var type: ValueSource?

    public init(id: ValueSource? = nil, type: ValueSource? = nil) {
        self.id = id
        self.type = type
    }
}

/// A request that is answered by the gateway itself: registration, liveness, challenges.
public struct Handshake: Sendable, Hashable {
    public var when: Condition
    public var answer: Answer
    /// The request must be signed like an event (a challenge inside a signed POST). False for those that senders cannot sign.
    public var signed: Bool

    public init(when: Condition, answer: Answer, signed: Bool) {
        self.when = when
        self.answer = answer
        self.signed = signed
    }

    public struct Condition: Sendable, Hashable {
        public var method: String
        /// All must be there; with a value, equal to it.
        public var present: [Match]
        /// The value equals a live version of a credential of the sender's (verify tokens).
        public var token: ValueSource?
        /// Which credential the token is.
        public var tokenCredential: TokenCredential

        public init(
            method: String = "POST", present: [Match] = [], token: ValueSource? = nil, tokenCredential: TokenCredential = .signing
        ) {
            self.method = method
            self.present = present
            self.token = token
            self.tokenCredential = tokenCredential
        }
    }

    public enum TokenCredential: String, Sendable, Hashable, CaseIterable {
        /// `SENDER/signing`, and the handshake fails without it.
        case signing
        /// `SENDER/verify`; a sender that has none may bring any token.
        case verify
    }

    public struct Match: Sendable, Hashable {
        public var source: ValueSource
        public var equals: String?

        public init(source: ValueSource, equals: String? = nil) {
            self.source = source
            self.equals = equals
        }
    }

    public enum Answer: Sendable, Hashable {
        /// The value as `text/plain`, `nosniff`.
        case echo(ValueSource)
        /// The value as a header of the same name, with an empty 200.
        case echoHeader(String)
        /// The value as one member of a JSON object.
        case json(member: String, value: ValueSource)
        /// Value and HMAC-SHA256 of it in a JSON object: `{plain: …, keyed: …}`, the HMAC as lower-case hex or base64 with a prefix.
        case keyed(value: ValueSource, plainMember: String?, keyedMember: String, prefix: String, encoding: SignatureSource.Encoding)
        /// Fixed status, media type and body.
        case fixed(status: Int, mediaType: String?, body: String)
        /// CloudEvents HTTP webhook abuse protection: `WebHook-Allowed-Origin`, `WebHook-Allowed-Rate`.
        case allowOrigin(rate: Int?)
    }
}
