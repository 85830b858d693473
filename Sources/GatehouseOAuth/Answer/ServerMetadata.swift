internal import GatehousePolicy
internal import GatehouseToken

/// The metadata document (RFC 8414 section 2): what works here and nothing else (SEC-39).
struct ServerMetadata {
    private let policy: Policy
    private let mutualTLS: Bool

    init(_ policy: Policy, mutualTLS: Bool) {
        self.policy = policy
        self.mutualTLS = mutualTLS
    }

    func json() -> [UInt8] {
        let issuer = policy.gateway.issuer
        var writer = JSONWriter(capacity: 2048)
        writer.member("issuer", issuer)
        writer.member("token_endpoint", issuer + "/oauth/token")
        writer.member("introspection_endpoint", issuer + "/oauth/introspect")
        writer.member("revocation_endpoint", issuer + "/oauth/revoke")
        writer.member("jwks_uri", issuer + "/oauth/jwks")
        // Required by RFC 8414, and there is no authorization endpoint to have any.
        writer.member("response_types_supported", [String]())
        writer.member("grant_types_supported", grants)
        let methods = methods
        writer.member("token_endpoint_auth_methods_supported", methods)
        writer.member("introspection_endpoint_auth_methods_supported", methods)
        writer.member("revocation_endpoint_auth_methods_supported", methods)
        if methods.contains(SenderPolicy.TokenAuthentication.privateKeyJWT.rawValue) {
            let algorithms = algorithms
            writer.member("token_endpoint_auth_signing_alg_values_supported", algorithms)
            writer.member("introspection_endpoint_auth_signing_alg_values_supported", algorithms)
            writer.member("revocation_endpoint_auth_signing_alg_values_supported", algorithms)
        }
        let scopes = Set(policy.senders.values.flatMap(\.scopes)).sorted()
        if !scopes.isEmpty { writer.member("scopes_supported", scopes) }
        if bindsTokens { writer.member("tls_client_certificate_bound_access_tokens", true) }
        return writer.finish()
    }

    private var grants: [String] {
        SenderPolicy.Grant.allCases.filter { grant in
            policy.senders.values.contains { $0.grants.contains(grant) && (grant != .password || !isFAPI($0)) }
        }.map(\.rawValue)
    }

    private var methods: [String] {
        SenderPolicy.TokenAuthentication.allCases.filter { method in
            (method != .tlsClientAuth || mutualTLS)
                && policy.senders.values.contains { $0.tokenAuthentication.contains(method) && (method.isAsymmetric || !isFAPI($0)) }
        }.map(\.rawValue)
    }

    private var algorithms: [String] {
        let all = policy.senders.values.allSatisfy { isFAPI($0) || !$0.tokenAuthentication.contains(.privateKeyJWT) }
        return JWSAlgorithm.allCases.filter { !all || JWSAlgorithm.fapi2.contains($0) }.map(\.rawValue)
    }

    private var bindsTokens: Bool {
        mutualTLS && policy.senders.values.contains { $0.tokenAuthentication.contains(.tlsClientAuth) || isFAPI($0) }
    }

    private func isFAPI(_ sender: SenderPolicy) -> Bool { policy.gateway.profile(of: sender) == .fapi2 }
}

extension SenderPolicy.TokenAuthentication {
    /// Needs no shared secret.
    var isAsymmetric: Bool { self == .privateKeyJWT || self == .tlsClientAuth }
}
