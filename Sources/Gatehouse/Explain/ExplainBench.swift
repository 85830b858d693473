import GatehouseCrypto
import GatehouseHTTP
import GatehousePolicy
import GatehouseTime
import GatehouseToken
import GatehouseVerify

/// The gateway's own verifier over one endpoint, without network and clock, for one supposition after another.
struct ExplainBench {
    var policy: Policy
    var endpoint: EndpointPolicy
    var credentials: CredentialSet
    var request: ExplainedRequest
    let keys: DerivedKeys
    let at: WallTime
    let history: VersionHistory
    /// The median of arrival after signed time of a sender's accepted events, in milliseconds; nil where it is not known.
    let usualSkew: @Sendable (String) -> Int64?
    /// Shared with all that is made of this bench.
    let budget: ExplainBudget
    /// What could not be tried and was taken to be right.
    private(set) var notes: [String] = []
    private let tokens: AccessTokenValidator?
    private let workspace: Workspace

    init(
        policy: Policy, endpoint: EndpointPolicy, credentials: CredentialSet, request: ExplainedRequest, keys: DerivedKeys, at: WallTime,
        history: VersionHistory = VersionHistory(), tokens: AccessTokenValidator? = nil,
        budget: ExplainBudget = ExplainBudget(), usualSkew: @escaping @Sendable (String) -> Int64? = { _ in nil }
    ) throws {
        self.policy = policy
        self.endpoint = endpoint
        self.credentials = credentials
        self.request = request
        self.keys = keys
        self.at = at
        self.history = history
        self.usualSkew = usualSkew
        self.budget = budget
        self.tokens = tokens
        workspace = try Workspace()
        // Where it came from is not in the file, nor is a client certificate.
        for name in endpoint.senders { self.policy.senders[name]?.networks = [] }
        let withheld = Set(request.withheld.map { $0.name.lowercased() })
        let testable = endpoint.authenticate.compactMap { item in item.keeping { Self.isThere($0, policy, withheld) } }
        guard testable != endpoint.authenticate else { return }
        if !testable.isEmpty { self.endpoint.authenticate = testable }
        let what =
            testable.isEmpty
            ? "so nothing of what endpoint \(endpoint.name) asks for could be tried" : "and what needs them was taken to be right"
        let missing = endpoint.authenticate.contains { $0.keeping { $0 != .certificate } != $0 } ? ["the client certificate"] : []
        notes.append("Not in the request as it is here: \((missing + withheld.sorted()).joined(separator: ", ")), \(what).")
    }

    /// Whether what the item needs is in a request as text.
    private static func isThere(_ item: EndpointPolicy.Requirement, _ policy: Policy, _ withheld: Set<String>) -> Bool {
        switch item {
        case .certificate: false
        case .basic, .oauth: !withheld.contains("authorization")
        case .signature(let name):
            !(policy.schemes[name]?.signature.sources ?? []).contains { source in
                if case .header(let header) = source { withheld.contains(header) } else { false }
            }
        case .any: true
        }
    }

    /// What the gateway would say; nil where it would refuse the head or the policy names what it cannot verify by.
    func verification(diagnoseRetired: Bool = true) -> Verification? {
        withVerifier { endpoint, view -> Verification in
            let arrival = Arrival(now: at, peer: IPAddress(v4: 0x7f00_0001), certificate: nil, diagnoseRetired: diagnoseRetired)
            let verification = endpoint.verify(view, arrival: arrival, workspace: workspace)
            guard case .passwordNeeded(let checks) = verification.outcome else { return verification }
            return verification.resume(checks.map { (try? $0.run()) ?? false })
        }
    }

    /// What the endpoint's schemes read of the request, by `header:NAME` and `json:a.b`; no credential.
    func fields() -> [String: String] {
        withVerifier { verifier, view -> [String: String] in
            let named = verifier.refusedFields(view, workspace: workspace).compactMap { field in field.value.map { (field.name, $0) } }
            return Dictionary(named) { first, _ in first }
        } ?? [:]
    }

    /// Methods that only handshakes of the endpoint come with.
    var handshakeMethods: [String] { withVerifier { verifier, _ in verifier.handshakeMethods } ?? [] }

    /// The endpoint's schemes read values out of JSON bodies.
    var readsJSON: Bool { withVerifier { verifier, _ in verifier.readsJSON } ?? false }

    private func withVerifier<R>(_ body: (EndpointVerifier, RequestView) -> R) -> R? {
        var policy = policy
        policy.endpoints = [endpoint]
        guard let verifier = try? Verifier(policy: policy, credentials: credentials, keys: keys, tokens: tokens, minimumKeyBytes: 1),
            let endpoint = verifier.endpoints.first
        else { return nil }
        return request.withView { body(endpoint, $0) }
    }

    /// The bench with only this scheme's signature asked for.
    func only(_ scheme: Scheme) -> ExplainBench {
        var bench = self
        bench.policy.schemes[scheme.name] = scheme
        bench.endpoint.authenticate = [.signature(scheme.name)]
        return bench
    }

    /// Whether the signature holds, whatever the time says.
    var signatureHolds: Bool {
        verification(diagnoseRetired: false)?.checks.contains { $0.check == .signature && $0.result == .ok } ?? false
    }

    /// With one value as the only version of every sender's credential of that kind.
    func with(_ value: Secret, as kind: CredentialKind) -> ExplainBench {
        var bench = self
        let version = CredentialVersion(number: 1, state: .active, created: WallTime(microseconds: 0), value: PlainCredential(value))
        bench.credentials = CredentialSet(
            Dictionary(
                endpoint.senders.map { (CredentialName(sender: $0, kind: kind), [version]) }, uniquingKeysWith: { first, _ in first }))
        return bench
    }
}

extension EndpointPolicy.Requirement {
    /// Without the items within it that do not pass; nil where nothing is left.
    fileprivate func keeping(_ passes: (Self) -> Bool) -> Self? {
        guard case .any(let items) = self else { return passes(self) ? self : nil }
        let kept = items.compactMap { $0.keeping(passes) }
        return kept.isEmpty ? nil : .any(kept)
    }
}
