public import GatehouseCrypto
internal import GatehouseHTTP
public import GatehousePolicy
public import GatehouseTime

/// What is known about a request beside its bytes.
public struct Arrival: Sendable {
    /// When the request arrived; the replay window is measured here (SEC-62).
    public var now: WallTime
    /// Where it came from, after a trusted proxy's word about it.
    public var peer: IPAddress
    /// The certificate that the connection was opened with, already checked against the listener's authority.
    public var certificate: ClientCertificate?
    /// After a mismatch, retired versions are tried too, so that the record can say `signed-with-retired`. Costs as many MACs as there are
    /// retired versions, so the caller limits how often it is set.
    public var diagnoseRetired: Bool

    public init(now: WallTime, peer: IPAddress, certificate: ClientCertificate? = nil, diagnoseRetired: Bool = false) {
        self.now = now
        self.peer = peer
        self.certificate = certificate
        self.diagnoseRetired = diagnoseRetired
    }
}

/// What the checks of one endpoint said about one request.
public struct Verification: Sendable {
    public enum Outcome: Sendable {
        /// Every item held for `sender`.
        case authenticated
        case refused(Reason)
        /// The gateway answers by itself. `signed`: the request was authenticated like an event.
        case handshake(HandshakeAnswer, signed: Bool)
        /// Every cheaper item held. The caller runs the checks away from the event loop and hands their results, in this order, to
        /// ``Verification/resume(_:)``.
        case passwordNeeded([PasswordCheck])
    }

    public var outcome: Outcome
    /// Who sent it, or who most plausibly meant to; nil where no sender is more plausible than another.
    public var sender: String?
    /// In the order in which policy lists them. A check that the endpoint adds by itself (`network`, `timestamp`) stands here only when it
    /// failed.
    public var checks: [CheckResult]
    /// Empty unless the request was authenticated, or is refused as `timestamp-stale` and everything but its time held: a copy of an event
    /// that was accepted in time is answered as a duplicate however late it comes.
    public var event: EventIdentity
    public var bodySHA256: BodyDigest
    /// The endpoint looks for the event's id or type in a JSON body, and this body is none: the event has neither from there.
    public var isBodyUnreadable = false
    /// The time that a genuine signature covers, also of a request that was refused for another cause; nil where there is none.
    public var signedAt: WallTime?
    /// What the sender's scheme wants to hear about an event that was taken.
    public var okStatus: Int
    /// Whether a bearer token came along, where the endpoint takes any: the challenge of a refusal depends on it.
    public var bearer: BearerUse
    /// Where the reason is what is wrong with a bearer token itself: half a sentence that says it exactly, for records.
    public var tokenFlaw: String?
    var pending: PendingPasswords?

    init(
        outcome: Outcome, sender: String? = nil, checks: [CheckResult] = [], event: EventIdentity = EventIdentity(), bodySHA256: BodyDigest,
        signedAt: WallTime? = nil, okStatus: Int = 200, bearer: BearerUse = .none, pending: PendingPasswords? = nil
    ) {
        self.outcome = outcome
        self.sender = sender
        self.checks = checks
        self.event = event
        self.bodySHA256 = bodySHA256
        self.signedAt = signedAt
        self.okStatus = okStatus
        self.bearer = bearer
        self.pending = pending
    }

    /// The verdict once passwords are known: `results` are those of the checks of `passwordNeeded`, in their order. With any other
    /// outcome the verification is returned as it is. A good password is remembered in the ``PasswordCache``, so that the next request
    /// needs no check.
    public func resume(_ results: [Bool]) -> Verification { pending?.resume(results) ?? self }
}

/// One check and how it ended.
public struct CheckResult: Sendable, Hashable {
    public enum Check: String, Sendable, Hashable, CaseIterable { case signature, basic, oauth, certificate, network, timestamp }

    public enum Result: String, Sendable, Hashable, CaseIterable {
        case ok
        case mismatch
        case missing
        case malformed
        case stale
        case future
        /// Matches a version that is no longer accepted.
        case retired
        /// There is no such credential or user.
        case unknown
        /// The stored value cannot serve as this scheme's key.
        case unusable
        /// The stored value could not be opened.
        case unavailable
        /// Waits for a password to be checked.
        case pending
        // Of tokens.
        case expired
        case notYet = "not-yet"
        case revoked
        /// For somebody else.
        case audience
        /// Lacks a scope.
        case scope
        /// Bound to a certificate that the request did not come with.
        case binding
    }

    public var check: Check
    public var scheme: String?
    /// Of a token: the sender that it was issued to.
    public var client: String?
    /// The version that matched; of a mismatch the newest that was tried.
    public var version: Int?
    /// `jti` of a token that is genuine.
    public var token: String?
    public var result: Result

    public init(
        _ check: Check, scheme: String? = nil, client: String? = nil, version: Int? = nil, token: String? = nil, _ result: Result
    ) {
        self.check = check
        self.scheme = scheme
        self.client = client
        self.version = version
        self.token = token
        self.result = result
    }
}

/// What names an event.
public struct EventIdentity: Sendable, Hashable {
    /// At most ``longestText`` bytes of it, as UTF-8 text; a hint unless `key` is made of it.
    public var id: String?
    /// `id` is only the beginning of the event's id; `key` is made of all of it.
    public var isIDCut = false
    public var type: String?
    /// By which a duplicate is known; nil where nothing names the event.
    public var key: EventKey?

    public init(id: String? = nil, type: String? = nil, key: EventKey? = nil) {
        self.id = id
        self.type = type
        self.key = key
    }

    /// Bytes of an id or a type that are shown to handlers and in records.
    public static let longestText = 256
}

/// An answer that the gateway gives by itself.
public struct HandshakeAnswer: Sendable {
    public var status: Int
    /// Without `Content-Length`.
    public var fields: [(name: String, value: String)]
    public var body: [UInt8]

    public init(status: Int = 200, fields: [(name: String, value: String)] = [], body: [UInt8] = []) {
        self.status = status
        self.fields = fields
        self.body = body
    }
}

/// What makes a bearer token misused (RFC 6750 section 2, SEC-42): half a sentence, as records have it in `detail`.
public enum BearerMisuse: String, Sendable, Hashable, CaseIterable {
    case repeated = "there is more than one Authorization field"
    case query = "`access_token` is in the URL's query as well as a token in the Authorization field"
    case body = "`access_token` is in the body as well as a token in the Authorization field"
}

/// How a request brought a bearer token.
public enum BearerUse: Sendable, Hashable {
    case none
    case sent
    /// Twice, or in more than one way: 400, `invalid_request` (RFC 6750 section 3.1).
    case misused

    /// Whether the value of an Authorization field is of the Bearer scheme, whose name is known in any case (RFC 6750 section 2.1).
    public static func isBearer(_ field: UnsafeRawBufferPointer) -> Bool {
        field.matchesIgnoringCase("bearer", at: 0, before: field.count) && (field.count == 6 || field[6] == UInt8(ascii: " "))
    }
}
