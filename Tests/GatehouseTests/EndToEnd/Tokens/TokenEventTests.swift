import Foundation
import Gatehouse
import GatehouseAudit
import GatehouseCrypto
import GatehouseTesting
import GatehouseTime
import GatehouseVerify
import Testing

@Suite("Events with an access token on the wire")
struct TokenEventTests {
    private static func challenges(_ answer: RawAnswer) -> [String] { answer.values("www-authenticate") }

    @Test("an event with a token reaches the handler once, with the client in Gatehouse-Checks and without the token")
    func accepted() async throws {
        let client = try await TokenClient()
        try await serving(client.site) { gateway in
            let token = try await client.token(gateway)
            let first = try await gateway.send(client.event("evt_1", token: token))
            let record = try expect(first, 200, "accepted", "ok", at: client.site)
            #expect(record?.checks?.first?.check == "oauth" && record?.checks?.first?.result == "ok" && record?.sender == "acme")
            // By its id, never by its value: which events came with a token that was stolen.
            let id = try TokenClient.claims(token)["jti"] as? String
            #expect(id != nil && record?.checks?.first?.token == id)
            // The same event with another token of the same sender is a duplicate.
            let again = try await gateway.send(client.event("evt_1", token: try await client.token(gateway)))
            try expect(again, 200, "duplicate", "duplicate", at: client.site)
            #expect(again.text == first.text)
            let handed = try #require(client.handler.requests.first)
            #expect(
                client.handler.count == 1 && handed["gatehouse-checks"] == "oauth;client=\"acme\"" && handed["gatehouse-sender"] == "acme")
            #expect(!handed.has("authorization"))
        }
    }

    @Test("SEC-42, SEC-49, SEC-27: what a refusal says depends on nothing but whether a token was sent, or a scope is all that is missing")
    func challenges() async throws {
        let client = try await TokenClient()
        try client.site.sender("globex", "scopes: [events:write]")
        try client.site.add("globex/oauth")
        try await serving(client.site) { gateway in
            let none = try await gateway.send(client.event("evt_1", token: nil))
            try expectRefusal(none, 401, "credential-missing", at: client.site)
            #expect(Self.challenges(none) == ["Bearer realm=\"acme\""])

            let good = try await client.token(gateway)
            let foreign = try TokenCommands(policies: client.site.policies).issue("globex", scopes: [], audience: nil).token
            for (token, reason) in [
                ("x", "token-malformed"), ("a.b.c", "token-malformed"), (String(good.dropLast(3)) + "AAA", "token-signature"),
                (foreign, "credential-mismatch"),
            ] {
                let answer = try await gateway.send(client.event("evt_1", token: token))
                try expectRefusal(answer, 401, reason, at: client.site)
                #expect(Self.challenges(answer) == ["Bearer realm=\"acme\", error=\"invalid_token\""])
            }

            let narrow = try await client.token(gateway, ["grant_type": "client_credentials", "scope": "events:read"])
            let scope = try await gateway.send(client.event("evt_1", token: narrow))
            let record = try expectRefusal(scope, 403, "token-scope", at: client.site)
            #expect(
                record?.sender == "acme"
                    && Self.challenges(scope) == ["Bearer realm=\"acme\", error=\"insufficient_scope\", scope=\"events:write\""])

            let twice = client.event("evt_1", token: good).with("Authorization", "Bearer \(good)")
            let elsewhere = ["access_token", "access%5Ftoken", "x=1&%61ccess_token"].flatMap { name in
                [
                    client.event("evt_1", token: good).changed { $0.target += "?\(name)=\(good)" },
                    client.event("evt_1", token: good).replacing("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
                        .changed { $0.body = Array("\(name)=\(good)".utf8) },
                ]
            }
            for request in [twice] + elsewhere {
                let answer = try await gateway.send(request)
                try expectRefusal(answer, 400, "malformed", at: client.site)
                #expect(Self.challenges(answer) == ["Bearer realm=\"acme\", error=\"invalid_request\""])
            }
            #expect(client.handler.count == 0)
        }
    }

    @Test("SEC-49: beside a signature a missing scope is told only to whoever signed")
    func signatureBeside() async throws {
        let client = try await TokenClient(authenticate: "[{ signature: standard-webhooks }, { oauth: ['events:write'] }]", event: "")
        try client.site.add("acme/signing", client.site.secret)
        let signer = try client.site.acmeSender()
        try await serving(client.site) { gateway in
            let narrow = try await client.token(gateway, ["grant_type": "client_credentials", "scope": "events:read"])
            let signed = try signer.request(id: "msg_1", "{}").with("Authorization", "Bearer \(narrow)")
            try expectRefusal(try await gateway.send(signed), 403, "token-scope", at: client.site)
            let forged = signed.changed { $0.body = Array("{ }".utf8) }
            try expectRefusal(try await gateway.send(forged), 401, "signature-mismatch", at: client.site)
            let both = try signer.request(id: "msg_2", "{}").with("Authorization", "Bearer \(try await client.token(gateway))")
            try expect(try await gateway.send(both), 200, "accepted", "ok", at: client.site)
            #expect(
                client.handler.requests.first?["gatehouse-checks"]
                    == "signature;scheme=\"standard-webhooks\";version=1, oauth;client=\"acme\"")
        }
    }

    @Test("SEC-50: revoking a client secret ends its tokens within a second, retiring it does not")
    func revokedSecret() async throws {
        let client = try await TokenClient()
        let commands = try SecretCommands(policies: client.site.policies)
        let name = CredentialName(sender: "acme", kind: .oauth)
        try await serving(client.site) { gateway in
            let old = try await client.token(gateway)
            let fresh = try #require(try commands.rotate(name, value: nil, overlap: .seconds(3_600)).secret)
            // The overlap holds at the token endpoint.
            #expect(try await gateway.send(client.tokenRequest()).status == 200)
            let new = try TokenClient.token(try await gateway.send(client.tokenRequest(secret: fresh)))
            _ = try commands.retire(name, version: 1, force: true)
            try expectOAuthError(try await gateway.send(client.tokenRequest()), 401, "invalid_client", at: client.site)
            try expect(try await gateway.send(client.event("evt_1", token: old)), 200, "accepted", "ok", at: client.site)
            _ = try commands.revoke(name, version: 1)
            try expectRefusal(try await gateway.send(client.event("evt_2", token: old)), 401, "token-revoked", at: client.site)
            try expect(try await gateway.send(client.event("evt_3", token: new)), 200, "accepted", "ok", at: client.site)
            _ = try commands.revoke(name, version: nil)
            try expectRefusal(try await gateway.send(client.event("evt_4", token: new)), 401, "token-revoked", at: client.site)
            let versions = try #require(try commands.status(name).first?.versions)
            #expect(versions.map(\.uses).reduce(0, +) == 3)
        }
    }

    @Test("an endpoint that names its own audience asks it of a pinned issuer's tokens too")
    func trustedAudience() async throws {
        let (client, key) = try await Self.trusting(
            authenticate: "[{ oauth: { scopes: ['events:write'], audience: 'https://other.example' } }]")
        try await serving(client.site) { gateway in
            func token(_ audience: Any) throws -> String {
                try Self.jwt(key, ["iss": "https://idp.example", "aud": audience, "client_id": "outside-1", "scope": "events:write"])
            }
            for (audience, says) in [
                ("https://localhost:8443", "`aud` does not have https://other.example"),
                ("https://other.example", "`aud` does not have https://localhost:8443"),
            ] {
                let answer = try await gateway.send(client.event("evt_1", token: try token(audience)))
                let record = try expectRefusal(answer, 401, "token-audience", at: client.site)
                #expect(record?.detail == says)
            }
            let both = try token(["https://localhost:8443", "https://other.example"])
            try expect(try await gateway.send(client.event("evt_1", token: both)), 200, "accepted", "ok", at: client.site)
        }
    }

    @Test("a scope that the sender's file has no longer is no longer in its live tokens")
    func withdrawnScope() async throws {
        let client = try await TokenClient()
        try await serving(client.site) { gateway in
            let token = try await client.token(gateway)
            #expect(try await gateway.send(client.event("evt_1", token: token)).status == 200)
            try client.site.sender("acme", "scopes: [events:read]")
            gateway.reload()
            #expect(await eventually { (try? await gateway.send(client.event("evt_2", token: token)).status) == 403 })
            let record = try expectRefusal(
                try await gateway.send(client.event("evt_2", token: token)), 403, "token-scope", at: client.site)
            #expect(record?.detail == "it was issued with the scope events:write, which is no longer among its sender's `scopes`")
        }
    }

    @Test(
        "tokens of a pinned issuer count for the sender that its client is, as the file has its keys: a change is taken over while the gateway runs"
    )
    func trusted() async throws {
        let (client, key) = try await Self.trusting()
        try await serving(client.site) { gateway in
            let good = try Self.jwt(
                key, ["iss": "https://idp.example", "aud": "https://localhost:8443", "client_id": "outside-1", "scope": "events:write"])
            try expect(try await gateway.send(client.event("evt_1", token: good)), 200, "accepted", "ok", at: client.site)
            for (claims, reason) in [
                (
                    ["iss": "https://idp.example", "aud": "https://localhost:8443", "client_id": "acme", "scope": "events:write"],
                    "credential-unknown"
                ),
                (
                    ["iss": "https://idp.example", "aud": "https://elsewhere", "client_id": "outside-1", "scope": "events:write"],
                    "token-audience"
                ),
                (
                    ["iss": "https://localhost:8443", "aud": "https://localhost:8443", "client_id": "acme", "scope": "events:write"],
                    "token-signature"
                ),
                (
                    ["iss": "https://other.example", "aud": "https://localhost:8443", "client_id": "outside-1", "scope": "events:write"],
                    "token-signature"
                ),
            ] {
                try expectRefusal(
                    try await gateway.send(client.event("evt_2", token: try Self.jwt(key, claims))), 401, reason, at: client.site)
            }
            // The file changes: nobody asks for a reload, and without a restart the old key counts for nothing and the new one does.
            let fresh = try PrivateKey.generate(.p256)
            try client.site.folder.write("policies/idp.json", try Self.keySet(fresh))
            let isRefused = await eventually { (try? await gateway.send(client.event("evt_3", token: good)).status) == 401 }
            #expect(isRefused)
            try expectRefusal(try await gateway.send(client.event("evt_3", token: good)), 401, "token-signature", at: client.site)
            let next = try Self.jwt(
                fresh, ["iss": "https://idp.example", "aud": "https://localhost:8443", "client_id": "outside-1", "scope": "events:write"])
            try expect(try await gateway.send(client.event("evt_5", token: next)), 200, "accepted", "ok", at: client.site)
            // A file that cannot be used changes nothing.
            try client.site.folder.write("policies/idp.json", "{\"keys\":[]}")
            let isSaid = await eventually {
                let files = (try? client.site.folder.names(in: "var/audit")) ?? []
                return files.contains { (try? client.site.folder.read("var/audit/\($0)").firstRange(of: Array("idp.json".utf8))) != nil }
            }
            #expect(isSaid)
            try expect(try await gateway.send(client.event("evt_4", token: next)), 200, "accepted", "ok", at: client.site)
        }
    }

    @Test("a genuine token of a client that nobody mapped is on record with its id and client, and explained and inspected with them")
    func unmapped() async throws {
        let (client, key) = try await Self.trusting()
        try await serving(client.site) { gateway in
            let token = try Self.jwt(
                key, ["iss": "https://idp.example", "aud": "https://localhost:8443", "client_id": "outside-2", "scope": "events:write"])
            let id = try #require(try TokenClient.claims(token)["jti"] as? String)
            let answer = try await gateway.send(client.event("evt_1", token: token))
            let record = try expectRefusal(answer, 401, "credential-unknown", at: client.site)
            let check = try #require(record?.checks?.first { $0.check == "oauth" })
            #expect(check.client == "outside-2" && check.token == id && check.result == "unknown", "\(check)")
            let commands = try ExplainCommands(policies: client.site.policies)
            let explained = try commands.explain(try #require(answer.reference.flatMap { Reference($0) }))
            let cause = try #require(explained?.causes.first)
            #expect(cause.cause == "token-client-unknown" && cause.fix.contains("`client_id`, outside-2, in `clients`"), "\(cause)")
            let report = try TokenCommands(policies: client.site.policies).inspect(Secret(utf8: token))
            #expect(!report.accepted && report.reason == "credential-unknown" && report.sender == nil)
            #expect(report.token == id && report.issuer == "https://idp.example" && report.issued != nil && report.expires != nil)
        }
    }

    /// A client whose gateway takes the tokens of an issuer outside for `acme`, and that issuer's key.
    private static func trusting(authenticate: String = "[{ oauth: ['events:write'] }]") async throws -> (
        client: TokenClient, key: PrivateKey
    ) {
        let key = try PrivateKey.generate(.p256)
        let client = try await TokenClient(
            gateway:
                "oauth: { trust: [{ issuer: 'https://idp.example', jwks: idp.json, audience: 'https://localhost:8443', clients: { outside-1: acme } }] }",
            authenticate: authenticate)
        try client.site.folder.write("policies/idp.json", try keySet(key))
        return (client, key)
    }

    private static func keySet(_ key: PrivateKey) throws -> String {
        let point = try key.publicKey.subjectPublicKeyInfo().suffix(64)
        let (x, y) = (Array(point.prefix(32)), Array(point.suffix(32)))
        return "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"k1\",\"x\":\"\(base64URL(x))\",\"y\":\"\(base64URL(y))\"}]}"
    }

    private static func jwt(_ key: PrivateKey, _ claims: [String: Any]) throws -> String {
        let now = SystemClock().now.seconds
        var members: [String: Any] = claims
        members["sub"] = claims["client_id"]
        members["jti"] = UUID().uuidString
        members["iat"] = now
        members["exp"] = now + 300
        let head = base64URL(Array("{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"k1\"}".utf8))
        let signed = head + "." + base64URL(Array(try JSONSerialization.data(withJSONObject: members)))
        let signature = try Array(signed.utf8).withUnsafeBytes { bytes throws(CryptoError) in try key.sign(.ecdsaP256SHA256Raw, bytes) }
        return signed + "." + base64URL(signature)
    }

    private static func base64URL(_ bytes: [UInt8]) -> String { Base64.encode(bytes, alphabet: .url, padded: false) }

    @Test("the signing key is replaced when it is due, and no token becomes invalid by it")
    func scheduled() async throws {
        let client = try await TokenClient(gateway: "oauth: { token-lifetime: 2s, rotate-every: 2s }")
        try await serving(client.site) { gateway in
            var kids: Set<String> = []
            var refused = 0
            let isRotated = await eventually {
                guard let token = try? await client.token(gateway), let kid = Self.kid(token) else { return false }
                kids.insert(kid)
                if (try? await gateway.send(client.event(UUID().uuidString, token: token)).status) != 200 { refused += 1 }
                return kids.count >= 3
            }
            #expect(isRotated && refused == 0)
            let systemRecords = try client.site.records().filter { $0.kind == "system" }
            #expect(systemRecords.count >= 3)
        }
    }

    private static func kid(_ token: String) -> String? {
        guard let head = token.split(separator: ".").first, let bytes = Base64.decode(String(head), alphabet: .url) else { return nil }
        return (try? JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])?["kid"] as? String
    }

    @Test("SEC-70: neither token nor client secret is in the log, the records or what the metrics say")
    func canary() async throws {
        let client = try await TokenClient(gateway: "log: { level: trace }")
        try await serving(client.site) { gateway in
            let token = try await client.token(gateway)
            _ = try await gateway.send(client.event("evt_1", token: token))
            _ = try await gateway.send(client.event("evt_2", token: token + "x"))
            _ = try await gateway.send(client.tokenRequest(secret: client.secret + "x"))
            let metrics = try await gateway.admin("/metrics").text
            let log = try client.site.folder.names(in: "var/audit").map {
                String(decoding: client.site.folder.read("var/audit/\($0)"), as: UTF8.self)
            }.joined()
            for secret in [client.secret, token, String(token.suffix(40))] { #expect(!metrics.contains(secret) && !log.contains(secret)) }
        }
    }
}
