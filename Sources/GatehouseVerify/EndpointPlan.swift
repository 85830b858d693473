internal import GatehousePolicy

/// An endpoint's policy compiled: its schemes' plans, and for each sender the keys that count.
final class EndpointPlan: Sendable {
    indirect enum Item: Sendable {
        /// Position among the endpoint's schemes.
        case signature(Int)
        case basic
        case certificate
        /// Position among the endpoint's tokens.
        case token(Int)
        case any([Item])
    }

    /// A bearer token as one item asks for it.
    struct Token: Sendable, Hashable {
        let scopes: [String]
        /// nil: whomever it is for.
        let audience: String?
        /// The item names it itself, so that it counts for outside issuers' tokens too.
        let isNamed: Bool
    }

    final class Sender: Sendable {
        let name: String
        let networks: [Network]
        /// By scheme, then newest first.
        let signing: [[KeyReference]]
        let basic: [KeyReference]
        let certificate: [KeyReference]
        /// By what handshakes need keys for; one slot each.
        let handshakeKeys: [[KeyReference]]

        init(
            name: String, networks: [Network], signing: [[KeyReference]], basic: [KeyReference], certificate: [KeyReference],
            handshakeKeys: [[KeyReference]]
        ) {
            self.name = name
            self.networks = networks
            self.signing = signing
            self.basic = basic
            self.certificate = certificate
            self.handshakeKeys = handshakeKeys
        }
    }

    let schemes: [SchemePlan]
    /// What the plans were made of, in the same order.
    let sources: [Scheme]
    let items: [Item]
    let tokens: [Token]
    let senders: [Sender]
    let handshakes: [HandshakePlan]
    let paths: JSONPaths
    /// Of endpoints without a signature.
    let eventID: SourcePlan?
    let eventType: SourcePlan?
    let methods: [[UInt8]]

    init(_ endpoint: EndpointPolicy, policy: Policy, builder: inout KeyTableBuilder) throws(VerifierError) {
        var compiler = Compiler(endpoint: endpoint, policy: policy)
        var items: [Item] = []
        for requirement in endpoint.authenticate { items.append(try compiler.item(requirement)) }
        var handshakes: [HandshakePlan] = []
        var handshakeUses: [HandshakeUse] = []
        for (index, scheme) in compiler.sources.enumerated() {
            for handshake in scheme.handshakes {
                handshakes.append(
                    HandshakePlan(handshake, scheme: index, keyForm: scheme.key, paths: &compiler.paths, uses: &handshakeUses))
            }
        }
        eventID = (endpoint.event?.id).map { SourcePlan($0, paths: &compiler.paths) }
        eventType = (endpoint.event?.type).map { SourcePlan($0, paths: &compiler.paths) }
        var senders: [Sender] = []
        for name in endpoint.senders {
            senders.append(
                Sender(
                    name: name, networks: policy.senders[name]?.networks ?? [],
                    signing: compiler.schemes.map { scheme in
                        let kind = scheme.algorithms.first?.credential ?? .signing
                        return builder.references(
                            CredentialName(sender: name, kind: kind), uses: scheme.algorithms.map { $0.use(scheme.keyForm) })
                    },
                    basic: compiler.usesBasic ? builder.references(CredentialName(sender: name, kind: .basic), uses: [.basic]) : [],
                    certificate: compiler.usesCertificate
                        ? builder.references(CredentialName(sender: name, kind: .certificate), uses: [.certificate]) : [],
                    handshakeKeys: handshakeUses.map {
                        builder.references(CredentialName(sender: name, kind: $0.kind), uses: [$0.use], keepingRevoked: $0.kind == .verify)
                    }))
        }
        schemes = compiler.schemes
        sources = compiler.sources
        self.items = items
        tokens = compiler.tokens
        self.senders = senders
        self.handshakes = handshakes
        paths = compiler.paths
        methods = endpoint.methods.map { Array($0.utf8) }
    }

    private struct Compiler {
        let endpoint: EndpointPolicy
        let policy: Policy
        var sources: [Scheme] = []
        var schemes: [SchemePlan] = []
        var paths = JSONPaths()
        var tokens: [Token] = []
        var usesBasic = false
        var usesCertificate = false

        mutating func item(_ requirement: EndpointPolicy.Requirement) throws(VerifierError) -> Item {
            switch requirement {
            case .signature(let name):
                if let known = sources.firstIndex(where: { $0.name == name }) { return .signature(known) }
                guard let scheme = policy.schemes[name] else { throw .unknownScheme(name, endpoint: endpoint.name) }
                sources.append(scheme)
                schemes.append(SchemePlan(scheme, endpoint: endpoint, paths: &paths))
                return .signature(schemes.count - 1)
            case .basic:
                usesBasic = true
                return .basic
            case .certificate:
                usesCertificate = true
                return .certificate
            case .oauth(let scopes, let audience, let isNamed):
                let token = Token(scopes: scopes, audience: audience, isNamed: isNamed)
                if let known = tokens.firstIndex(of: token) { return .token(known) }
                tokens.append(token)
                return .token(tokens.count - 1)
            case .any(let alternatives):
                var items: [Item] = []
                for alternative in alternatives { items.append(try item(alternative)) }
                return .any(items)
            }
        }
    }
}
