import GatehouseHTTP
import GatehousePolicy
import GatehouseVerify

/// One endpoint of a snapshot, finished: everything that a request to it asks for, without a look-up by name.
final class Route: Sendable {
    let index: Int
    let policy: EndpointPolicy
    let verifier: EndpointVerifier
    let bodyLimit: Int
    /// The `Allow` field.
    let allow: String
    /// One of the gateway's own services; nil: an endpoint.
    let service: TokenPath?
    private let challenges: Challenges
    let rate: RateLimiter?
    let hand: HandOverPlan
    /// What any of the handlers takes; nil: everything.
    private let wanted: EventPatterns?
    /// The endpoint's and its senders' numbers among the metrics' names.
    let number: Int
    /// Schemes whose credential is a public key.
    private let keyed: Set<String>
    private let senders: SenderNumbers
    /// How long a copy of an event can be fresh.
    let freshness: Duration
    /// A scheme or a service reads the body, so it must not come in a content coding (SEC-21).
    let readsJSON: Bool

    init(
        index: Int, policy: EndpointPolicy, verifier: EndpointVerifier, schemes: [String: Scheme], limits: GatewayPolicy.Limits,
        rate: RateLimiter?, hand: HandOverPlan, names: MetricsNames, senders: SenderNumbers? = nil, service: TokenPath? = nil
    ) {
        self.service = service
        number = names.number(of: policy.name)
        self.senders = senders ?? SenderNumbers(policy.senders, names)
        self.index = index
        self.policy = policy
        self.verifier = verifier
        self.rate = rate
        self.hand = hand
        bodyLimit = policy.limits.body ?? limits.body
        let takesAll = policy.deliver.contains { $0.events.isEmpty }
        wanted = takesAll ? nil : EventPatterns(policy.deliver.flatMap(\.events))
        keyed = Set(schemes.values.filter(\.algorithm.takesPublicKey).map(\.name))
        allow = (policy.methods + verifier.handshakeMethods).joined(separator: ", ")
        freshness = policy.freshness(schemes)
        readsJSON = verifier.readsJSON || service != nil
        challenges = Challenges(policy)
    }

    /// Some handler takes events of this type. One that none takes is acknowledged, handed to nobody and not remembered.
    func isWanted(_ type: String?) -> Bool { wanted?.matches(type) ?? true }

    /// `WWW-Authenticate` fields of a refusal.
    func challenges(status: Int, bearer: BearerUse) -> [(name: String, value: String)] { challenges.fields(status: status, bearer: bearer) }

    /// The same of a 401 to a request that nothing was checked of.
    func challenges(of view: RequestView) -> [(name: String, value: String)] {
        let bringsToken = view.values(.authorization).contains(where: BearerUse.isBearer)
        return challenges.fields(status: 401, bearer: bringsToken ? .sent : .none)
    }

    /// Which kind of credential a check that held was made with; nil for one that uses none.
    func credentialKind(_ check: CheckResult) -> CredentialKind? {
        switch check.check {
        case .signature: keyed.contains(check.scheme ?? "") ? .key : .signing
        case .basic: .basic
        case .certificate: .certificate
        case .oauth: .oauth
        case .network, .timestamp: nil
        }
    }

    func senderNumber(_ sender: String) -> Int { senders.number(of: sender) }
}

/// How an endpoint's events are handed over.
struct HandOverPlan: Sendable {
    /// The handler whose answer is the sender's; nil: events are only stored.
    var relay: Relay?

    /// A class, since every event holds it for a moment.
    final class Relay: Sendable {
        let delivery: Delivery
        let handler: Handler
        /// Events of other types are acknowledged without a hand-over. nil: all.
        let events: EventPatterns?
        /// Signs hand-overs per Standard Webhooks.
        let signer: HandOverSigner?

        init(delivery: Delivery, handler: Handler, events: EventPatterns?, signer: HandOverSigner?) {
            self.delivery = delivery
            self.handler = handler
            self.events = events
            self.signer = signer
        }

        func wants(_ type: String?) -> Bool { events?.matches(type) ?? true }
    }

    enum Handler: Sendable {
        case http(RelayLines)
        case client(any HandlerClient)
    }
}

extension SignatureAlgorithm {
    var takesPublicKey: Bool {
        switch self {
        case .ed25519, .ecdsaP256DER, .ecdsaP256Raw, .rsaPKCS1SHA1, .rsaPKCS1SHA256, .rsaPSSSHA256, .rsaPSSSHA512: true
        case .hmacSHA1, .hmacSHA256, .hmacSHA384, .hmacSHA512, .sha256, .equality: false
        }
    }
}
