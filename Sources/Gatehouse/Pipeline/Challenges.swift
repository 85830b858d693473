import GatehousePolicy
import GatehouseVerify

/// An endpoint's `WWW-Authenticate` fields, one a kind that it takes. What was wrong with a request shows in none of them.
struct Challenges: Sendable {
    /// Nobody came with a token.
    private var plain: [(name: String, value: String)] = []
    /// A token came along, good or not (RFC 6750 section 3.1).
    private var withToken: [(name: String, value: String)] = []
    private var misused: [(name: String, value: String)] = []
    private var insufficient: [(name: String, value: String)] = []

    init(_ endpoint: EndpointPolicy) {
        let realm = "Bearer realm=\"\(endpoint.name)\""
        var scopes: [String] = []
        for requirement in Self.flat(endpoint.authenticate) {
            switch requirement {
            // Basic and Bearer have registered challenges (RFC 7617, RFC 6750); signatures and certificates have none, so they get a plain
            // name.
            case .signature(let scheme): add("Signature realm=\"\(endpoint.name)\", scheme=\"\(scheme)\"")
            case .basic: add("Basic realm=\"\(endpoint.name)\", charset=\"UTF-8\"")
            case .certificate: add("Certificate realm=\"\(endpoint.name)\"")
            case .oauth(let wanted, _, _):
                for scope in wanted where !scopes.contains(scope) { scopes.append(scope) }
                add(realm, withToken: realm + ", error=\"invalid_token\"")
            case .any: break
            }
        }
        misused = [("WWW-Authenticate", realm + ", error=\"invalid_request\"")]
        insufficient = [("WWW-Authenticate", realm + ", error=\"insufficient_scope\", scope=\"\(scopes.joined(separator: " "))\"")]
    }

    private static func flat(_ requirements: [EndpointPolicy.Requirement]) -> [EndpointPolicy.Requirement] {
        requirements.flatMap { if case .any(let inner) = $0 { flat(inner) } else { [$0] } }
    }

    func fields(status: Int, bearer: BearerUse) -> [(name: String, value: String)] {
        switch (status, bearer) {
        case (403, _): insufficient
        case (400, .misused): misused
        case (400, _): []
        case (_, .sent): withToken
        default: plain
        }
    }

    private mutating func add(_ value: String, withToken other: String? = nil) {
        guard !plain.contains(where: { $0.value == value }) else { return }
        plain.append(("WWW-Authenticate", value))
        withToken.append(("WWW-Authenticate", other ?? value))
    }
}
