internal import GatehouseCrypto
public import GatehouseHTTP
public import GatehousePolicy
public import GatehouseToken

/// A policy that this build cannot verify by.
public struct VerifierError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: String, Sendable, Hashable {
        case unknownScheme = "unknown-scheme"
        case tokensNotServed = "tokens-not-served"
    }

    public let code: Code
    public let description: String

    static func unknownScheme(_ name: String, endpoint: String) -> VerifierError {
        VerifierError(code: .unknownScheme, description: "endpoint \(endpoint): there is no scheme \(name)")
    }

    static func tokensNotServed(endpoint: String) -> VerifierError {
        VerifierError(
            code: .tokensNotServed, description: "endpoint \(endpoint): `oauth` needs the keys of tokens, and there are none here")
    }
}

/// Policy and keys as one immutable snapshot: what every event loop verifies by until a reload or a changed credential makes a new one.
///
/// Verifying does no I/O and takes no lock, but for the password cache's when an endpoint takes given passwords.
public final class Verifier: Sendable {
    /// In the order of ``Policy/endpoints``.
    public let endpoints: [EndpointVerifier]
    let table: KeyTable
    /// Open addressing: positions in `endpoints`, -1 where free.
    private let buckets: [Int]

    /// - Parameters:
    ///   - passwords: handed from snapshot to snapshot, so that a change of policy does not make every sender's password be stretched
    ///     again. Entries of versions that are not in `credentials`, or revoked, are dropped from it.
    ///   - tokens: what access tokens are checked with; nil where no endpoint takes any.
    ///   - minimumKeyBytes: keys shorter than this, once decoded, match nothing (SEC-54). Only fixtures have reason to lower it.
    public init(
        policy: Policy, credentials: CredentialSet, keys: DerivedKeys, passwords: PasswordCache = PasswordCache(),
        tokens: AccessTokenValidator? = nil, minimumKeyBytes: Int = 12
    ) throws(VerifierError) {
        var builder = KeyTableBuilder(credentials)
        var plans: [EndpointPlan] = []
        for endpoint in policy.endpoints { plans.append(try EndpointPlan(endpoint, policy: policy, builder: &builder)) }
        if tokens == nil, let index = plans.firstIndex(where: { !$0.tokens.isEmpty }) {
            throw .tokensNotServed(endpoint: policy.endpoints[index].name)
        }
        let table = KeyTable(slots: builder.slots, keys: keys, minimumKeyBytes: max(minimumKeyBytes, 1), passwords: passwords)
        self.table = table
        endpoints = zip(policy.endpoints, plans).enumerated().map {
            EndpointVerifier(policy: $1.0, index: $0, plan: $1.1, table: table, tokens: tokens)
        }
        passwords.keep(
            only: Set(
                builder.slots.filter { $0.use == .basic }.map { PasswordCache.Version(sender: $0.name.sender, number: $0.version.number) }))
        var buckets = [Int](repeating: -1, count: Self.bucketCount(for: endpoints.count))
        for endpoint in endpoints {
            var path = endpoint.policy.path
            var bucket = path.withUTF8 { Self.hash(UnsafeRawBufferPointer($0)) } & (buckets.count - 1)
            while buckets[bucket] >= 0 { bucket = (bucket + 1) & (buckets.count - 1) }
            buckets[bucket] = endpoint.index
        }
        self.buckets = buckets
    }

    /// The endpoint whose path is these bytes exactly; nothing is decoded or normalised (SEC-22).
    public func endpoint(path: UnsafeRawBufferPointer) -> EndpointVerifier? {
        var bucket = Self.hash(path) & (buckets.count - 1)
        while buckets[bucket] >= 0 {
            let endpoint = endpoints[buckets[bucket]]
            if path.elementsEqual(endpoint.policy.path.utf8) { return endpoint }
            bucket = (bucket + 1) & (buckets.count - 1)
        }
        return nil
    }

    /// A power of two, at most half full.
    private static func bucketCount(for endpoints: Int) -> Int {
        var count = 8
        while count < 2 * endpoints { count *= 2 }
        return count
    }

    /// Seeded per process, so that paths cannot be chosen to collide.
    private static func hash(_ path: UnsafeRawBufferPointer) -> Int {
        var hasher = Swift.Hasher()
        hasher.combine(bytes: path)
        return hasher.finalize()
    }
}

/// One endpoint of a snapshot.
public final class EndpointVerifier: Sendable {
    public let policy: EndpointPolicy
    /// Position in ``Verifier/endpoints``.
    public let index: Int
    /// `events.accept`, compiled.
    public let accepted: EventPatterns
    /// Methods that policy does not list but some handshake comes with: let through to ``verify(_:arrival:workspace:)``, which refuses
    /// what is no such handshake with `method`.
    public let handshakeMethods: [String]
    /// Header fields that hold a secret itself, in lower case; a name that ends in `*` stands for every one with that beginning. They are for
    /// this gateway only.
    public let secretFields: [String]
    let plan: EndpointPlan
    let table: KeyTable
    let tokens: AccessTokenValidator?

    init(policy: EndpointPolicy, index: Int, plan: EndpointPlan, table: KeyTable, tokens: AccessTokenValidator?) {
        self.policy = policy
        self.index = index
        self.plan = plan
        self.table = table
        self.tokens = tokens
        accepted = EventPatterns(policy.events.accept)
        secretFields = plan.sources.flatMap(\.secretSources).compactMap { if case .header(let name) = $0 { name } else { nil } }
        var methods: [String] = []
        for method in plan.handshakes.map(\.method) where !methods.contains(method) && !policy.methods.contains(method) {
            methods.append(method)
        }
        handshakeMethods = methods
    }

    /// The body is read as JSON, so a content coding cannot be let through (SEC-21).
    public var readsJSON: Bool { !plan.paths.isEmpty }

    /// Checks one request against the endpoint's policy. Does no I/O, keeps nothing of the request, and takes a time that does not depend
    /// on where two secrets differ.
    ///
    /// Of several failures the most telling is reported, for the sender for whom most items held. The order: `unavailable`, a fault of the
    /// gateway's own; `malformed`; `timestamp-stale` and `-future`, which only a genuine signature comes to; `signed-with-retired` and
    /// `credential-retired`, and a genuine token that does not count; a mismatch; `network`; a value that cannot be read; an unknown user or
    /// credential; a value that is not there; `token-scope`. Of equals, the first in policy's order.
    public func verify(_ request: RequestView, arrival: Arrival, workspace: Workspace) -> Verification {
        var workspace = workspace
        if workspace.isAhead(of: table), let own = try? Workspace() { workspace = own }
        workspace.adopt(table)
        workspace.begin(schemes: plan.schemes.count, paths: plan.paths.paths.count)
        guard let digest = workspace.digest(request.body) else {
            return Verification(outcome: .refused(.unavailable), bodySHA256: BodyDigest(words: (0, 0, 0, 0)))
        }
        if !plan.paths.isEmpty { workspace.scanJSON(request.body, paths: plan.paths) }
        var evaluation = Evaluation(endpoint: self, request: request, arrival: arrival, workspace: workspace, bodySHA256: digest)
        return evaluation.run()
    }
}
