import Foundation
import GatehouseCrypto
import GatehousePolicy
import GatehouseTesting
import GatehouseTime
import GatehouseVerify

@testable import Gatehouse

/// Endpoints of several schemes and their secrets, and requests that are signed one way and arrive another.
struct ExplainSite: Sendable {
    static let now = WallTime(seconds: 1_795_485_662)
    static let raw = "a secret of thirty-two characters"
    static let encoded = "whsec_" + Base64.encode(Array("an example of a signing secret..".utf8))

    let policy: Policy
    let directory: String
    private let site: TestSite

    init() throws {
        site = try TestSite()
        for name in ["acme", "other", "code", "shop", "pay", "team", "route", "milli"] { try site.sender(name) }
        let endpoints = [
            ("acme", "standard-webhooks"), ("code", "github"), ("shop", "square"), ("pay", "stripe"), ("team", "slack"), ("route", "path"),
            ("milli", "milli"),
        ]
        for (name, scheme) in endpoints {
            try site.endpoint(name, to: "file:../../events", senders: "[\(name)]", authenticate: "[{ signature: \(scheme) }]")
        }
        try site.endpoint("other", to: "file:../../events", senders: "[other]", authenticate: "[{ signature: github }]")
        try site.folder.write(
            "policies/schemes/path.yaml",
            """
            signature: { header: x-sig, layout: bare, encoding: hex }
            algorithm: hmac-sha256
            key: raw
            signed: "{method}{path}{body}"

            """)
        try site.folder.write(
            "policies/schemes/milli.yaml",
            """
            signature: { header: x-sig, layout: bare, encoding: hex }
            algorithm: hmac-sha512
            key: raw
            signed: "{timestamp}.{body}"
            timestamp: { header: x-time, unit: ms }

            """)
        policy = try Policy.load(directory: site.policies)
        directory = site.policies
    }

    struct Stored: Sendable {
        var name: String
        var value: String
        var version = 1
        var state = VersionState.active
    }

    /// What the senders of all endpoints have, unless a case says otherwise.
    static let usual = [
        Stored(name: "acme", value: encoded), Stored(name: "code", value: raw), Stored(name: "shop", value: raw),
        Stored(name: "pay", value: raw),
        Stored(name: "team", value: raw), Stored(name: "route", value: raw), Stored(name: "milli", value: raw),
        Stored(name: "other", value: "the secret of somebody else....."),
    ]

    /// How a request comes about.
    struct Way: Sendable {
        var endpoint: String
        /// What the sender takes for its scheme, and its secret.
        var scheme: @Sendable (inout Scheme) -> Void = { _ in }
        var secret: String?
        var body = Array("{\"id\":1,\"type\":\"order.accepted\"}".utf8)
        var url: String?
        var fields: [(name: String, value: String)] = []
        var method = "POST"
        /// Signed so long before it arrives.
        var age = Duration.zero
        /// What happens to it on the way.
        var change: @Sendable (inout ExplainedRequest) -> Void = { _ in }
        var stored = ExplainSite.usual
        var fates: [CredentialName: [VersionHistory.Fate]] = [:]
        var usualSkew: Int64?
        /// Debug builds are slow.
        var budget: @Sendable () -> ExplainBudget = { ExplainBudget(.seconds(600)) }

        init(_ endpoint: String) { self.endpoint = endpoint }

        /// In place of what is stored usually.
        mutating func store(_ name: String, _ value: String) {
            stored.removeAll { $0.name == name }
            stored.append(Stored(name: name, value: value))
        }
    }

    func explain(_ way: Way) throws -> (explanation: Explanation, secrets: [String]) {
        guard let endpoint = policy.endpoints.first(where: { $0.name == way.endpoint }), let name = endpoint.schemeNames.first,
            var scheme = policy.schemes[name]
        else { throw GatewayError(.control, "no such endpoint") }
        let proper = scheme
        way.scheme(&scheme)
        let own = way.stored.last { $0.name == way.endpoint }?.value ?? Self.raw
        let secret = way.secret ?? own
        let signed = try Signer(scheme: scheme, secret: Secret(utf8: secret)).sign(
            SignedRequest(method: way.method, url: way.url ?? endpoint.publicURL, fields: way.fields, body: way.body),
            at: Self.now - way.age)
        var request = ExplainedRequest(
            method: way.method, target: endpoint.path, headers: signed.fields.map { .init(name: $0.name, value: $0.value) },
            body: signed.body)
        way.change(&request)
        let grouped = Dictionary(grouping: way.stored) { CredentialName(sender: $0.name, kind: .signing) }
        let credentials = CredentialSet(
            grouped.mapValues { items in
                items.map {
                    CredentialVersion(
                        number: $0.version, state: $0.state, created: Self.now - .seconds(86_400), value: PlainCredential($0.value))
                }
            })
        let usual = way.usualSkew
        let bench = try ExplainBench(
            policy: policy, endpoint: endpoint, credentials: credentials, request: request,
            keys: DerivedKeys(replay: Secret(random: 32), passwords: Secret(random: 32)), at: Self.now, history: VersionHistory(way.fates),
            budget: way.budget(), usualSkew: { _ in usual })
        let explanation = Explainer(bench: bench, directory: directory).explain()
        // What would be right for what arrived: never to be told.
        var forbidden = way.stored.map(\.value) + [secret, Self.raw, String(Self.encoded.dropFirst(6))]
        let fields = request.headers.filter { !$0.name.lowercased().contains("sig") }.map { (name: $0.name, value: $0.value) }
        if let right = try? Signer(scheme: proper, secret: Secret(utf8: own)).sign(
            SignedRequest(method: request.method, url: endpoint.publicURL, fields: fields, body: request.body), at: Self.now),
            case .header(let header)? = proper.signature.sources.first,
            let value = right.fields.first(where: { $0.name.lowercased() == header })?.value
        {
            forbidden += value.split { "=, ".contains($0) }.map(String.init).filter { $0.count > 24 }
        }
        return (explanation, forbidden)
    }
}
