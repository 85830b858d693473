import Foundation
import Gatehouse
import GatehouseTesting
import Testing

@Suite("The token endpoint on the wire")
struct TokenEndpointTests {
    @Test("a client secret buys a token for everything that the sender's policy has, and the record names it by its id")
    func issued() async throws {
        let client = try await TokenClient()
        try await serving(client.site) { gateway in
            let answer = try await gateway.send(client.tokenRequest())
            #expect(answer.status == 200 && answer["cache-control"] == "no-store" && answer["content-type"] == "application/json")
            let members = try TokenClient.members(answer)
            #expect(members["token_type"] as? String == "Bearer" && members["expires_in"] as? Int == 600)
            // SEC-34: nothing to refresh with.
            #expect(members["refresh_token"] == nil)
            let claims = try TokenClient.claims(try TokenClient.token(answer))
            #expect(claims["iss"] as? String == "https://localhost:8443" && claims["aud"] as? String == "https://localhost:8443")
            #expect(
                claims["sub"] as? String == "acme" && claims["client_id"] as? String == "acme"
                    && claims["scope"] as? String == "events:read events:write")
            let record = try #require(try client.site.tokenRecord(of: answer))
            #expect(record.sender == "acme" && record.reason == "ok" && record.answer == 200)
            #expect(
                record.token?.event == "issued" && record.token?.grant == "client_credentials"
                    && record.token?.authentication == "client_secret_basic")
            #expect(
                record.token?.version == 1 && record.token?.token == claims["jti"] as? String
                    && record.token?.scopes == ["events:read", "events:write"])
        }
    }

    @Test("SEC-28: only POST of a form, each parameter once and none in the URL")
    func form() async throws {
        let client = try await TokenClient()
        let good = client.tokenRequest()
        try await serving(client.site) { gateway in
            let get = try await gateway.send(good.changed { $0.method = "GET" })
            try expectOAuthError(get, 405, "invalid_request", "method", at: client.site)
            #expect(get["allow"] == "POST")
            let json = good.replacing("Content-Type", "application/json").changed {
                $0.body = Array("{\"grant_type\":\"client_credentials\"}".utf8)
            }
            try expectOAuthError(try await gateway.send(json), 415, "invalid_request", "media-type", at: client.site)
            try expectOAuthError(
                try await gateway.send(good.without("Content-Type")), 415, "invalid_request", "media-type", at: client.site)
            try expectOAuthError(
                try await gateway.send(good.with("Content-Encoding", "gzip")), 415, "invalid_request", "media-type", at: client.site)
            let big = good.changed { $0.body = [UInt8](repeating: 0x61, count: 70_000) }
            try expectOAuthError(try await gateway.send(big), 413, "invalid_request", "too-large", at: client.site)
            for body in [
                "grant_type=client_credentials&grant_type=client_credentials", "grant_type=client_credentials&scope=a&scope=b",
                "scope=events:write", "",
                "grant_type=", "grant_type=%zz", "grant_type=client_credentials&client_id=acme&client_id=acme",
            ] {
                let answer = try await gateway.send(good.changed { $0.body = Array(body.utf8) })
                try expectOAuthError(answer, 400, "invalid_request", "malformed", at: client.site)
            }
            for query in ["?grant_type=client_credentials", "?client_secret=x", "?"] {
                let answer = try await gateway.send(good.changed { $0.target += query })
                try expectOAuthError(answer, 400, "invalid_request", "malformed", at: client.site)
            }
            // A parameter that nobody knows is ignored (RFC 6749 section 3.2), however often.
            let more = try await gateway.send(good.changed { $0.body += Array("&foo=1&charset=utf-8".utf8) })
            #expect(more.status == 200)
        }
    }

    @Test("SEC-29: one client authentication method, and one that the sender's policy lists")
    func oneMethod() async throws {
        let client = try await TokenClient(sender: "token-authentication: [client_secret_post]")
        try await serving(client.site) { gateway in
            try expectOAuthError(try await gateway.send(client.tokenRequest()), 401, "invalid_client", at: client.site)
            let post = TokenClient.form(
                "/oauth/token", ["grant_type": "client_credentials", "client_id": "acme", "client_secret": client.secret])
            #expect(try await gateway.send(post).status == 200)
            try expectOAuthError(
                try await gateway.send(post.with("Authorization", TokenClient.basic("acme", client.secret))), 400, "invalid_request",
                at: client.site)
            let twice = post.with("Authorization", "Basic YTpi").with("Authorization", "Basic YTpi")
            try expectOAuthError(try await gateway.send(twice), 400, "invalid_request", at: client.site)
        }
    }

    @Test("SEC-30: id and secret in Basic are form-encoded, and the first colon parts them")
    func basic() async throws {
        let client = try await TokenClient()
        let odd = "p:a+s%41 w&rd=0123456789"
        try client.site.sender("globex")
        try client.site.add("globex/oauth", odd)
        try await serving(client.site) { gateway in
            let encoded = TokenClient.form("/oauth/token", ["grant_type": "client_credentials"]).with(
                "Authorization", TokenClient.basic("globex", odd))
            let answer = try await gateway.send(encoded)
            #expect(answer.status == 200, "\(answer.text)")
            let raw = encoded.replacing("Authorization", "Basic " + Data("globex:\(odd)".utf8).base64EncodedString())
            try expectOAuthError(try await gateway.send(raw), 401, "invalid_client", at: client.site)
        }
    }

    @Test("SEC-31: a failed client authentication is 401 with a challenge, everything else 400")
    func errors() async throws {
        let client = try await TokenClient()
        try await serving(client.site) { gateway in
            let wrong = try await gateway.send(client.tokenRequest(secret: "not the client's secret at all"))
            try expectOAuthError(wrong, 401, "invalid_client", "credential-mismatch", at: client.site)
            #expect(wrong["www-authenticate"]?.hasPrefix("Basic realm=") == true)
            let unknown = TokenClient.form("/oauth/token", ["grant_type": "client_credentials"]).with(
                "Authorization", TokenClient.basic("nobody", client.secret))
            let other = try await gateway.send(unknown)
            try expectOAuthError(other, 401, "invalid_client", "credential-unknown", at: client.site)
            // SEC-32: unknown and wrong are one answer but for what names the request.
            let fields = { (answer: RawAnswer) in
                answer.fields.filter { !["gatehouse-reference", "date"].contains($0.name.lowercased()) }.map { "\($0.name): \($0.value)" }
            }
            #expect(other.text == wrong.text && fields(other) == fields(wrong))
            let scope = try await gateway.send(client.tokenRequest(["grant_type": "client_credentials", "scope": "events:write admin"]))
            try expectOAuthError(scope, 400, "invalid_scope", at: client.site)
            let audience = try await gateway.send(
                client.tokenRequest(["grant_type": "client_credentials", "audience": "https://other.example"]))
            try expectOAuthError(audience, 400, "invalid_target", at: client.site)
        }
    }

    @Test("SEC-33: a grant that is not listed is unauthorized, one that does not exist unsupported")
    func grants() async throws {
        let client = try await TokenClient()
        try client.site.sender("legacy", "grants: [password]\nscopes: [events:write]")
        let secret = try client.site.add("legacy/oauth")
        let login = try client.site.add("legacy/basic").split(separator: ":", maxSplits: 1)
        try await serving(client.site) { gateway in
            let password: KeyValuePairs = ["grant_type": "password", "username": "legacy", "password": String(login[1])]
            try expectOAuthError(try await gateway.send(client.tokenRequest(password)), 400, "unauthorized_client", at: client.site)
            for grant in ["refresh_token", "authorization_code", "urn:ietf:params:oauth:grant-type:jwt-bearer", "x"] {
                try expectOAuthError(
                    try await gateway.send(client.tokenRequest(["grant_type": grant])), 400, "unsupported_grant_type", at: client.site)
            }
            let legacy = TokenClient.form("/oauth/token", password).with("Authorization", TokenClient.basic("legacy", secret))
            let granted = try await gateway.send(legacy)
            #expect(granted.status == 200, "\(granted.text)")
            #expect(try client.site.tokenRecord(of: granted)?.token?.grant == "password")
            let wrong = TokenClient.form(
                "/oauth/token", ["grant_type": "password", "username": "legacy", "password": "not the password 123"]
            )
            .with("Authorization", TokenClient.basic("legacy", secret))
            try expectOAuthError(try await gateway.send(wrong), 400, "invalid_grant", at: client.site)
            let credentials = TokenClient.form("/oauth/token", ["grant_type": "client_credentials"]).with(
                "Authorization", TokenClient.basic("legacy", secret))
            try expectOAuthError(try await gateway.send(credentials), 400, "unauthorized_client", at: client.site)
        }
    }

    @Test("SEC-34: a token carries no more than was asked for, and says so where it differs")
    func narrow() async throws {
        let client = try await TokenClient(sender: "audiences: [https://localhost:8443, 'https://other.example']")
        try await serving(client.site) { gateway in
            let answer = try await gateway.send(
                client.tokenRequest(["grant_type": "client_credentials", "scope": "events:read", "resource": "https://other.example"]))
            let claims = try TokenClient.claims(try TokenClient.token(answer))
            #expect(claims["scope"] as? String == "events:read" && claims["aud"] as? String == "https://other.example")
            let all = try TokenClient.claims(try await client.token(gateway))
            #expect(all["aud"] as? [String] == ["https://localhost:8443", "https://other.example"])
            #expect((all["jti"] as? String)?.count ?? 0 >= 22 && all["jti"] as? String != claims["jti"] as? String)
        }
    }

    @Test("SEC-32: whoever guesses a client's secret gets 429, and the client itself its token")
    func guessing() async throws {
        let client = try await TokenClient(limits: "failures: 5/s")
        try await serving(client.site) { gateway in
            let connection = try await gateway.connect()
            var answers: [RawAnswer] = []
            for number in 0..<80 {
                connection.post(client.tokenRequest(secret: "guess number \(number) at the secret").bytes)
                answers.append(try await connection.answer())
            }
            let limited = answers.filter { $0.status == 429 }
            #expect(answers.prefix(20).allSatisfy { $0.status == 401 } && limited.count >= 50)
            #expect(
                limited.allSatisfy {
                    (1...10).contains(Int($0["retry-after"] ?? "") ?? 0) && $0["content-type"] == "application/json"
                        && $0["cache-control"] == "no-store"
                })
            connection.post(client.tokenRequest().bytes)
            let own = try await connection.answer()
            #expect(own.status == 200, "\(own.text)")
            await connection.close()
            // The second's refusals are one record.
            #expect(
                await eventually {
                    (try? client.site.decisions().contains { $0.reason == "rate" && $0.requests == limited.count }) ?? false
                })
        }
    }

    @Test("SEC-32: a changed limit of failures counts for guesses from the reload on")
    func guessingLimitReloaded() async throws {
        let client = try await TokenClient(limits: "failures: 500000/s")
        try await serving(client.site) { gateway in
            let connection = try await gateway.connect()
            func limited() async throws -> Int {
                var count = 0
                for number in 0..<40 {
                    connection.post(client.tokenRequest(secret: "guess number \(number) at the secret").bytes)
                    if try await connection.answer().status == 429 { count += 1 }
                }
                return count
            }
            #expect(try await limited() == 0)
            let before = try client.site.records().count { $0.action == "reload" }
            try client.site.configure(limits: "failures: 5/s")
            gateway.reload()
            #expect(try await eventually { try client.site.records().count { $0.action == "reload" } > before })
            #expect(try await limited() >= 15)
            try client.site.configure(limits: "failures: 500000/s")
            gateway.reload()
            #expect(try await eventually { try client.site.records().count { $0.action == "reload" } > before + 1 })
            #expect(try await limited() == 0)
            await connection.close()
        }
    }

    @Test("SEC-32: strangers' nonsense is limited by address, and recorded once a second from then on")
    func nonsense() async throws {
        let client = try await TokenClient(limits: "failures: 1/s")
        try await serving(client.site) { gateway in
            let connection = try await gateway.connect()
            var limited = 0
            for _ in 0..<260 {
                connection.post(TokenClient.form("/oauth/token", ["grant_type": "x"]).changed { $0.body = Array("a=1&a=2".utf8) }.bytes)
                if try await connection.answer().status == 429 { limited += 1 }
            }
            await connection.close()
            #expect(limited >= 50)
            #expect(await eventually { (try? client.site.decisions().contains { $0.reason == "rate" && ($0.requests ?? 0) > 0 }) ?? false })
            // A client that proves to be one is served all the same.
            let own = try await gateway.send(client.tokenRequest())
            #expect(own.status == 200, "\(own.text)")
        }
    }

    @Test(
        "SEC-32: with the default limits, twenty wrong secrets from one address are answered as such, and then a 429 says when to try again"
    )
    func guessingByDefault() async throws {
        let client = try await TokenClient(limits: "failures: 50/s")
        try await serving(client.site) { gateway in
            let connection = try await gateway.connect()
            var answers: [RawAnswer] = []
            let isReached = await eventually {
                connection.post(client.tokenRequest(secret: "guess number \(answers.count) at the secret").bytes)
                guard let answer = try? await connection.answer() else { return false }
                answers.append(answer)
                return answer.status == 429
            }
            #expect(isReached && answers.count > 20 && answers.dropLast().allSatisfy { $0.status == 401 })
            let limited = try #require(answers.last)
            #expect(limited["retry-after"] == "1")
            #expect(try TokenClient.members(limited)["error"] as? String == "temporarily_unavailable")
            await connection.close()
            #expect(try await gateway.send(client.tokenRequest()).status == 200)
            // Another client at the same address is nobody's guess yet.
            let other = TokenClient.form("/oauth/token", ["grant_type": "client_credentials"]).with(
                "Authorization", TokenClient.basic("globex", "a wrong secret"))
            #expect(try await gateway.send(other).status == 401)
        }
    }

    @Test("HEAD at keys and metadata is answered like GET, without the body (RFC 9110 section 9.3.2)")
    func head() async throws {
        let client = try await TokenClient()
        try await serving(client.site) { gateway in
            for path in ["/oauth/jwks", "/.well-known/oauth-authorization-server"] {
                var request = RawRequest(path)
                request.method = "GET"
                let full = try await gateway.send(request)
                let connection = try await gateway.connect()
                connection.post(request.changed { $0.method = "HEAD" }.bytes)
                let head = try await connection.answer(toHead: true)
                for name in ["content-type", "cache-control", "content-length"] {
                    #expect(head[name] == full[name] && head[name] != nil, "\(path) \(name)")
                }
                #expect(head.status == 200 && full.status == 200 && !full.body.isEmpty)
                try expect(head, 200, "ignored", "ok", at: client.site)
                // Nothing of a body is on the line: the next answer follows at once.
                connection.post(request.bytes)
                #expect(try await connection.answer().body == full.body)
                await connection.close()
            }
            let form = try await gateway.send(client.tokenRequest().changed { $0.method = "PUT" })
            #expect(form.status == 405 && form["allow"] == "POST")
        }
    }

    @Test("decisions about tokens are counted with the sender where it proved to be one, and without where it only said so")
    func counted() async throws {
        let client = try await TokenClient()
        try await serving(client.site) { gateway in
            let token = try await client.token(gateway)
            #expect(try await gateway.send(client.tokenRequest(["grant_type": "client_credentials", "scope": "admin"])).status == 400)
            #expect(try await gateway.send(client.tokenRequest(secret: "not the client's secret")).status == 401)
            let asked = TokenClient.form("/oauth/introspect", ["token": token]).with(
                "Authorization", TokenClient.basic("acme", client.secret))
            #expect(try await gateway.send(asked).status == 200)
            let page = try await gateway.admin("/metrics").text
            for (endpoint, sender, decision, reason) in [
                ("oauth/token", "acme", "accepted", "ok"), ("oauth/token", "acme", "rejected", "token-scope"),
                ("oauth/token", "", "rejected", "credential-mismatch"), ("oauth/introspect", "acme", "accepted", "ok"),
            ] {
                let line = page.split(separator: "\n").first { line in
                    line.hasPrefix("gatehouse_decisions_total")
                        && [("endpoint", endpoint), ("sender", sender), ("decision", decision), ("reason", reason)]
                            .allSatisfy { line.contains("\($0.0)=\"\($0.1)\"") }
                }
                #expect(line?.hasSuffix(" 1") == true, "\(endpoint) \(sender) \(reason): \(line ?? "")")
            }
        }
    }

    @Test("SEC-39: the metadata name the configured issuer, and nothing that does not work")
    func metadata() async throws {
        let client = try await TokenClient()
        try await serving(client.site) { gateway in
            var request = RawRequest("/.well-known/oauth-authorization-server")
            request.method = "GET"
            request.host = "attacker.example"
            let answer = try await gateway.send(request)
            let members = try TokenClient.members(answer)
            #expect(answer.status == 200 && members["issuer"] as? String == "https://localhost:8443")
            #expect(
                members["token_endpoint"] as? String == "https://localhost:8443/oauth/token"
                    && members["jwks_uri"] as? String == "https://localhost:8443/oauth/jwks")
            #expect(members["grant_types_supported"] as? [String] == ["client_credentials"])
            #expect(members["token_endpoint_auth_methods_supported"] as? [String] == ["client_secret_basic", "client_secret_post"])
            #expect(!answer.text.contains("none"))
            try expect(answer, 200, "ignored", "ok", at: client.site)
            let post = try await gateway.send(request.changed { $0.method = "POST" })
            #expect(post.status == 405 && post["allow"] == "GET, HEAD")
            #expect(members["response_types_supported"] as? [String] == [])
        }
    }

    @Test("SEC-40: the key set shows public members only, and an old key beside the new one")
    func keys() async throws {
        let client = try await TokenClient()
        try await serving(client.site) { gateway in
            var request = RawRequest("/oauth/jwks")
            request.method = "GET"
            func keys() async throws -> [[String: Any]] {
                try #require(try TokenClient.members(try await gateway.send(request))["keys"] as? [[String: Any]])
            }
            let first = try await keys()
            #expect(first.count == 1 && Set(first[0].keys) == ["kty", "crv", "x", "y", "kid", "use", "alg"])
            let token = try await client.token(gateway)
            let rotated = try KeyCommands(policies: client.site.policies).rotate()
            let second = try await keys()
            #expect(second.count == 2 && Set(second.compactMap { $0["kid"] as? String }).count == 2)
            #expect(second.first?["kid"] as? String == rotated.kid && rotated.retiring.map(\.kid) == [first[0]["kid"] as? String])
            let fresh = try await client.token(gateway)
            for (index, text) in [token, fresh].enumerated() {
                try expect(try await gateway.send(client.event("evt_\(index)", token: text)), 200, "accepted", "ok", at: client.site)
            }
            #expect(try client.site.records().contains { $0.kind == "admin" })
        }
    }

    @Test("SEC-41: introspection tells a client about its own tokens, and nothing about any other")
    func introspection() async throws {
        let client = try await TokenClient()
        try client.site.sender("globex", "scopes: [events:write]")
        let secret = try client.site.add("globex/oauth")
        try await serving(client.site) { gateway in
            let token = try await client.token(gateway)
            func ask(_ path: String, _ user: String, _ secret: String, _ token: String) async throws -> RawAnswer {
                try await gateway.send(TokenClient.form(path, ["token": token]).with("Authorization", TokenClient.basic(user, secret)))
            }
            let own = try await ask("/oauth/introspect", "acme", client.secret, token)
            let members = try TokenClient.members(own)
            #expect(
                members["active"] as? Bool == true && members["client_id"] as? String == "acme"
                    && members["scope"] as? String == "events:read events:write")
            #expect(try client.site.tokenRecord(of: own)?.token?.event == "introspected")
            for (user, secret, token) in [
                ("globex", secret, token), ("acme", client.secret, "x.y.z"), ("acme", client.secret, token + "A"),
            ] {
                let answer = try await ask("/oauth/introspect", user, secret, token)
                #expect(answer.status == 200 && answer.text == "{\"active\":false}", "\(answer.text)")
            }
            try expectOAuthError(
                try await ask("/oauth/introspect", "acme", "wrong secret of acme", token), 401, "invalid_client", at: client.site)
            try expectOAuthError(
                try await gateway.send(TokenClient.form("/oauth/revoke", ["token": token])), 401, "invalid_client", at: client.site)

            // Another client's token is not revoked, an unknown one is 200 all the same.
            #expect(try await ask("/oauth/revoke", "globex", secret, token).status == 200)
            #expect(try await ask("/oauth/revoke", "acme", client.secret, "unknown").status == 200)
            try expect(try await gateway.send(client.event("evt_1", token: token)), 200, "accepted", "ok", at: client.site)
            let revoked = try await ask("/oauth/revoke", "acme", client.secret, token)
            #expect(revoked.status == 200 && revoked.body.isEmpty)
            #expect(try client.site.tokenRecord(of: revoked)?.token?.event == "revoked")
            try expectRefusal(try await gateway.send(client.event("evt_2", token: token)), 401, "token-revoked", at: client.site)
            #expect(try await ask("/oauth/introspect", "acme", client.secret, token).text == "{\"active\":false}")
        }
    }

    @Test("SEC-34: an opaque token counts like any other, is kept as a digest, and outlives a restart")
    func opaque() async throws {
        let client = try await TokenClient(gateway: "oauth: { format: opaque }")
        var token = ""
        try await serving(client.site) { gateway in
            token = try await client.token(gateway)
            #expect(!token.contains(".") && token.utf8.count == 43)
            try expect(try await gateway.send(client.event("evt_1", token: token)), 200, "accepted", "ok", at: client.site)
        }
        // The text is nowhere in the state.
        let files = try client.site.folder.names(in: "var").filter { $0.hasPrefix("gatehouse.db") }
        #expect(!files.isEmpty)
        for file in files { #expect(try client.site.folder.read("var/\(file)").firstRange(of: Array(token.utf8)) == nil) }
        try await serving(client.site) { gateway in
            try expect(try await gateway.send(client.event("evt_2", token: token)), 200, "accepted", "ok", at: client.site)
        }
    }
}
