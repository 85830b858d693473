import Foundation
import GatehouseAudit
import GatehouseCrypto
import GatehouseTesting
import GatehouseTime
import Testing

@Suite("gatehouse key and gatehouse token")
struct TokenCommandTests {
    /// A site whose sender `acme` may have tokens for its endpoint; nothing runs on it yet.
    private func site(gateway: String = "log: { level: info }") async throws -> (TestSite, TestHandler) {
        let site = try TestSite(gateway: gateway)
        let handler = try await TestHandler.start()
        try site.sender("acme", "scopes: [events:read, events:write]\ntoken-authentication: [client_secret_basic, private_key_jwt]")
        try site.endpoint(
            "acme", to: handler.url(), authenticate: "[{ oauth: ['events:write'] }]", "event: { id: json:id, type: json:type }")
        return (site, handler)
    }

    private func run(_ site: TestSite, _ arguments: String..., input: String? = nil) async throws -> Program.Result {
        try await Program.run(
            Program.path, arguments + ["--policies", site.policies], in: URL(fileURLWithPath: site.folder.path), input: input)
    }

    private func object(_ text: String) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any], "\(text)")
    }

    private func event(_ token: String) -> RawRequest {
        RawRequest(
            "/hooks/acme", fields: [("Content-Type", "application/json"), ("Authorization", "Bearer \(token)")],
            body: "{\"id\":\"\(UUID().uuidString)\",\"type\":\"order.accepted\"}")
    }

    @Test("keys are listed and replaced on a stopped state and beside a running gateway, and each change is recorded")
    func keys() async throws {
        let (site, _) = try await site()
        try site.add("acme/oauth")
        let none = try await run(site, "key", "list")
        #expect(none.status == 1 && none.messages.contains("gatehouse key rotate"), "\(none)")
        let first = try object(try await run(site, "key", "rotate", "--json").output)
        let listed = try object(try await run(site, "key", "list", "--json").output)
        #expect(
            listed["kid"] as? String == first["kid"] as? String && listed["state"] as? String == "active"
                && listed["algorithm"] as? String == "ES256")
        #expect(listed["created"] is String && listed["accepted_until"] is NSNull)

        let gateway = try await GatewayProgram.start(site)
        let second = try object(try await run(site, "key", "rotate", "--json").output)
        let retiring = try #require((second["retiring"] as? [[String: Any]])?.first)
        #expect(retiring["kid"] as? String == first["kid"] as? String && retiring["accepted_until"] is String)
        let lines = try await run(site, "key", "list", "--json").output.split(separator: "\n").map { try object(String($0)) }
        #expect(lines.map { $0["kid"] as? String } == [second["kid"] as? String, first["kid"] as? String])
        #expect(lines.map { $0["state"] as? String } == ["active", "retiring"])
        gateway.signal(SIGTERM)
        #expect(await gateway.exit() == 0)
        let records = try await run(site, "audit", "review", "--all", "--json").output
        #expect(records.components(separatedBy: "\"command\":\"key rotate\"").count == 3)
        #expect(try site.verifyAudit().isGood)
    }

    @Test("a token is issued and inspected, running and stopped, and what it lacks is said")
    func tokens() async throws {
        let (site, handler) = try await site()
        try site.add("acme/oauth")
        let stopped = try await run(site, "token", "issue", "acme")
        try #require(stopped.status == 0, "\(stopped.messages)")
        let token = try site.folder.write("acme.token", stopped.output)
        let gateway = try await GatewayProgram.start(site)
        let text = stopped.output.trimmingCharacters(in: .newlines)
        #expect(try await gateway.send(event(text)).status == 200 && handler.count == 1)

        let good = try await run(site, "token", "inspect", token)
        #expect(
            good.status == 0 && good.output.hasPrefix("accepted") && good.output.contains("endpoint") && !good.output.contains(text),
            "\(good)")
        let report = try object(try await run(site, "token", "inspect", "-", "--json", input: stopped.output).output)
        #expect(report["accepted"] as? Bool == true && report["kind"] as? String == "access-token" && report["sender"] as? String == "acme")
        #expect(report["scopes"] as? [String] == ["events:read", "events:write"] && report["reason"] as? String == "ok")

        let narrow = try object(try await run(site, "token", "issue", "acme", "--scope", "events:read", "--json").output)
        let file = try site.folder.write("narrow.token", try #require(narrow["token"] as? String))
        let lacking = try await run(site, "token", "inspect", file, "--json")
        let reason = try object(lacking.output)["reason"] as? String
        #expect(lacking.status == 1 && reason == "token-scope", "\(lacking)")
        for (text, kind, reason) in [
            ("nothing of the sort", "unknown", "token-malformed"), (text.dropLast(4) + "AAAA", "access-token", "token-signature"),
        ] {
            let result = try await run(site, "token", "inspect", "-", "--json", input: String(text))
            let report = try object(result.output)
            #expect(result.status == 1 && report["kind"] as? String == kind && report["reason"] as? String == reason, "\(result.output)")
        }
        for arguments in [["nobody"], ["acme", "--scope", "admin"], ["acme", "--audience", "https://other.example"]] {
            let result = try await Program.run(
                Program.path, ["token", "issue"] + arguments + ["--policies", site.policies], in: URL(fileURLWithPath: site.folder.path),
                input: nil)
            #expect(result.status == 1 && result.output.isEmpty && result.messages.contains(arguments.last ?? ""), "\(result)")
        }
        // What it was issued for is gone, and so is the token.
        #expect(try await run(site, "secret", "revoke", "acme/oauth").status == 0)
        #expect(try await gateway.send(event(text)).status == 401)
        let revoked = try await run(site, "token", "inspect", token)
        #expect(revoked.status == 1 && revoked.output.contains("token-revoked"), "\(revoked)")
        gateway.signal(SIGTERM)
        #expect(await gateway.exit() == 0)
        let records = try await run(site, "audit", "review", "--all", "--json").output
        #expect(records.components(separatedBy: "\"command\":\"token issue\"").count == 3 && !records.contains(text))
        #expect(try await run(site, "token", "inspect", token).status == 1)
    }

    private func encoded(_ text: String) -> String { Base64.encode(Array(text.utf8), alphabet: .url, padded: false) }

    private func signed(_ claims: String, _ key: PrivateKey) throws -> String {
        let signed = encoded("{\"alg\":\"ES256\",\"typ\":\"at+jwt\"}") + "." + encoded(claims)
        let signature = try Array(signed.utf8).withUnsafeBytes { bytes throws(CryptoError) in try key.sign(.ecdsaP256SHA256Raw, bytes) }
        return signed + "." + Base64.encode(signature, alphabet: .url, padded: false)
    }

    @Test("SEC-45: inspecting says what was found in a token and what is expected there, and whose it is where nobody mapped its client")
    func inspected() async throws {
        let (site, _) = try await site(
            gateway:
                "oauth: { trust: [{ issuer: 'https://idp.example', jwks: idp.json, audience: 'https://localhost:8443', clients: { a: acme } }] }"
        )
        let key = try PrivateKey.generate(.p256)
        try site.folder.write("policies/idp.json", try key.publicKey.pem())
        try site.add("acme/oauth")
        _ = try await run(site, "key", "rotate")
        let now = SystemClock().now.seconds
        func claims(_ issuer: String = "https://idp.example", client: String = "a", expires: String) -> String {
            """
            {"iss":"\(issuer)","aud":"https://localhost:8443","sub":"\(client)","client_id":"\(client)","iat":\(now),"exp":\(expires),"jti":"1","scope":"events:write"}
            """
        }
        let cases: [(String, String, [String])] = [
            (try signed(claims(expires: "\(now + 60)"), key), "ok", ["it is good"]),
            (try signed(claims(expires: "\(now + 60).5"), key), "token-malformed", ["`exp` is \(now + 60).5", "whole seconds since 1970"]),
            (try signed(claims(expires: "\(now + 60)000"), key), "token-malformed", ["not milliseconds"]),
            (
                try signed(claims(client: "b", expires: "\(now + 60)"), key), "credential-unknown",
                ["its signature holds", "`oauth.trust` maps the clients"]
            ),
            (try signed(claims(expires: "\(now + 60)"), try PrivateKey.generate(.p256)), "token-signature", ["another key"]),
            (try signed(claims("https://other.example", expires: "\(now + 60)"), key), "token-signature", ["`iss` is neither"]),
            (
                try signed(claims("https://localhost:8443", expires: "\(now + 60)"), key), "token-signature",
                ["names no `kid`", "each name the key"]
            ),
            (try signed(claims(expires: "\(now - 60)"), key), "token-expired", ["it expired at"]),
        ]
        for (token, reason, says) in cases {
            let report = try object(try await run(site, "token", "inspect", "-", "--json", input: token).output)
            let text = try #require(report["explanation"] as? String)
            #expect(report["reason"] as? String == reason && says.allSatisfy(text.contains), "\(reason): \(report)")
        }
    }

    @Test("a token is bound to a certificate where one is named, and a sender held to fapi2 has no other tokens")
    func bound() async throws {
        let site = try TestSite(gateway: "log: { level: info }", listener: "client-ca: ../certs/clients-ca.pem")
        let handler = try await TestHandler.start()
        try site.sender("bank", "scopes: [events:write]\nprofile: fapi2\ntoken-authentication: [tls_client_auth]")
        try site.endpoint(
            "bank", to: handler.url(), senders: "[bank]", authenticate: "[{ oauth: ['events:write'] }]", "event: { id: json:id }")
        let certificate = try site.writeClient("bank")
        try site.add("bank/certificate", "CN=bank")
        let without = try await run(site, "token", "issue", "bank")
        #expect(without.status == 1 && without.output.isEmpty && without.messages.contains("--certificate FILE"), "\(without)")
        let wrong = try await run(site, "token", "issue", "bank", "--certificate", site.folder("certs/bank.key"))
        #expect(wrong.status == 1 && wrong.output.isEmpty && wrong.messages.contains("holds no certificate"), "\(wrong)")
        let issued = try object(
            try await run(site, "token", "issue", "bank", "--json", "--certificate", site.folder("certs/bank.pem")).output)
        let token = try #require(issued["token"] as? String)
        #expect(issued["bound"] as? Bool == true)
        let parts = token.split(separator: ".")
        try #require(parts.count == 3)
        let claims = try object(String(decoding: try #require(Base64.decode(String(parts[1]), alphabet: .url)), as: UTF8.self))
        let thumbprint = Base64.encode(try ClientCertificate(pem: certificate.certificatePEM).sha256, alphabet: .url, padded: false)
        #expect((claims["cnf"] as? [String: String]) == ["x5t#S256": thumbprint])
        let report = try object(try await run(site, "token", "inspect", "-", "--json", input: token).output)
        #expect(report["accepted"] as? Bool == true && report["bound"] as? Bool == true, "\(report)")
        // Without its certificate it is none.
        let gateway = try await GatewayProgram.start(site)
        let event = RawRequest(
            "/hooks/bank", fields: [("Content-Type", "application/json"), ("Authorization", "Bearer \(token)")], body: "{\"id\":\"1\"}")
        #expect(try await gateway.send(event).status == 401)
        gateway.signal(SIGTERM)
        #expect(await gateway.exit() == 0)
    }

    @Test("SEC-76: what the token service decided is reviewed, exported and explained like any decision")
    func reviewed() async throws {
        let (site, _) = try await site()
        let secret = try site.add("acme/oauth")
        let gateway = try await GatewayProgram.start(site)
        func ask(_ secret: String) async throws -> RawAnswer {
            try await gateway.send(
                RawRequest(
                    "/oauth/token",
                    fields: [
                        ("Content-Type", "application/x-www-form-urlencoded"),
                        ("Authorization", "Basic " + Base64.encode(Array("acme:\(secret)".utf8))),
                    ],
                    body: "grant_type=client_credentials"))
        }
        let issued = try await ask(secret)
        let refused = try await ask(secret + "x")
        #expect(issued.status == 200 && refused.status == 401)
        let review = try await run(site, "audit", "review", "--json", "--reference", try #require(refused.reference))
        let record = try object(review.output)
        #expect(
            record["kind"] as? String == "token" && record["action"] as? String == "refused"
                && record["reason"] as? String == "credential-mismatch")
        #expect(
            try await run(site, "audit", "review", "--sender", "acme").output.contains(
                "issued ok acme client_credentials client_secret_basic"))
        let explained = try await run(site, "explain", try #require(refused.reference))
        #expect(explained.status == 0 && explained.output.contains("secret rotate acme/oauth"), "\(explained)")
        for format in ["jsonl", "csv", "ocsf"] {
            let exported = try await run(site, "audit", "export", "--format", format).output
            #expect(exported.contains("issued") && exported.contains("credential-mismatch") && !exported.contains(secret), "\(format)")
        }
        let schema = try OCSFSchema()
        for line in try await run(site, "audit", "export", "--format", "ocsf").output.split(separator: "\n") {
            let event = try object(String(line))
            #expect(schema.problems(event) == [] && event["class_uid"] as? Int == 3_002 && event["type_uid"] as? Int == 300_201, "\(line)")
        }
        let uses = try await run(site, "secret", "status", "acme/oauth", "--json").output
        #expect(uses.contains("\"uses\":1") && uses.contains("127.0.0.1"), "\(uses)")
        gateway.signal(SIGTERM)
        #expect(await gateway.exit() == 0)
        #expect(try await run(site, "audit", "verify").status == 0)
    }

    @Test("SEC-37: an assertion that was used once is used, also after the gateway was killed")
    func assertionOnce() async throws {
        let (site, _) = try await site()
        let key = try PrivateKey.generate(.p256)
        try site.add("acme/key", try key.publicKey.pem())
        let now = SystemClock().now.seconds
        let claims = """
            {"iss":"acme","sub":"acme","aud":"https://localhost:8443","iat":\(now),"exp":\(now + 300),"jti":"\(UUID().uuidString)"}
            """
        let signed = encoded("{\"alg\":\"ES256\"}") + "." + encoded(claims)
        let signature = try Array(signed.utf8).withUnsafeBytes { bytes throws(CryptoError) in try key.sign(.ecdsaP256SHA256Raw, bytes) }
        let assertion = signed + "." + Base64.encode(signature, alphabet: .url, padded: false)
        let request = RawRequest(
            "/oauth/token", fields: [("Content-Type", "application/x-www-form-urlencoded")],
            body:
                "grant_type=client_credentials&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion="
                + assertion)
        let first = try await GatewayProgram.start(site)
        let issued = try await first.send(request)
        #expect(issued.status == 200, "\(issued.text)")
        #expect(try await first.send(request).status == 401)
        first.signal(SIGKILL)
        _ = await first.exit()
        let second = try await GatewayProgram.start(site)
        #expect(try await second.send(request).status == 401)
        second.signal(SIGTERM)
        #expect(await second.exit() == 0)
        #expect(try site.verifyAudit().isGood)
    }

    @Test("an issuer's key file that cannot be used is an error of check, and of the start")
    func brokenTrust() async throws {
        let (site, _) = try await site(
            gateway:
                "oauth: { trust: [{ issuer: 'https://idp.example', jwks: idp.json, audience: 'https://localhost:8443', clients: { a: acme } }] }"
        )
        try site.folder.write("policies/idp.json", "{\"keys\":[{\"kty\":\"oct\",\"k\":\"c2VjcmV0\"}]}")
        let check = try await run(site, "check")
        #expect(check.status == 1 && check.messages.contains("idp.json") && check.messages.contains("symmetric"), "\(check)")
        let serve = try await run(site, "serve")
        #expect(serve.status == 1 && serve.messages.contains("idp.json"), "\(serve)")
    }

    @Test("a fixture's token is made for its request, at the fixture's time")
    func fixture() async throws {
        let (site, _) = try await site()
        let step = """
            endpoint: acme
            credentials: { acme/oauth: ["a client secret of the fixture"] }
            steps:
              - { at: 2026-05-04T09:30:00Z, request: { token: { sender: acme }, body: '{"id":"evt_1","type":"a"}' }, expect: { decision: accepted, reason: ok, sender: acme } }
              - { at: 2026-05-04T09:30:01Z, request: { token: { sender: acme, age: 5m }, body: '{"id":"evt_1","type":"a"}' }, expect: { decision: duplicate } }
              - { at: 2026-05-04T09:30:02Z, request: { token: { sender: acme, age: 11m }, body: '{"id":"evt_2"}' }, expect: { reason: token-expired, answer: 401 } }
              - { at: 2026-05-04T09:30:02Z, request: { token: { sender: acme, scopes: [events:read] }, body: '{}' }, expect: { reason: token-scope, answer: 403 } }
              - { at: 2026-05-04T09:30:02Z, request: { token: { sender: acme, audience: 'https://b.example' }, body: '{}' }, expect: { reason: token-audience } }
              - { at: 2026-05-04T09:30:02Z, request: { headers: { Authorization: Bearer x }, body: '{}' }, expect: { reason: token-malformed, answer: 401 } }
              - { at: 2026-05-04T09:30:02Z, request: { body: '{}' }, expect: { reason: credential-missing, answer: 401 } }
            """
        try site.folder.write("policies/tests/acme-token.yaml", step)
        let result = try await run(site, "test")
        #expect(result.status == 0, "\(result.output)\(result.messages)")
    }
}
