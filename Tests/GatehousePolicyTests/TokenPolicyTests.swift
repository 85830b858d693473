import Testing

@testable import GatehousePolicy

@Suite("Policy of tokens")
struct TokenPolicyTests {
    private static let listen = "listen: [{ address: 0.0.0.0:8443, certificate: a.pem, private-key: a.key }]\n"
    private static let mutual = "listen: [{ address: 0.0.0.0:8443, certificate: a.pem, private-key: a.key, client-ca: ca.pem }]\n"

    private static func oauth(_ items: String, _ expected: String) -> Refusal {
        Refusal("gateway.yaml", mutual + "oauth: { \(items) }", "2:" + expected)
    }

    @Test(
        "a mistake in oauth is said where it stands",
        arguments: [
            oauth("token-lifetime: 500ms", "26: a token's lifetime is whole seconds, at most 30d"),
            oauth("token-lifetime: 31d", "26: a token's lifetime is whole seconds, at most 30d"),
            oauth("token-lifetime: 0s", "26: must be more than zero"),
            oauth("rotate-every: 5m", "24: rotate-every 5m is less than token-lifetime 10m"),
            oauth("profile: fapi1", "19: 'fapi1' is not one of fapi2 (did you mean 'fapi2'?)"),
            oauth("profile: fapi2, signing: RS256", "35: profile fapi2 forbids RS256"),
            oauth("issuer: https://a", "10: unknown key 'issuer' in oauth"),
            oauth("trust: [{ jwks: k.json, audience: https://a }]", "18: an entry of trust needs 'issuer'"),
            oauth("trust: [{ issuer: https://i, audience: https://a }]", "18: an entry of trust needs 'jwks'"),
            oauth("trust: [{ issuer: https://i, jwks: k.json }]", "18: an entry of trust needs 'audience'"),
            oauth("trust: [{ issuer: http://i, jwks: k, audience: https://a }]", "28: 'http://i' is not an issuer"),
            oauth(
                "trust: [{ issuer: https://localhost:8443, jwks: k, audience: https://a }]",
                "28: 'https://localhost:8443' is this gateway itself"),
            oauth(
                "trust: [{ issuer: https://i, jwks: k, audience: https://a }, { issuer: https://i, jwks: l, audience: https://a }]",
                "17: two entries of trust are for 'https://i'"),
            oauth(
                "trust: [{ issuer: https://i, jwks: k, audience: https://a, clients: { x: acmee } }]",
                "83: no sender is named 'acmee' (did you mean 'acme'?)"),
            oauth("trust: [{ issuer: https://i, jwks: k, audience: https://a, clients: acme }]", "78: clients is a mapping"),
            Refusal(
                "gateway.yaml", listen + "oauth: { profile: fapi2 }",
                "2:19: profile fapi2 binds tokens to client certificates, and no listener asks for one"),
            Refusal(
                "senders/acme.yaml", "profile: fapi2",
                "1:10: profile fapi2 binds tokens to client certificates, and no listener asks for one"),
            Refusal("senders/acme.yaml", "token-authentication: []", "1:23: must not be empty"),
            Refusal("senders/acme.yaml", "token-authentication: [none]", "1:24: 'none' is not one of"),
            Refusal("senders/acme.yaml", "grants: [refresh_token]", "1:10: 'refresh_token' is not one of"),
            Refusal("senders/acme.yaml", "audiences: []", "1:12: must not be empty"),
            Refusal("senders/acme.yaml", "scopes: ['a b']", "1:10: 'a b' is not a scope"),
        ])
    func refused(_ refusal: Refusal) throws { try refusal.check() }

    @Test("fapi2 refuses shared secrets, the token endpoint as an assertion's audience and the password grant")
    func fapi() throws {
        let sender = "profile: fapi2\ntoken-authentication: [client_secret_basic]\nassertion-audience: token-endpoint\ngrants: [password]"
        let errors = try TemporaryPolicy(["gateway.yaml": Self.mutual, "senders/acme.yaml": sender]).errors()
        #expect(errors.count == 3 && errors[0].hasPrefix("senders/acme.yaml:2:23: profile fapi2 forbids shared secrets"), "said: \(errors)")
        #expect(errors[1].hasPrefix("senders/acme.yaml:3:21:") && errors[2].hasPrefix("senders/acme.yaml:4:9:"), "said: \(errors)")
        let policy = try TemporaryPolicy(["gateway.yaml": Self.mutual + "oauth: { profile: fapi2 }"]).load()
        #expect(policy.senders["acme"]?.tokenAuthentication == [.privateKeyJWT, .tlsClientAuth])
        #expect(policy.senders["acme"].map { policy.gateway.profile(of: $0) } == .some(.fapi2))
    }

    @Test("what is not said is a token of ten minutes for the public URL, asked for with a secret")
    func defaults() throws {
        let endpoint = TemporaryPolicy.endpoint.replacing("[{ signature: standard-webhooks }]", with: "[{ oauth: [] }]")
        let policy = try TemporaryPolicy(["endpoints/acme.yaml": endpoint]).load()
        let sender = try #require(policy.senders["acme"])
        #expect(sender.audiences == ["https://localhost:8443"] && sender.grants == [.clientCredentials])
        #expect(
            sender.tokenAuthentication == [.clientSecretBasic, .clientSecretPost] && policy.gateway.oauth.tokenLifetime == .seconds(600))
        #expect(policy.endpoints.first?.authenticate == [.oauth(scopes: [], audience: "https://localhost:8443")])
    }

    @Test("a token is for the endpoint's own URL where it has one")
    func ownAudience() throws {
        let endpoint =
            TemporaryPolicy.endpoint.replacing("[{ signature: standard-webhooks }]", with: "[{ oauth: [a] }]")
            + "\npublic-url: https://hooks.example.com"
        let policy = try TemporaryPolicy([
            "endpoints/acme.yaml": endpoint, "senders/acme.yaml": "scopes: [a]\naudiences: [https://hooks.example.com]",
        ])
        #expect(try policy.load().endpoints.first?.authenticate == [.oauth(scopes: ["a"], audience: "https://hooks.example.com")])
        #expect(try policy.warnings().allSatisfy { !$0.contains("token") })
    }

    @Test(
        "an audience that an item names itself and a trusted issuer's entry does not is a warning, where that issuer speaks for a sender here"
    )
    func secondAudience() throws {
        func warnings(_ item: String, clients: String) throws -> [String] {
            let endpoint = TemporaryPolicy.endpoint.replacing("[{ signature: standard-webhooks }]", with: "[{ oauth: \(item) }]")
            return try TemporaryPolicy([
                "gateway.yaml": Self.listen
                    + "oauth: { trust: [{ issuer: 'https://idp.example', jwks: idp.json, audience: 'https://a.example'\(clients) }] }",
                "idp.json": "{}", "endpoints/acme.yaml": endpoint,
                "senders/acme.yaml": "scopes: [a]\naudiences: [https://localhost:8443, https://b.example]",
            ]).warnings().filter { $0.contains("its aud has both") }
        }
        let mapped = ", clients: { x: acme }"
        let found = try warnings("{ scopes: [a], audience: 'https://b.example' }", clients: mapped)
        #expect(
            found.count == 1 && found.allSatisfy { $0.contains("'https://a.example'") && $0.contains("'https://b.example'") }, "\(found)")
        #expect(try warnings("{ scopes: [a], audience: 'https://a.example' }", clients: mapped) == [])
        #expect(try warnings("[a]", clients: mapped) == [])
        #expect(try warnings("{ scopes: [a], audience: 'https://b.example' }", clients: "") == [])
    }

    @Test("a public URL with a path under which tokens are issued needs a proxy, which is a warning")
    func issuerWithPath() throws {
        func warnings(_ items: String, _ url: String) throws -> [String] {
            let endpoint = TemporaryPolicy.endpoint.replacing("[{ signature: standard-webhooks }]", with: items)
            return try TemporaryPolicy(["gateway.yaml": Self.listen + "public-url: \(url)", "endpoints/acme.yaml": endpoint]).warnings()
                .filter { $0.contains("public-url has the path") }
        }
        #expect(try warnings("[{ oauth: [] }]", "https://a.example/hooks").count == 1)
        #expect(try warnings("[{ oauth: [] }]", "https://a.example") == [])
        #expect(try warnings("[{ signature: standard-webhooks }]", "https://a.example/hooks") == [])
    }

    @Test("a password and a token in one request cannot be, which is a warning")
    func oneAuthorization() throws {
        func warnings(_ items: String) throws -> [String] {
            let endpoint = TemporaryPolicy.endpoint.replacing("[{ signature: standard-webhooks }]", with: items)
            return try TemporaryPolicy(["endpoints/acme.yaml": endpoint]).warnings().filter { $0.contains("Authorization") }
        }
        #expect(try warnings("[basic, { oauth: [] }]").count == 1)
        #expect(try warnings("[{ any: [basic, { oauth: [] }] }]") == [])
    }

    @Test(
        "SEC-33: what is allowed and should be known is a warning: the password grant, tokens that nobody can have, certificates that nobody asks for"
    )
    func warned() throws {
        let endpoint = TemporaryPolicy.endpoint.replacing("[{ signature: standard-webhooks }]", with: "[{ oauth: [a] }]").replacing(
            "[acme]", with: "[acme, other]")
        let policy = try TemporaryPolicy([
            "gateway.yaml": Self.listen + "oauth: { token-lifetime: 2d }",
            "senders/acme.yaml": "grants: [client_credentials, password]\ntoken-authentication: [tls_client_auth]",
            "senders/other.yaml": "scopes: [a]",
            "endpoints/acme.yaml": endpoint,
        ])
        let warnings = try policy.warnings()
        #expect(warnings.contains { $0.hasPrefix("gateway.yaml:2:26: tokens that are valid for more than a day") })
        #expect(warnings.contains { $0.hasPrefix("senders/acme.yaml:1:9: the password grant hands") })
        #expect(warnings.contains { $0.hasPrefix("senders/acme.yaml:2:23: tls_client_auth cannot hold") })
        #expect(
            warnings.contains {
                $0.hasPrefix("endpoints/acme.yaml:3:15: sender 'acme' cannot have a token for this endpoint: it has no scope 'a'")
            })
        try policy.write("senders/other.yaml", Array("scopes: [b]".utf8))
        #expect(
            try policy.warnings().contains {
                $0.hasPrefix("endpoints/acme.yaml:3:15: no token lets anybody in here: none of the senders has the scope 'a'")
            })
    }
}
