import GatehouseCrypto
import GatehousePolicy
import GatehouseVerify

/// The gateway's own paths on the public listener (RFC 6749, 7662, 7009, 7517, 8414).
enum TokenPath: String, Sendable, Hashable, CaseIterable {
    case token = "/oauth/token"
    case introspect = "/oauth/introspect"
    case revoke = "/oauth/revoke"
    case jwks = "/oauth/jwks"
    case metadata = "/.well-known/oauth-authorization-server"

    /// As records and metrics call it; no endpoint's file can have such a name.
    var name: String { self == .metadata ? "oauth/metadata" : String(rawValue.dropFirst()) }

    /// Takes a form (SEC-28); the others are read.
    var takesForm: Bool {
        switch self {
        case .token, .introspect, .revoke: true
        case .jwks, .metadata: false
        }
    }

    static let form = "application/x-www-form-urlencoded"
    /// Bytes of a form: a client assertion with a chain of RSA signatures around it would not fill it.
    private static let formLimit = 64 * 1024

    /// Routes with the checks that every route has; behind them the service decides.
    static func routes(_ policy: Policy, keys: DerivedKeys, names: MetricsNames) throws -> [Route] {
        let endpoints = allCases.map { path in
            var endpoint = EndpointPolicy(
                name: path.name, path: path.rawValue, senders: [], publicURL: policy.gateway.publicURL + path.rawValue, authenticate: [])
            // RFC 9110 section 9.3.2: whatever is read with GET is there for HEAD.
            endpoint.methods = path.takesForm ? ["POST"] : ["GET", "HEAD"]
            endpoint.mediaTypes = path.takesForm ? [form] : []
            endpoint.limits.body = path.takesForm ? min(policy.gateway.limits.body, formLimit) : 0
            return endpoint
        }
        var own = policy
        own.endpoints = endpoints
        own.senders = [:]
        own.schemes = [:]
        let senders = SenderNumbers(policy.senders.keys, names)
        let verifier = try Verifier(policy: own, credentials: CredentialSet(), keys: keys)
        return zip(allCases, endpoints).enumerated().map { index, pair in
            Route(
                index: index, policy: pair.1, verifier: verifier.endpoints[index], schemes: [:], limits: policy.gateway.limits, rate: nil,
                hand: HandOverPlan(relay: nil), names: names, senders: senders, service: pair.0)
        }
    }
}
