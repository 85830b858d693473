import Foundation
import GatehouseAudit
import GatehouseCrypto
import GatehouseOAuth
import GatehouseTesting
import GatehouseTime
import GatehouseToken
import GatehouseVerify
import Testing

@testable import Gatehouse

@Suite("Explaining what the token service decided")
struct TokenExplainTests {
    @Test("every problem has words of its own, and says what to do", arguments: OAuthProblem.allCases)
    func words(_ problem: OAuthProblem) {
        let text = TokenProblemText(problem)
        #expect(!text.fix.isEmpty && text.summary.hasSuffix("."))
        let same = OAuthProblem.allCases.filter { TokenProblemText($0).summary == text.summary }
        #expect(same == [problem], "\(same)")
        // Whoever holds no secret is not told of one, and the other way round.
        let isOfAssertion = problem.rawValue.hasPrefix("assertion-") || [.noKey, .keyRetired].contains(problem)
        #expect(isOfAssertion == text.summary.contains("assertion") || problem == .noAuthentication, "\(text.summary)")
    }

    private struct Case {
        var name: String
        var request: RawRequest
        var cause: String
        var reason: String
        /// Parts of what is said.
        var says: [String]
    }

    /// Senders of every kind, and an assertion of `robot`.
    private struct Bench {
        let client: TokenClient
        let key: PrivateKey
        let login: [String]

        init() async throws {
            client = try await TokenClient(sender: "token-authentication: [client_secret_post, client_secret_basic]")
            key = try PrivateKey.generate(.p256)
            try client.site.sender("robot", "scopes: [events:write]\ntoken-authentication: [private_key_jwt]")
            try client.site.add("robot/key", try key.publicKey.pem())
            try client.site.sender("mute", "token-authentication: [client_secret_basic]")
            try client.site.sender("post", "token-authentication: [client_secret_basic]")
            try client.site.add("post/oauth", "a secret of the sender post")
            try client.site.sender("far", "networks: [203.0.113.0/24]")
            try client.site.add("far/oauth", "a secret of the sender far")
            try client.site.sender("legacy", "grants: [password]\ntoken-authentication: [client_secret_post]")
            try client.site.add("legacy/oauth", "a secret of the sender legacy")
            login = try client.site.add("legacy/basic").split(separator: ":", maxSplits: 1).map(String.init)
        }

        func assertion(
            _ changes: [String: Any?] = [:], header: String = "{\"alg\":\"ES256\"}", key: PrivateKey? = nil, jti: String = UUID().uuidString
        ) throws
            -> RawRequest
        {
            let now = SystemClock().now.seconds
            var claims: [String: Any] = ["iss": "robot", "sub": "robot", "aud": "https://localhost:8443", "exp": now + 60, "jti": jti]
            for (name, value) in changes { claims[name] = value }
            func encoded(_ bytes: [UInt8]) -> String { Base64.encode(bytes, alphabet: .url, padded: false) }
            let signed = encoded(Array(header.utf8)) + "." + encoded(Array(try JSONSerialization.data(withJSONObject: claims)))
            let signature = try Array(signed.utf8).withUnsafeBytes { bytes throws(CryptoError) in
                try (key ?? self.key).sign(.ecdsaP256SHA256Raw, bytes)
            }
            return request(assertion: signed + "." + encoded(signature))
        }

        func request(assertion: String) -> RawRequest {
            TokenClient.form(
                "/oauth/token",
                [
                    "grant_type": "client_credentials", "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                    "client_assertion": assertion,
                ])
        }

        func basic(_ user: String, _ secret: String) -> RawRequest {
            TokenClient.form("/oauth/token", ["grant_type": "client_credentials"]).with("Authorization", TokenClient.basic(user, secret))
        }

        func post(_ user: String, _ secret: String) -> RawRequest {
            TokenClient.form("/oauth/token", ["grant_type": "client_credentials", "client_id": user, "client_secret": secret])
        }

        func asked(_ path: String, _ token: String) -> RawRequest {
            TokenClient.form(path, ["token": token]).with("Authorization", TokenClient.basic("acme", client.secret))
        }
    }

    @Test("a refusal's reference leads to what happened and what to do about it, case by case")
    func table() async throws {
        let bench = try await Bench()
        let client = bench.client
        let now = SystemClock().now.seconds
        let used = try bench.assertion(jti: "once")
        let password: KeyValuePairs = [
            "grant_type": "password", "client_id": "legacy", "client_secret": "a secret of the sender legacy", "username": bench.login[0],
            "password": "not the password at all",
        ]
        let cases = [
            Case(
                name: "method", request: client.tokenRequest().changed { $0.method = "GET" }, cause: "method", reason: "method",
                says: ["no POST"]),
            Case(
                name: "JSON", request: client.tokenRequest().replacing("Content-Type", "application/json"), cause: "media-type",
                reason: "media-type",
                says: ["x-www-form-urlencoded"]),
            Case(
                name: "query", request: client.tokenRequest().changed { $0.target += "?a=b" }, cause: "query", reason: "malformed",
                says: ["URL has a query"]),
            Case(
                name: "twice", request: client.tokenRequest().changed { $0.body += Array("&scope=a&scope=b".utf8) }, cause: "form",
                reason: "malformed",
                says: ["a parameter twice", "`scope` comes more than once"]),
            Case(
                name: "a line break",
                request: TokenClient.form("/oauth/introspect", ["token": "abc\n"]).with(
                    "Authorization", TokenClient.basic("acme", client.secret)),
                cause: "form", reason: "malformed", says: ["`token` has a control character at its end", "line break"]),
            Case(
                name: "two methods",
                request: bench.post("acme", client.secret).with("Authorization", TokenClient.basic("acme", client.secret)),
                cause: "client-authentication", reason: "malformed", says: ["two ways at once"]),
            Case(
                name: "no grant", request: client.tokenRequest(["scope": "events:read"]), cause: "grant-missing", reason: "malformed",
                says: ["no grant_type"]),
            Case(
                name: "nothing", request: TokenClient.form("/oauth/token", ["grant_type": "client_credentials"]),
                cause: "no-authentication",
                reason: "credential-missing", says: ["nothing that proves a client"]),
            Case(
                name: "unknown client", request: bench.basic("nobody", "a secret of nobody"), cause: "client-unknown",
                reason: "credential-unknown",
                says: ["No sender has the name", "senders/NAME.yaml"]),
            Case(
                name: "key client with a secret", request: bench.post("robot", "a secret of the robot"), cause: "no-secret",
                reason: "credential-unknown",
                says: ["robot has none", "`token-authentication` of robot is private_key_jwt", "list client_secret_basic"]),
            Case(
                name: "no secret", request: bench.basic("mute", "a secret of the mute"), cause: "no-secret", reason: "credential-unknown",
                says: ["secret add mute/oauth"]),
            Case(
                name: "wrong secret", request: client.tokenRequest(secret: "not the secret of acme"), cause: "secret-wrong",
                reason: "credential-mismatch",
                says: ["secret rotate acme/oauth", "invalid_client"]),
            Case(
                name: "method not listed", request: bench.post("post", "a secret of the sender post"), cause: "method-unlisted",
                reason: "credential-mismatch",
                says: ["does not list this method", "`token-authentication` of post is client_secret_basic", "senders/post.yaml"]),
            Case(
                name: "network", request: bench.basic("far", "a secret of the sender far"), cause: "network", reason: "network",
                says: ["`networks` of far is 203.0.113.0/24"]),
            Case(
                name: "garbage assertion", request: bench.request(assertion: "garbage"), cause: "assertion-malformed",
                reason: "token-malformed",
                says: ["three parts", "private_key_jwt"]),
            Case(
                name: "HS256", request: try bench.assertion(header: "{\"alg\":\"HS256\"}"), cause: "assertion-algorithm",
                reason: "token-signature",
                says: ["`alg` is HS256", "robot/key"]),
            Case(
                name: "none", request: try bench.assertion(header: "{\"alg\":\"none\"}"), cause: "assertion-algorithm",
                reason: "token-signature", says: ["`alg` is none"]),
            Case(
                name: "another family", request: try bench.assertion(header: "{\"alg\":\"EdDSA\"}"), cause: "assertion-key",
                reason: "token-signature",
                says: ["is for its `alg`", "secret rotate robot/key"]),
            Case(
                name: "another key", request: try bench.assertion(key: try PrivateKey.generate(.p256)), cause: "assertion-signature",
                reason: "token-signature",
                says: ["None of the sender's keys"]),
            Case(
                name: "another issuer", request: try bench.assertion(["iss": "acme"]), cause: "assertion-party",
                reason: "credential-mismatch",
                says: ["`iss` is another than the client"]),
            Case(
                name: "bad audience", request: try bench.assertion(["aud": "https://localhost:8443/oauth/token"]),
                cause: "assertion-audience",
                reason: "token-audience", says: ["`aud` is not https://localhost:8443", "assertion-audience: token-endpoint"]),
            Case(
                name: "expired", request: try bench.assertion(["exp": now - 5]), cause: "assertion-expired", reason: "token-expired",
                says: ["had expired"]),
            Case(
                name: "from the future", request: try bench.assertion(["iat": now + 120, "exp": now + 180]), cause: "assertion-ahead",
                reason: "token-not-yet",
                says: ["`iat` lies in the future"]),
            Case(
                name: "too long", request: try bench.assertion(["exp": now + 86_400]), cause: "assertion-lifetime", reason: "token-not-yet",
                says: ["`assertion-lifetime`"]),
            Case(
                name: "fraction", request: try bench.assertion(["exp": Double(now) + 60.5]), cause: "assertion-malformed",
                reason: "token-malformed",
                says: ["`exp` is \(now + 60).5", "whole seconds since 1970"]),
            Case(
                name: "no jti", request: try bench.assertion(["jti": NSNull()]), cause: "assertion-malformed", reason: "token-malformed",
                says: ["`jti` is null"]),
            Case(name: "used", request: used, cause: "assertion-used", reason: "duplicate", says: ["used before"]),
            Case(
                name: "unknown grant", request: client.tokenRequest(["grant_type": "authorization_code"]), cause: "grant-unknown",
                reason: "malformed",
                says: ["not served here", "unsupported_grant_type"]),
            Case(
                name: "wrong grant", request: client.tokenRequest(["grant_type": "password", "username": "a", "password": "b"]),
                cause: "grant-unlisted",
                reason: "token-scope", says: ["`grants` of acme is client_credentials", "unauthorized_client"]),
            Case(
                name: "scope", request: client.tokenRequest(["grant_type": "client_credentials", "scope": "admin"]), cause: "scope",
                reason: "token-scope",
                says: ["`scopes` of acme is events:read, events:write", "invalid_scope", "\"admin\""]),
            Case(
                name: "target",
                request: client.tokenRequest(["grant_type": "client_credentials", "resource": "https://elsewhere.example"]),
                cause: "target",
                reason: "token-audience",
                says: ["`audiences` of acme is https://localhost:8443", "invalid_target", "\"https://elsewhere.example\""]),
            Case(
                name: "password", request: TokenClient.form("/oauth/token", password), cause: "password-wrong",
                reason: "credential-mismatch",
                says: ["legacy/basic", "own secret was right"]),
            Case(
                name: "garbage introspected", request: bench.asked("/oauth/introspect", "garbage"), cause: "token-malformed",
                reason: "token-malformed",
                says: ["asked about a token", "no access token", "three parts"]),
            Case(
                name: "unknown revoked", request: bench.asked("/oauth/revoke", String(repeating: "A", count: 43)), cause: "token-signature",
                reason: "token-signature",
                says: ["nothing to revoke", "no such opaque token"]),
        ]
        try await serving(client.site) { gateway in
            #expect(try await gateway.send(used).status == 200)
            let commands = try ExplainCommands(policies: client.site.policies)
            for item in cases {
                let answer = try await gateway.send(item.request)
                let reference = try #require(answer.reference.flatMap { Reference($0) })
                let found = try commands.explain(reference)
                let explanation = try #require(found, "\(item.name)")
                let cause = try #require(explanation.causes.first, "\(item.name)")
                #expect(
                    cause.cause == item.cause && explanation.reason == item.reason && explanation.isExplained,
                    "\(item.name): \(explanation)")
                let text = [cause.summary, cause.evidence, cause.fix].joined(separator: " ")
                for part in item.says { #expect(text.contains(part), "\(item.name): \(text)") }
                #expect(!text.contains("SENDER") || explanation.sender == nil, "\(item.name): \(text)")
                #expect(explanation.endpoint?.hasPrefix("oauth/") == true)
            }
        }
    }

    @Test("SEC-42: a token that came twice is recorded and explained as that")
    func misused() async throws {
        let client = try await TokenClient()
        try await serving(client.site) { gateway in
            let good = try await client.token(gateway)
            let commands = try ExplainCommands(policies: client.site.policies)
            for request in [
                client.event("evt_1", token: good).with("Authorization", "Bearer \(good)"),
                client.event("evt_1", token: good).changed { $0.target += "?access_token=\(good)" },
            ] {
                let answer = try await gateway.send(request)
                #expect(answer.status == 400)
                let explained = try commands.explain(try #require(answer.reference.flatMap { Reference($0) }))
                let cause = try #require(explained?.causes.first)
                #expect(cause.cause == "token-misused" && cause.fix.contains("one Authorization field"), "\(cause)")
                #expect(!(cause.summary + cause.evidence).contains(good))
            }
        }
    }

    @Test("an event's refusal for its token says what is wrong with the token")
    func events() async throws {
        let client = try await TokenClient()
        try client.site.sender("globex", "scopes: [events:write]")
        try client.site.add("globex/oauth")
        try await serving(client.site) { gateway in
            let good = try await client.token(gateway)
            let foreign = try TokenCommands(policies: client.site.policies).issue("globex", scopes: [], audience: nil).token
            let commands = try ExplainCommands(policies: client.site.policies)
            for (token, cause, says) in [
                (nil, "token-missing", "/oauth/token"), ("garbage", "token-malformed", "three parts"),
                (foreign, "token-of-another", "issued to globex"),
                (String(good.dropLast(3)) + "AAA", "token-signature", "another key"),
            ] {
                let request = client.event("evt_1", token: token)
                let answer = try await gateway.send(request)
                let explained = try commands.explain(try #require(answer.reference.flatMap { Reference($0) }))
                let recorded = try #require(explained?.causes.first)
                let tried = try #require(try commands.explain(endpoint: "acme", request: request.bytes, at: nil).causes.first)
                for found in [recorded, tried] {
                    #expect(found.cause == cause && (found.summary + found.evidence + found.fix).contains(says), "\(found)")
                    #expect(!(found.summary + found.fix).contains("Basic"))
                }
            }
        }
    }
    @Test("what ended a token is told: its client, the credential by its name, or that its sender is gone")
    func ended() async throws {
        let client = try await TokenClient(sender: "token-authentication: [client_secret_basic, private_key_jwt]")
        let key = try PrivateKey.generate(.p256)
        try client.site.sender("robot", "scopes: [events:write]\ntoken-authentication: [private_key_jwt]")
        try client.site.add("robot/key", try key.publicKey.pem())
        try client.site.endpoint(
            "acme", to: client.handler.url(), senders: "[acme, robot]", authenticate: "[{ oauth: ['events:write'] }]",
            "event: { id: json:id, type: json:type }")
        try await serving(client.site) { gateway in
            let commands = try ExplainCommands(policies: client.site.policies)
            func cause(_ token: String) async throws -> Explanation.Cause {
                let answer = try await gateway.send(client.event("evt_1", token: token))
                let reference = try #require(answer.reference.flatMap { Reference($0) })
                return try #require(try commands.explain(reference)?.causes.first)
            }
            let taken = try await client.token(gateway)
            let robot = try TokenCommands(policies: client.site.policies).issue("robot", scopes: [], audience: nil).token
            _ = try await gateway.send(
                TokenClient.form("/oauth/revoke", ["token": taken]).with("Authorization", TokenClient.basic("acme", client.secret)))
            let revoked = try await cause(taken)
            #expect(revoked.cause == "token-revoked" && revoked.summary.contains("by its client"), "\(revoked)")
            _ = try SecretCommands(policies: client.site.policies).revoke(CredentialName(sender: "robot", kind: .key), version: nil)
            let ended = try await cause(robot)
            #expect(
                ended.summary.contains("credential") && ended.fix.contains("gatehouse secret status robot/key")
                    && ended.evidence.contains("version 1 of robot/key"), "\(ended)")
            let orphan = try await client.token(gateway)
            try client.site.endpoint(
                "acme", to: client.handler.url(), senders: "[robot]", authenticate: "[{ oauth: ['events:write'] }]",
                "event: { id: json:id, type: json:type }")
            try FileManager.default.removeItem(atPath: client.site.folder("policies/senders/acme.yaml"))
            gateway.reload()
            #expect(
                await eventually {
                    guard let gone = try? await cause(orphan) else { return false }
                    return gone.cause == "token-sender-removed" && gone.fix.contains("senders/acme.yaml")
                })
        }
    }

    @Test("a token that is bound to nothing is not said to be bound")
    func unbound() throws {
        let checks = [DecisionRecord.Check(check: "oauth", client: "bank", result: "binding")]
        let found = BearerCauses.refused(.tokenBinding, TokenFlaw.unbound.description, checks, "")
        #expect(found?.cause == "token-unbound" && found?.summary.contains("bound to no client certificate") == true)
        #expect(BearerCauses.refused(.tokenBinding, TokenFlaw.certificateMissing.description, checks, "") == nil)
        let weak = BearerCauses.refused(.tokenSignature, TokenFlaw.forbiddenAlgorithm("RS256").description, checks, "")
        #expect(weak?.cause == "token-algorithm" && weak?.fix.contains("PS256") == true)
        #expect(BearerCauses.refused(.tokenSignature, TokenFlaw.signature.description, checks, "") == nil)
    }
}
