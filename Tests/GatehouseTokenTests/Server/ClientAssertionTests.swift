import GatehouseCrypto
import GatehouseTime
import GatehouseVerify
import Synchronization
import Testing

@testable import GatehouseOAuth
@testable import GatehouseToken

@Suite("Client assertions")
struct ClientAssertionTests {
    private func decide(_ server: TestServer, _ assertion: String, client: String? = nil, at now: WallTime = .now) throws -> OAuthDecision {
        try server.decide(TestServer.form(assertion: assertion, client: client), at: now)
    }

    @Test("registered keys of every kind prove a client: PEM, JWK and JWK Set; ES256, EdDSA, PS256 and RS256")
    func kinds() throws {
        let server = try TestServer()
        let assertions = [
            (try TestServer.assertion("keys"), 1),
            (
                try TestServer.assertion(
                    "keys", header: "{\"alg\":\"EdDSA\",\"kid\":\"ed\"}", key: TestKeys.ed25519, scheme: .ed25519, id: "two"), 2
            ),
            (
                try TestServer.assertion(
                    "keys", header: "{\"alg\":\"PS256\",\"kid\":\"rsa-ps\"}", key: TestKeys.rsa, scheme: .rsaPSS(.sha256), id: "three"), 2
            ),
            (
                try TestServer.assertion(
                    "keys", header: "{\"alg\":\"RS256\",\"kid\":\"rsa-rs\"}", key: TestKeys.rsa, scheme: .rsaPKCS1(.sha256), id: "four"), 2
            ),
            (try TestServer.assertion("keys", header: "{\"alg\":\"EdDSA\"}", key: TestKeys.ed25519, scheme: .ed25519, id: "five"), 2),
        ]
        for (assertion, version) in assertions {
            let decision = try decide(server, assertion)
            #expect(decision.answer.status == 200)
            #expect(decision.authentication == "private_key_jwt")
            #expect(decision.version == version)
        }
        #expect(
            try decide(server, try TestServer.assertion("older", header: "{\"alg\":\"ES256\",\"typ\":\"client-authentication+jwt\"}"))
                .answer.status == 200)
        #expect(try decide(server, try TestServer.assertion("keys", id: "six"), client: "keys").answer.status == 200)
    }

    @Test("an assertion of a retired key is refused as such, with its version, also where no key is live; a revoked one is like any other")
    func retiredKeys() throws {
        let server = try TestServer()
        let name = CredentialName(sender: "older", kind: .key)
        let assertion = try TestServer.assertion("older")
        for others in [true, false] {
            var versions = server.credentials.versions
            versions[name] = server.credentials[name].map { version in
                var version = version
                version.state = .retired
                return version
            }
            if others {
                versions[name]?.append(
                    CredentialVersion(
                        number: 9, state: .active, created: .now, value: PlainCredential(try TestKeys.otherP256.publicKey.pem())))
            }
            server.credentials = CredentialSet(versions)
            try server.reload()
            let decision = try decide(server, assertion)
            #expect(decision.problem == .keyRetired)
            #expect(decision.reason == "signed-with-retired")
            #expect(decision.version == 1)
            #expect(decision.code == "invalid_client")
            #expect(decision.sender == nil)
            #expect(decision.uses.isEmpty)
        }
        #expect(try decide(server, try TestServer.assertion("older", key: TestKeys.ed25519, scheme: .ed25519)).problem != .keyRetired)
        server.credentials = CredentialSet(server.credentials.versions.filter { $0.key != name })
        try server.reload()
        #expect(try decide(server, assertion).problem == .noKey)
    }

    @Test("SEC-43: the key decides the algorithm: a JWK for PS256 verifies no RS256, and a name means its own key only")
    func algorithms() throws {
        let server = try TestServer()
        for assertion in [
            try TestServer.assertion(
                "keys", header: "{\"alg\":\"RS256\",\"kid\":\"rsa-ps\"}", key: TestKeys.rsa, scheme: .rsaPKCS1(.sha256)),
            try TestServer.assertion("keys", header: "{\"alg\":\"PS256\",\"kid\":\"rsa-rs\"}", key: TestKeys.rsa, scheme: .rsaPSS(.sha256)),
            try TestServer.assertion("keys", header: "{\"alg\":\"EdDSA\",\"kid\":\"rsa-ps\"}", key: TestKeys.ed25519, scheme: .ed25519),
            try TestServer.assertion("keys", key: TestKeys.otherP256),
            try TestServer.assertion("older", header: "{\"alg\":\"EdDSA\"}", key: TestKeys.ed25519, scheme: .ed25519),
        ] {
            let decision = try decide(server, assertion)
            #expect(decision.code == "invalid_client")
            #expect(decision.reason == "token-signature")
        }
    }

    @Test(
        "SEC-43: confusion of algorithms and keys is recorded as what it is, by the method and the client it claims, with and without client_id"
    )
    func confusionRecorded() throws {
        let server = try TestServer()
        func mac(_ key: [UInt8], _ header: String) throws -> String {
            let text = try TestServer.assertion("keys", header: header)
            let signed = text.split(separator: ".").dropLast().joined(separator: ".")
            let mac = try MAC(.sha256, key: Secret(key))
            mac.start()
            Array(signed.utf8).withUnsafeBytes { mac.update($0) }
            var code = [UInt8](repeating: 0, count: 32)
            _ = code.withUnsafeMutableBytes { mac.finish(into: $0) }
            return signed + "." + Base64.encode(code, alphabet: .url, padded: false)
        }
        let unsigned =
            try TestServer.assertion("keys", header: "{\"alg\":\"none\"}").split(separator: ".").dropLast().joined(separator: ".") + "."
        let pem = Array(try TestKeys.p256.publicKey.pem().utf8)
        let cases: [(String, OAuthProblem, String)] = [
            (try mac(pem, "{\"alg\":\"HS256\"}"), .assertionAlgorithm, "HS256"), (unsigned, .assertionAlgorithm, "none"),
            (try mac(pem, "{\"alg\":\"hs256\",\"typ\":\"JWT\"}"), .assertionAlgorithm, "hs256"),
            (
                try TestServer.assertion("keys", header: "{\"alg\":\"EdDSA\",\"kid\":\"rsa-ps\"}", key: TestKeys.ed25519, scheme: .ed25519),
                .assertionKey, "kid"
            ),
            (try TestServer.assertion("keys", header: "{\"alg\":\"RS256\"}", key: TestKeys.p256), .assertionSignature, "another key"),
        ]
        for (assertion, problem, detail) in cases {
            for client in [nil, "keys"] {
                let decision = try decide(server, assertion, client: client)
                #expect(decision.code == "invalid_client" && decision.event == .refused && decision.isFailure)
                #expect(
                    decision.reason == "token-signature" && decision.problem == problem,
                    "\(decision.reason) \(String(describing: decision.problem))")
                #expect(
                    decision.authentication == "private_key_jwt" && decision.claimedClient == "keys"
                        && decision.grant == "client_credentials")
                #expect(decision.detail?.contains(detail) == true, "\(decision.detail ?? "")")
            }
        }
    }

    @Test("an assertion that names no client is recorded as a malformed one, by its method, with what is wrong")
    func nameless() throws {
        let server = try TestServer()
        for (assertion, detail) in [
            ("garbage", "three parts"), ("a.b.c", "base64url"), ("e30.W10.", "`alg` of its header is missing"),
            (try TestServer.assertion("keys", ["sub": ""]), "`sub` is missing"),
            (try TestServer.assertion("keys", ["sub": "7"]), "`sub` is a number"),
        ] {
            let decision = try decide(server, assertion)
            #expect(decision.code == "invalid_client" && decision.reason == "token-malformed" && decision.problem == .assertionMalformed)
            #expect(decision.authentication == "private_key_jwt" && decision.claimedClient == nil)
            #expect(decision.detail?.contains(detail) == true, "\(decision.detail ?? "")")
        }
    }

    @Test("SEC-35: issuer, subject and client are one; the audience is the issuer alone")
    func claims() throws {
        let server = try TestServer()
        let refused: [([String: String], String)] = [
            (["iss": "\"acme\""], "credential-mismatch"), (["iss": ""], "token-malformed"), (["sub": ""], "token-malformed"),
            (["jti": ""], "token-malformed"), (["exp": ""], "token-malformed"), (["aud": ""], "token-malformed"),
            (["aud": "\"https://hooks.example/oauth/token\""], "token-audience"), (["aud": "\"https://hooks.example/\""], "token-audience"),
            (["aud": "[\"https://hooks.example\",\"https://elsewhere.example\"]"], "token-audience"), (["aud": "[]"], "token-audience"),
            (["aud": "7"], "token-audience"),
        ]
        for (changes, reason) in refused {
            let decision = try decide(server, try TestServer.assertion("keys", changes))
            #expect(decision.code == "invalid_client")
            #expect(decision.reason == reason)
        }
        #expect(try decide(server, try TestServer.assertion("keys", ["aud": "[\"https://hooks.example\"]"])).answer.status == 200)
        let foreign = try decide(server, try TestServer.assertion("keys", id: "two"), client: "older")
        #expect(foreign.code == "invalid_client")
        #expect(foreign.reason == "credential-mismatch" && foreign.detail?.contains("another than `client_id`") == true)
        let unknown = try decide(server, try TestServer.assertion("keys", header: "{\"alg\":\"ES256\",\"kid\":\"gone\"}", id: "three"))
        if unknown.problem == .assertionKey { #expect(unknown.detail?.contains("\"gone\"") == true) }
        // Of a token that was asked about nothing is told where the assertion was used before.
        let again = TestServer.form(assertion: try TestServer.assertion("keys", id: "four")) + "&token=garbage"
        #expect(try server.decide(again, to: .introspect).detail != nil)
        let replayed = try server.decide(again, to: .introspect)
        #expect(replayed.problem == .assertionUsed && replayed.detail == nil)
    }

    @Test("SEC-35: the token endpoint is an audience only where policy says so, and there the issuer still is")
    func olderAudience() throws {
        let server = try TestServer()
        #expect(
            try decide(server, try TestServer.assertion("older", ["aud": "\"https://hooks.example/oauth/token\""])).answer.status == 200)
        #expect(try decide(server, try TestServer.assertion("older", id: "two")).answer.status == 200)
        #expect(
            try decide(server, try TestServer.assertion("older", ["aud": "\"https://elsewhere.example/oauth/token\""], id: "three")).code
                == "invalid_client")
    }

    @Test("SEC-36: eight seconds ahead pass, a minute fails; the end is near and not past")
    func clocks() throws {
        let server = try TestServer()
        let cases: [([String: String], String?)] = [
            (["nbf": "1790000008", "iat": "1790000008"], nil), (["nbf": "1790000060"], "token-not-yet"),
            (["iat": "1790000060"], "token-not-yet"),
            (["exp": "1790000000"], "token-expired"), (["exp": "1789999700"], "token-expired"), (["exp": "1790003600"], nil),
            (["exp": "1790003601"], "token-not-yet"), (["exp": "1790000060.5"], "token-malformed"), (["exp": "-1"], "token-malformed"),
            (["exp": "99999999999999999999"], "token-malformed"), (["exp": "\"1790000060\""], "token-malformed"),
            (["nbf": "\"now\""], "token-malformed"), (["iat": "1e9"], "token-malformed"),
        ]
        for (index, (changes, reason)) in cases.enumerated() {
            let decision = try decide(server, try TestServer.assertion("keys", changes, id: "id-\(index)"))
            #expect(decision.answer.status == (reason == nil ? 200 : 401))
            if let reason { #expect(decision.reason == reason) }
        }
    }

    @Test("SEC-37: an assertion works once until it ends, whatever it was used for, and each client has its own names")
    func once() throws {
        let server = try TestServer()
        let assertion = try TestServer.assertion("keys")
        #expect(try decide(server, assertion).answer.status == 200)
        let again = try decide(server, assertion)
        #expect(again.code == "invalid_client")
        #expect(again.reason == "duplicate")
        #expect(again.json["access_token"] == nil)
        #expect(again.uses.isEmpty)
        // Another assertion with the same name is the same to us; another client's is not.
        #expect(try decide(server, try TestServer.assertion("keys", ["exp": "1790000050"])).reason == "duplicate")
        #expect(try decide(server, try TestServer.assertion("older")).answer.status == 200)
        // Used up also where the request came to nothing.
        let wasted = try TestServer.assertion("keys", id: "two")
        #expect(try server.decide(TestServer.form(assertion: wasted) + "&scope=admin").code == "invalid_scope")
        #expect(try decide(server, wasted).reason == "duplicate")
        let asked = try TestServer.assertion("keys", id: "three")
        #expect(try server.decide(TestServer.form(assertion: asked) + "&token=x", to: .introspect).answer.status == 200)
        #expect(try decide(server, asked).reason == "duplicate")
    }

    @Test("SEC-37: where it cannot be stored that an assertion was used, nothing is issued")
    func notStored() throws {
        let server = try TestServer()
        server.memory.contents.withLock { $0.isFull = true }
        let decision = try decide(server, try TestServer.assertion("keys"))
        #expect(decision.answer.status == 503)
        #expect(decision.header("Retry-After") != nil)
        #expect(decision.json["access_token"] == nil)
    }

    @Test("SEC-44: an access token is no assertion, and an assertion no access token")
    func confusion() throws {
        let server = try TestServer()
        for type in ["at+jwt", "application/at+jwt", "AT+JWT", "secevent+jwt", "dpop+jwt", "oauth-authz-req+jwt"] {
            let decision = try decide(server, try TestServer.assertion("keys", header: "{\"alg\":\"ES256\",\"typ\":\"\(type)\"}"))
            #expect(decision.reason == "token-malformed")
        }
        // Signed with the very key that signs tokens, for the same issuer.
        let kid = try #require(server.signing.active?.id)
        for type in ["", ",\"typ\":\"JWT\"", ",\"typ\":\"client-authentication+jwt\""] {
            let assertion = try TestServer.assertion(
                "acme", ["client_id": "\"acme\"", "iat": "1790000000"], header: "{\"alg\":\"ES256\",\"kid\":\"\(kid)\"\(type)}")
            #expect(try server.verdict(assertion) == .refused(.malformed, nil))
        }
        let token = try server.acmeToken()
        #expect(try decide(server, token, client: "keys").code == "invalid_client")
    }

    @Test("a revoked key proves nothing any more, and ends its tokens")
    func revokedKey() throws {
        let server = try TestServer()
        let token = try decide(server, try TestServer.assertion("keys")).accessToken
        server.credentials = .init(server.credentials.versions.filter { $0.key.sender != "keys" })
        try server.reload()
        #expect(try decide(server, try TestServer.assertion("keys", id: "two")).reason == "credential-unknown")
        guard case .refused(.revoked, _) = try server.verdict(token) else {
            Issue.record("the token was accepted")
            return
        }
    }
}
