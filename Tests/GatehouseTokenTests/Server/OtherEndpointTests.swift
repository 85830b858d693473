import GatehouseCrypto
import GatehousePolicy
import GatehouseTime
import GatehouseVerify
import Synchronization
import Testing

@testable import GatehouseOAuth
@testable import GatehouseToken

@Suite("Certificates, metadata, introspection and revocation")
struct OtherEndpointTests {
    static let grant = "grant_type=client_credentials"
    static let acme = [TestServer.basic("acme", TestServer.secret)]

    @Test("SEC-38: a certificate proves the sender that registered its subject or key, and its token is bound to it")
    func certificates() throws {
        let server = try TestServer()
        let decision = try server.decide("\(Self.grant)&client_id=certs", certificate: TestServer.certificate)
        #expect(decision.answer.status == 200)
        #expect(decision.authentication == "tls_client_auth")
        guard case .valid(let token) = try server.verdict(decision.accessToken, certificate: TestServer.certificate.sha256) else {
            Issue.record("the token was refused")
            return
        }
        #expect(token.certificate == TestServer.certificate.sha256)
        guard case .refused(.binding, _) = try server.verdict(decision.accessToken) else {
            Issue.record("a bound token was accepted without its certificate")
            return
        }
        let refused: [(String, ClientCertificate?, String)] = [
            ("certs", nil, "certificate-missing"), ("certs", TestServer.otherCertificate, "certificate-mismatch"),
            ("acme", TestServer.certificate, "credential-unknown"), ("nobody", TestServer.certificate, "credential-unknown"),
        ]
        for (client, certificate, reason) in refused {
            let decision = try server.decide("\(Self.grant)&client_id=\(client)", certificate: certificate)
            #expect(decision.code == "invalid_client")
            #expect(decision.reason == reason)
            if client == "acme" { #expect(decision.problem == .noCertificate) }
            // What came is on record, to be compared.
            if reason == "certificate-mismatch" {
                #expect(decision.detail?.contains("CN=other") == true && decision.detail?.contains("sha256//") == true)
            }
        }
    }

    @Test("SEC-39: metadata has the configured issuer, and lists what some sender can do and no more")
    func metadata() throws {
        let server = try TestServer()
        let metadata = try #require(StrictJSON(server.server.metadata)?.members)
        #expect(metadata["issuer"] == .string(TestServer.issuer))
        #expect(metadata["token_endpoint"] == .string(TestServer.issuer + "/oauth/token"))
        let methods = metadata["token_endpoint_auth_methods_supported"]?.texts ?? []
        #expect(Set(methods) == ["client_secret_basic", "client_secret_post", "private_key_jwt", "tls_client_auth"])
        #expect(metadata["introspection_endpoint_auth_methods_supported"] == metadata["revocation_endpoint_auth_methods_supported"])
        #expect(metadata["grant_types_supported"] == .array([.string("client_credentials"), .string("password")]))
        #expect(metadata["tls_client_certificate_bound_access_tokens"] == .bool(true))
        #expect(metadata["response_types_supported"] == .array([]))
        #expect(metadata.values.allSatisfy { !($0.elements?.contains(.string("none")) ?? false) })
        server.policy.senders = server.policy.senders.filter { $0.key == "basic-only" }
        try server.reload()
        let fewer = try #require(StrictJSON(server.server.metadata)?.members)
        #expect(fewer["token_endpoint_auth_methods_supported"] == .array([.string("client_secret_basic")]))
        #expect(fewer["token_endpoint_auth_signing_alg_values_supported"] == nil)
        #expect(fewer["tls_client_certificate_bound_access_tokens"] == nil)
        #expect(fewer["grant_types_supported"] == .array([.string("client_credentials")]))
    }

    @Test("SEC-39: the issuer of metadata is the iss of tokens")
    func issuer() throws {
        let server = try TestServer()
        guard case .valid(let token) = try server.verdict(try server.acmeToken()) else {
            Issue.record("the token was refused")
            return
        }
        #expect(token.issuer == TestServer.issuer)
    }

    @Test("SEC-41: a client learns everything about its own token", arguments: GatewayPolicy.OAuth.TokenFormat.allCases)
    func introspection(_ format: GatewayPolicy.OAuth.TokenFormat) throws {
        let server = try TestServer(format: format)
        let token = try server.acmeToken()
        let decision = try server.decide("token=\(token)&token_type_hint=refresh_token", to: .introspect, authorization: Self.acme)
        #expect(decision.event == .introspected)
        let json = decision.json
        #expect(json["active"] == .bool(true))
        #expect(json["client_id"] == .string("acme"))
        #expect(json["sub"] == .string("acme"))
        #expect(json["iss"] == .string(TestServer.issuer))
        #expect(json["exp"] == .number("1790000600"))
        #expect(json["jti"]?.text == decision.token)
        #expect(json["scope"] == .string("events:write events:read"))
    }

    @Test("a client learns what its token carries under the present policy", arguments: GatewayPolicy.OAuth.TokenFormat.allCases)
    func narrowed(_ format: GatewayPolicy.OAuth.TokenFormat) throws {
        let server = try TestServer(format: format)
        let token = try server.acmeToken()
        func ask() throws -> OAuthDecision { try server.decide("token=\(token)", to: .introspect, authorization: Self.acme) }
        #expect(try ask().json["scope"] == .string("events:write events:read"))
        server.policy.senders["acme"]?.scopes = ["events:read"]
        server.policy.senders["acme"]?.audiences = [TestServer.issuer]
        try server.reload()
        #expect(try ask().json["scope"] == .string("events:read") && ask().json["aud"] == .string(TestServer.issuer))
        server.policy.senders["acme"]?.audiences = ["https://hooks.example/elsewhere"]
        try server.reload()
        let decision = try ask()
        #expect(decision.json == ["active": .bool(false)] && decision.reason == "token-audience" && decision.detail != nil)
    }

    @Test(
        "a token that no endpoint takes since its sender is held to fapi2 is not active, and its client can still revoke it",
        arguments: GatewayPolicy.OAuth.TokenFormat.allCases)
    func unbound(_ format: GatewayPolicy.OAuth.TokenFormat) throws {
        let server = try TestServer(format: format)
        let form = "grant_type=client_credentials&client_id=certs"
        let bound = try server.decide(form, certificate: TestServer.certificate).accessToken
        let token = try server.decide(TestServer.form(assertion: try TestServer.assertion("keys"))).accessToken
        func ask(_ token: String, _ client: String, _ to: TestServer.Endpoint = .introspect, id: String = "") throws -> OAuthDecision {
            guard client == "keys" else {
                return try server.decide("token=\(token)&client_id=\(client)", to: to, certificate: TestServer.certificate)
            }
            let proof = TestServer.form(assertion: try TestServer.assertion("keys", id: id)).replacing(Self.grant, with: "token=\(token)")
            return try server.decide(proof, to: to)
        }
        #expect(try ask(token, "keys", id: "1").json["active"] == .bool(true))
        for sender in ["certs", "keys"] { server.policy.senders[sender]?.profile = .fapi2 }
        try server.reload()
        let decision = try ask(token, "keys", id: "2")
        #expect(decision.json == ["active": .bool(false)] && decision.reason == "token-binding")
        #expect(decision.detail == TokenFlaw.unbound.description)
        #expect(try ask(bound, "certs").json["active"] == .bool(true))
        let revoked = try ask(token, "keys", .revoke, id: "3")
        #expect(revoked.reason == "ok" && revoked.token != nil)
    }

    @Test("the record of a token that was asked about tells its own revocation from its credential's")
    func whatEndedIt() throws {
        let server = try TestServer()
        let (taken, other) = (try server.acmeToken(), try server.acmeToken())
        _ = try server.decide("token=\(taken)", to: .revoke, authorization: Self.acme)
        func ask(_ token: String) throws -> OAuthDecision {
            try server.decide(
                "token=\(token)&client_id=basic-only", to: .introspect, authorization: [TestServer.basic("basic-only", TestServer.secret)])
        }
        #expect(try ask(taken).detail == "it was revoked by its client, at /oauth/revoke")
        let name = CredentialName(sender: "acme", kind: .oauth)
        server.credentials = CredentialSet(server.credentials.versions.filter { $0.key != name })
        try server.reload()
        #expect(try ask(other).detail == "what it was issued for was revoked: version 3 of acme/oauth")
    }

    @Test(
        "SEC-41: of everything else it learns that it is not active, and nothing more", arguments: GatewayPolicy.OAuth.TokenFormat.allCases)
    func inactive(_ format: GatewayPolicy.OAuth.TokenFormat) throws {
        let server = try TestServer(format: format)
        let foreign = try server.acmeToken()
        let given = "client_id=basic-only&token="
        let basicOnly = [TestServer.basic("basic-only", TestServer.secret)]
        for token in [foreign, "x", String(repeating: "a", count: 43), "a.b.c", String(repeating: ".", count: 2000), TestServer.secret] {
            let decision = try server.decide(given + token, to: .introspect, authorization: basicOnly)
            #expect(decision.answer.body == Array("{\"active\":false}".utf8))
            #expect(decision.token == nil)
        }
        let expired = try server.decide("token=\(foreign)", to: .introspect, authorization: Self.acme, at: .now + .seconds(600))
        #expect(expired.answer.body == Array("{\"active\":false}".utf8))
    }

    @Test("SEC-41: introspection and revocation need client authentication and a token")
    func authentication() throws {
        let server = try TestServer()
        let token = try server.acmeToken()
        for endpoint in [TestServer.Endpoint.introspect, .revoke] {
            #expect(try server.decide("token=\(token)", to: endpoint).answer.status == 401)
            #expect(
                try server.decide("token=\(token)", to: endpoint, authorization: [TestServer.basic("acme", "wrong-wrong-wrong")]).code
                    == "invalid_client")
            #expect(try server.decide("token=\(token)", to: endpoint, authorization: ["Bearer \(token)"]).code == "invalid_client")
            #expect(try server.decide("", to: endpoint, authorization: Self.acme).code == "invalid_request")
            #expect(try server.decide("token=", to: endpoint, authorization: Self.acme).code == "invalid_request")
        }
    }

    @Test("SEC-41: a client revokes its own token, at once", arguments: GatewayPolicy.OAuth.TokenFormat.allCases)
    func revocation(_ format: GatewayPolicy.OAuth.TokenFormat) throws {
        let server = try TestServer(format: format)
        let token = try server.acmeToken()
        let other = try server.acmeToken()
        let decision = try server.decide("token=\(token)&token_type_hint=access_token", to: .revoke, authorization: Self.acme)
        #expect(decision.answer.status == 200)
        #expect(decision.answer.body.isEmpty)
        #expect(decision.event == .revoked)
        #expect(decision.reason == "ok")
        guard case .refused(.revoked, _) = try server.verdict(token), case .valid = try server.verdict(other) else {
            Issue.record("the wrong token was revoked")
            return
        }
        let asked = try server.decide("token=\(token)", to: .introspect, authorization: Self.acme)
        #expect(asked.json == ["active": .bool(false)])
        #expect(try server.decide("token=\(token)", to: .revoke, authorization: Self.acme).answer.status == 200)
    }

    @Test("SEC-41: another client's token is not revoked, and an unknown one gives 200")
    func foreignRevocation() throws {
        let server = try TestServer()
        let token = try server.acmeToken()
        let basicOnly = [TestServer.basic("basic-only", TestServer.secret)]
        for text in [token, "unknown", "a.b.c"] {
            let decision = try server.decide("token=\(text)", to: .revoke, authorization: basicOnly)
            #expect(decision.answer.status == 200)
            #expect(decision.effects.isEmpty)
            #expect(decision.token == nil)
        }
        guard case .valid = try server.verdict(token) else {
            Issue.record("another client's token was revoked")
            return
        }
    }

    @Test("SEC-50: where revocations are not known, introspection says 503, and a revocation that cannot be stored too")
    func unavailable() throws {
        let server = try TestServer()
        let token = try server.acmeToken()
        server.memory.contents.withLock { $0.isBlind = true }
        #expect(try server.decide("token=\(token)", to: .introspect, authorization: Self.acme).answer.status == 503)
        server.memory.contents.withLock {
            $0.isBlind = false
            $0.isFull = true
        }
        #expect(try server.decide("token=\(token)", to: .revoke, authorization: Self.acme).answer.status == 503)
    }
}
