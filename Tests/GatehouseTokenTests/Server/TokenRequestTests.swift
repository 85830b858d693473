import GatehouseCrypto
import GatehousePolicy
import GatehouseTime
import GatehouseVerify
import Synchronization
import Testing

@testable import GatehouseOAuth
@testable import GatehouseToken

@Suite("Token requests")
struct TokenRequestTests {
    static let grant = "grant_type=client_credentials"

    @Test("a client secret in Basic or in the body gets a token that counts, and the secret's use is counted")
    func secrets() throws {
        let server = try TestServer()
        for decision in [
            try server.decide(Self.grant, authorization: [TestServer.basic("acme", TestServer.secret)]),
            try server.decide("\(Self.grant)&client_id=acme&client_secret=\(TestServer.secret)"),
        ] {
            #expect(decision.answer.status == 200)
            #expect(decision.event == .issued)
            #expect(decision.json["token_type"] == .string("Bearer"))
            #expect(decision.json["expires_in"] == .number("600"))
            #expect(decision.json["scope"] == .string("events:write events:read"))
            #expect(decision.json["refresh_token"] == nil)
            #expect(decision.uses.map(\.version) == [3])
            guard case .valid(let token) = try server.verdict(decision.accessToken) else {
                Issue.record("the token was refused")
                return
            }
            #expect(token.id == decision.token)
            #expect(token.credentials == [IssuingCredential(kind: "oauth", version: 3)])
        }
        let methods = try [
            server.decide(Self.grant, authorization: [TestServer.basic("acme", TestServer.secret)]).authentication,
            server.decide("\(Self.grant)&client_id=acme&client_secret=\(TestServer.secret)").authentication,
        ]
        #expect(methods == ["client_secret_basic", "client_secret_post"])
    }

    @Test("a form that cannot be read is recorded with the parameter and what is wrong with it, and with nothing of its value")
    func unreadable() throws {
        let server = try TestServer()
        for (body, detail) in [
            (
                "\(Self.grant)&client_assertion=a.b.c%0A",
                "`client_assertion` has a control character at its end, such as the line break of the file it was read from"
            ),
            ("\(Self.grant)&scope=a%0D%0A", "`scope` has a control character at its end, such as the line break"),
            ("\(Self.grant)&scope=a%0d%0a", "`scope` has a control character at its end, such as the line break"),
            ("\(Self.grant)&scope=a\r\n", "`scope` has a control character at its end, such as the line break"),
            ("\(Self.grant)&scope=a%0D%0Ab", "`scope` has a control character in it"),
            ("\(Self.grant)&scope=a%09b", "`scope` has a control character in it"),
            ("\(Self.grant)&client_secret=100%", "`client_secret` has a `%` without two hex digits behind it"),
            ("\(Self.grant)&scope=%ff", "`scope` is not UTF-8"),
            ("\(Self.grant)&other=%0a", "a parameter's value has a control character at its end"),
            ("secret%0a\(Self.grant)", "a parameter's name has a control character in it"),
            ("\(Self.grant)&&scope=a", "there is an `&` with nothing before or behind it"),
            (Self.grant + String(repeating: "&a", count: 32), "there are more than 32 parameters"),
            (String(repeating: "a", count: 65_537), "the body is longer than 65536 bytes"),
        ] {
            let decision = try server.decide(body, authorization: [TestServer.basic("acme", TestServer.secret)])
            #expect(decision.code == "invalid_request" && decision.problem == .form)
            #expect(decision.detail?.hasPrefix(detail) == true, "\(decision.detail ?? "")")
        }
    }

    @Test("SEC-28: a repeated parameter and one in the query is invalid_request")
    func repeated() throws {
        let server = try TestServer()
        let basic = [TestServer.basic("acme", TestServer.secret)]
        for (body, detail) in [
            ("\(Self.grant)&\(Self.grant)", "`grant_type` comes more than once"),
            ("\(Self.grant)&scope=events:write&scope=events:read", "`scope` comes more than once"),
            ("\(Self.grant)&unknown=1&unknown=2", "a parameter comes more than once"),
            ("\(Self.grant)&scope=&scope=", "`scope` comes more than once"),
        ] {
            let decision = try server.decide(body, authorization: basic)
            #expect(decision.detail == detail)
            #expect(decision.answer.status == 400)
            #expect(decision.code == "invalid_request")
            #expect(decision.reason == "malformed")
        }
        #expect(try server.decide(Self.grant, authorization: basic, hasQuery: true).code == "invalid_request")
        // `resource` alone may come several times (RFC 8707 section 2), each once.
        let resource = "&resource=https://hooks.example"
        #expect(try server.decide(Self.grant + resource + resource + "/orders", authorization: basic).answer.status == 200)
        let same = try server.decide(Self.grant + resource + resource, authorization: basic)
        #expect(same.code == "invalid_request" && same.detail == "`resource` comes twice with the same value")
        let many = (0..<17).map { "&resource=https://hooks.example/\($0)" }.joined()
        #expect(try server.decide(Self.grant + many, authorization: basic).detail == "`resource` comes more than 16 times")
    }

    @Test("SEC-29: two methods of authentication are invalid_request; a certificate beside a secret is none")
    func methods() throws {
        let server = try TestServer()
        let basic = [TestServer.basic("acme", TestServer.secret)]
        let post = "\(Self.grant)&client_id=acme&client_secret=\(TestServer.secret)"
        let assertion = TestServer.form(assertion: try TestServer.assertion("keys"))
        for decision in [
            try server.decide(post, authorization: basic), try server.decide(assertion, authorization: basic),
            try server.decide(assertion + "&client_id=keys&client_secret=x"), try server.decide(Self.grant, authorization: basic + basic),
            try server.decide("\(Self.grant)&client_id=other", authorization: basic),
        ] {
            #expect(decision.answer.status == 400)
            #expect(decision.code == "invalid_request")
        }
        #expect(try server.decide("\(Self.grant)&client_id=acme", authorization: basic).answer.status == 200)
        let beside = try server.decide(Self.grant, authorization: basic, certificate: TestServer.certificate)
        #expect(beside.authentication == "client_secret_basic")
        if case .valid(let token) = try server.verdict(beside.accessToken) { #expect(token.certificate == nil) }
        // A secret beside a certificate is judged as a secret.
        let wrong = try server.decide("\(Self.grant)&client_id=certs&client_secret=wrong-wrong-wrong", certificate: TestServer.certificate)
        #expect(wrong.code == "invalid_client")
    }

    @Test("a Basic that cannot be read is a failed authentication with a challenge, and its record says what is wrong")
    func unreadableBasic() throws {
        let server = try TestServer()
        for (field, detail) in [
            (TestServer.basic("acme", ""), "is empty"), ("Basic " + Base64.encode(Array("acme".utf8)), "no colon"),
            ("Basic !!!", "no base64"), (TestServer.basic("acme", TestServer.secret + "\n"), "line break"),
            (TestServer.basic("acme", "100%"), "form-encoded"),
        ] {
            let decision = try server.decide(Self.grant, authorization: [field])
            #expect(decision.answer.status == 401 && decision.code == "invalid_client", "\(detail)")
            #expect(decision.header("WWW-Authenticate")?.hasPrefix("Basic ") == true && decision.isFailure)
            #expect(decision.problem == .clientAuthentication && decision.detail?.contains(detail) == true, "\(decision.detail ?? "")")
        }
        let basic = [TestServer.basic("acme", TestServer.secret)]
        for (body, fields, detail) in [
            ("\(Self.grant)&client_id=other", basic, "`client_id`"),
            ("\(Self.grant)&client_assertion=x", [], "without `client_assertion_type`"),
            (Self.grant, basic + basic, "more than one"), ("\(Self.grant)&client_secret=x", basic, "beside an Authorization field"),
        ] {
            let decision = try server.decide(body, authorization: fields)
            #expect(decision.answer.status == 400 && decision.detail?.contains(detail) == true, "\(decision.detail ?? "")")
        }
    }

    @Test("what was asked for beyond the policy is on record, quoted and bounded")
    func askedFor() throws {
        let server = try TestServer()
        let basic = [TestServer.basic("acme", TestServer.secret)]
        let scope = try server.decide("\(Self.grant)&scope=events%3Aread+admin", authorization: basic)
        #expect(scope.code == "invalid_scope" && scope.detail?.contains("\"admin\"") == true, "\(scope.detail ?? "")")
        let target = try server.decide("\(Self.grant)&resource=https%3A%2F%2Felsewhere.example", authorization: basic)
        #expect(target.code == "invalid_target" && target.detail?.contains("\"https://elsewhere.example\"") == true)
        let long = try server.decide("\(Self.grant)&scope=" + String(repeating: "x", count: 2_000), authorization: basic)
        #expect((long.detail?.count ?? 0) < 200)
    }

    @Test("SEC-29: a method that the sender's policy does not list is invalid_client, though the secret is right")
    func unlisted() throws {
        let server = try TestServer()
        let post = "\(Self.grant)&client_id=basic-only&client_secret=\(TestServer.secret)"
        #expect(try server.decide(post).code == "invalid_client")
        #expect(try server.decide(Self.grant, authorization: [TestServer.basic("basic-only", TestServer.secret)]).answer.status == 200)
    }

    @Test("SEC-30: id and secret of Basic are form-decoded after the first colon splits them")
    func decoding() throws {
        let server = try TestServer()
        #expect(
            try server.decide(Self.grant, authorization: [TestServer.basic("given", "correct+horse%2Bbattery%25staple")]).answer.status
                == 200)
        #expect(try server.decide(Self.grant, authorization: [TestServer.basic("ac%6De", TestServer.secret)]).answer.status == 200)
        #expect(
            try server.decide(Self.grant, authorization: ["bAsIc " + TestServer.basic("acme", TestServer.secret).dropFirst(6)]).answer
                .status == 200)
        #expect(try server.decide(Self.grant, authorization: [TestServer.basic("given", TestServer.givenSecret)]).answer.status == 401)
    }

    @Test("SEC-31: errors are 401 for the client and 400 else, JSON, no-store, and describe themselves within the character set")
    func errors() throws {
        let server = try TestServer()
        let refused = try server.decide(Self.grant, authorization: [TestServer.basic("acme", "wrong-wrong-wrong")])
        #expect(refused.answer.status == 401)
        #expect(refused.code == "invalid_client")
        #expect(refused.header("WWW-Authenticate")?.hasPrefix("Basic ") == true)
        let bodies = [
            "", Self.grant, "grant_type=", "x", "\(Self.grant)&scope=a%0Ab",
            "grant_type=%22%5C%C3%A9&client_id=acme&client_secret=\(TestServer.secret)",
        ]
        for body in bodies {
            let decision = try server.decide(body)
            #expect(decision.answer.status == 400 || decision.answer.status == 401)
            #expect(decision.header("Content-Type") == "application/json")
            #expect(decision.header("Cache-Control") == "no-store")
            let description = decision.json["error_description"]?.text ?? ""
            #expect(description.utf8.allSatisfy { (0x20...0x7e).contains($0) && $0 != 0x22 && $0 != 0x5c })
        }
        let issued = try server.decide(Self.grant, authorization: [TestServer.basic("acme", TestServer.secret)])
        #expect(issued.header("Cache-Control") == "no-store")
    }

    @Test("SEC-32: an unknown client, a wrong secret, a retired and a revoked one get the same answer")
    func sameAnswer() throws {
        let server = try TestServer()
        let attempts = [
            ("nobody", "wrong-wrong-wrong"), ("acme", "wrong-wrong-wrong"), ("acme", "acme-secret-of-before-0123456789"),
            ("none", "wrong-wrong-wrong"),
            ("given", "wrong-wrong-wrong"), ("keys", "wrong-wrong-wrong"), ("basic-only", TestServer.secret), ("near", TestServer.secret),
        ]
        var answers: Set<[UInt8]> = []
        var reasons: [String] = []
        for (client, secret) in attempts {
            let decision = try server.decide("\(Self.grant)&client_id=\(client)&client_secret=\(secret)", remote: "192.0.2.1")
            answers.insert(decision.answer.body + Array("\(decision.answer.status)\(decision.answer.headers)".utf8))
            reasons.append(decision.reason)
            #expect(decision.isFailure)
            #expect(decision.claimedClient == client)
            #expect(decision.sender == nil)
            #expect(decision.version == (decision.problem == .secretRetired ? 1 : nil))
        }
        #expect(answers.count == 1)
        // The record tells what the answer does not.
        #expect(
            reasons == [
                "credential-unknown", "credential-mismatch", "credential-retired", "credential-unknown", "credential-mismatch",
                "credential-unknown",
                "credential-mismatch", "network",
            ])
    }

    @Test("SEC-32: where some secret is stretched every failure takes one stretching, and where none is nobody waits")
    func sameTime() throws {
        let server = try TestServer()
        for client in ["nobody", "acme", "given", "none", "keys"] {
            _ = try server.decide("\(Self.grant)&client_id=\(client)&client_secret=wrong-wrong-wrong")
            #expect(server.stretchings == 1)
        }
        let plain = try TestServer(withoutGiven: true)
        for client in ["nobody", "acme", "none"] {
            _ = try plain.decide("\(Self.grant)&client_id=\(client)&client_secret=wrong-wrong-wrong")
            #expect(plain.stretchings == 0)
        }
    }

    @Test("a chosen secret is stretched once and then remembered, until its version is revoked")
    func remembered() throws {
        let server = try TestServer()
        let body = "\(Self.grant)&client_id=given&client_secret=correct%20horse%2Bbattery%25staple"
        #expect(try server.decide(body).answer.status == 200)
        #expect(server.stretchings == 1)
        #expect(try server.decide(body).answer.status == 200)
        #expect(server.stretchings == 0)
        server.credentials = CredentialSet(server.credentials.versions.filter { $0.key.sender != "given" })
        try server.reload()
        #expect(try server.decide(body).code == "invalid_client")
    }

    @Test("SEC-29, SEC-32: a field that was right before is still judged with each form, address, time and snapshot")
    func rememberedField() throws {
        let server = try TestServer()
        let basic = [TestServer.basic("acme", TestServer.secret)]
        for _ in 0..<2 { #expect(try server.decide(Self.grant, authorization: basic).version == 3) }
        #expect(try server.decide("\(Self.grant)&client_secret=x", authorization: basic).code == "invalid_request")
        #expect(try server.decide("\(Self.grant)&client_id=given", authorization: basic).code == "invalid_request")
        #expect(try server.decide("x=1", authorization: basic).code == "invalid_request")
        #expect(try server.decide(Self.grant, authorization: basic + basic).code == "invalid_request")
        #expect(try server.decide("grant_type=password", authorization: basic).code == "unauthorized_client")
        #expect(try server.decide("token=x", to: .introspect, authorization: basic).json == ["active": .bool(false)])
        #expect(try server.decide("x=1", to: .introspect, authorization: basic).code == "invalid_request")
        #expect(try server.decide(Self.grant, authorization: [basic[0] + "="]).code == "invalid_client")
        server.policy.senders["acme"]?.networks = [Network("192.0.2.0/24")].compactMap { $0 }
        try server.reload()
        for _ in 0..<2 { #expect(try server.decide(Self.grant, authorization: basic).reason == "network") }
        #expect(try server.decide(Self.grant, authorization: basic, remote: "192.0.2.7").answer.status == 200)
        server.policy.senders["acme"]?.tokenAuthentication = [.clientSecretPost]
        try server.reload()
        for _ in 0..<2 { #expect(try server.decide(Self.grant, authorization: basic, remote: "192.0.2.7").code == "invalid_client") }
        server.policy.senders["acme"] = nil
        try server.reload()
        #expect(try server.decide(Self.grant, authorization: basic, remote: "192.0.2.7").reason == "credential-unknown")
    }

    @Test("overlap: a retiring secret gets tokens before its end and not at it, and they outlive it")
    func overlap() throws {
        let server = try TestServer()
        let old = [TestServer.basic("acme", "acme-secret-retiring-0123456789")]
        let decision = try server.decide(Self.grant, authorization: old, at: .now + .seconds(59))
        #expect(decision.version == 2)
        #expect(try server.decide(Self.grant, authorization: old, at: .now + .seconds(60)).code == "invalid_client")
        guard case .valid = try server.verdict(decision.accessToken, at: .now + .seconds(300)) else {
            Issue.record("the token was refused")
            return
        }
    }

    @Test("SEC-33: a grant that the sender has not is unauthorized_client, an unknown one unsupported_grant_type")
    func grants() throws {
        let server = try TestServer()
        let basic = [TestServer.basic("acme", TestServer.secret)]
        #expect(try server.decide("grant_type=password&username=acme&password=x", authorization: basic).code == "unauthorized_client")
        for grant in ["authorization_code", "refresh_token", "implicit", "Client_Credentials", "client_credentials%20"] {
            #expect(try server.decide("grant_type=\(grant)", authorization: basic).code == "unsupported_grant_type")
        }
        #expect(try server.decide("\(Self.grant)&client_id=legacy&client_secret=\(TestServer.secret)").code == "unauthorized_client")
    }

    @Test("SEC-33: the password grant checks the sender's basic credential beside its client secret")
    func passwordGrant() throws {
        let server = try TestServer()
        let client = "grant_type=password&client_id=legacy&client_secret=\(TestServer.secret)"
        let good = "&username=legacy&password=legacy+password+%26%3D%2B"
        let decision = try server.decide(client + good)
        #expect(decision.answer.status == 200)
        #expect(decision.grant == "password")
        #expect(decision.uses.map(\.kind) == [.oauth, .basic])
        if case .valid(let token) = try server.verdict(decision.accessToken) {
            #expect(token.credentials.map(\.kind) == ["oauth", "basic"])
        }
        for bad in ["&username=legacy&password=wrong", "&username=acme&password=legacy+password+%26%3D%2B"] {
            let refused = try server.decide(client + bad)
            #expect(refused.code == "invalid_grant")
            #expect(refused.answer.status == 400)
            #expect(refused.isFailure)
        }
        #expect(try server.decide(client + "&username=legacy").code == "invalid_request")
        #expect(try server.decide("grant_type=password&client_id=legacy&client_secret=wrong-wrong" + good).code == "invalid_client")
        #expect(try server.decide("grant_type=password" + good).code == "invalid_client")
    }

    @Test("SEC-34: a scope within the sender's is issued and stated, one beyond it is invalid_scope")
    func scopes() throws {
        let server = try TestServer()
        let basic = [TestServer.basic("acme", TestServer.secret)]
        let one = try server.decide("\(Self.grant)&scope=events:read", authorization: basic)
        #expect(one.json["scope"] == .string("events:read"))
        #expect(one.scopes == ["events:read"])
        for scope in ["admin", "events:write+admin", "events:write++events:read", "+", "events%3Aw\u{e9}"] {
            #expect(try server.decide("\(Self.grant)&scope=\(scope)", authorization: basic).code == "invalid_scope")
        }
        #expect(try server.decide("\(Self.grant)&scope=", authorization: basic).json["scope"] == .string("events:write events:read"))
    }

    @Test(
        "SEC-34: a sender without scopes gets a token without any, which says so by saying none, and whatever it asks for is invalid_scope")
    func withoutScopes() throws {
        let server = try TestServer()
        server.policy.senders["acme"]?.scopes = []
        try server.reload()
        let basic = [TestServer.basic("acme", TestServer.secret)]
        for body in [Self.grant, "\(Self.grant)&scope="] {
            let decision = try server.decide(body, authorization: basic)
            #expect(decision.answer.status == 200 && decision.json["scope"] == nil && decision.scopes.isEmpty)
            guard case .valid(let token) = try server.verdict(decision.accessToken) else {
                Issue.record("the token was refused")
                return
            }
            #expect(token.scopes.isEmpty)
        }
        let asked = try server.decide("\(Self.grant)&scope=events:write", authorization: basic)
        #expect(asked.code == "invalid_scope" && asked.answer.status == 400 && asked.reason == "token-scope" && asked.problem == .scope)
        #expect(asked.sender == "acme")
    }

    @Test("a client id without anything that proves it is a missing credential, unless a certificate is what the sender proves itself with")
    func nameAlone() throws {
        let server = try TestServer()
        let alone = try server.decide("\(Self.grant)&client_id=acme")
        #expect(
            alone.code == "invalid_client" && alone.reason == "credential-missing" && alone.authentication == nil
                && alone.claimedClient == "acme")
        let certificate = try server.decide("\(Self.grant)&client_id=certs")
        #expect(certificate.reason == "certificate-missing" && certificate.authentication == "tls_client_auth")
        let unknown = try server.decide("\(Self.grant)&client_id=nobody")
        #expect(unknown.reason == "credential-unknown" && unknown.answer.body == alone.answer.body)
    }

    @Test("audience and resource narrow the token, none means all of the sender's, and another is invalid_target")
    func targets() throws {
        let server = try TestServer()
        let basic = [TestServer.basic("acme", TestServer.secret)]
        func audiences(_ more: String) throws -> [String]? {
            let decision = try server.decide(Self.grant + more, authorization: basic)
            guard case .valid(let token) = try server.verdict(decision.accessToken) else { return nil }
            return token.audiences
        }
        #expect(try audiences("") == ["https://hooks.example", "https://hooks.example/orders"])
        #expect(try audiences("&audience=https://hooks.example") == ["https://hooks.example"])
        #expect(try audiences("&audience=https://hooks.example/orders&resource=https://hooks.example")?.count == 2)
        for target in [
            "audience=https://elsewhere.example", "resource=https://elsewhere.example", "resource=https://hooks.example%23x",
            "audience=https://hooks.example/",
        ] {
            let decision = try server.decide("\(Self.grant)&\(target)", authorization: basic)
            #expect(decision.code == "invalid_target")
            #expect(decision.answer.status == 400)
        }
    }

    @Test("an opaque token counts once it is stored, and is not handed out where it cannot be")
    func opaque() throws {
        let server = try TestServer(format: .opaque)
        let token = try server.acmeToken()
        #expect(token.utf8.count == 43)
        guard case .valid = try server.verdict(token) else {
            Issue.record("the token was refused")
            return
        }
        server.memory.contents.withLock { $0.isFull = true }
        let decision = try server.decide(Self.grant, authorization: [TestServer.basic("acme", TestServer.secret)])
        #expect(decision.answer.status == 503)
        #expect(decision.json["access_token"] == nil)
        #expect(decision.event == .refused)
        #expect(decision.reason == "unavailable")
    }

    @Test("SEC-50: revoking a client secret ends the tokens that were got with it, and no others'")
    func revokedSecret() throws {
        for format in GatewayPolicy.OAuth.TokenFormat.allCases {
            let server = try TestServer(format: format)
            let old = try server.decide(Self.grant, authorization: [TestServer.basic("acme", "acme-secret-retiring-0123456789")])
                .accessToken
            let new = try server.acmeToken()
            var versions = server.credentials.versions
            let name = CredentialName(sender: "acme", kind: .oauth)
            versions[name] = versions[name]?.filter { $0.number != 2 }
            server.credentials = CredentialSet(versions)
            try server.reload()
            guard case .refused(.revoked, _) = try server.verdict(old), case .valid = try server.verdict(new) else {
                Issue.record("the wrong token was refused")
                return
            }
            versions[name]?.indices.forEach { versions[name]?[$0].state = .revoked }
            server.credentials = CredentialSet(versions)
            try server.reload()
            guard case .refused(.revoked, _) = try server.verdict(new) else {
                Issue.record("a token of a revoked client was accepted")
                return
            }
        }
    }

    @Test("an operator's token has no more than the sender could have, and ends with its newest credential")
    func operatorToken() throws {
        let server = try TestServer()
        let issued = try server.server.issue(sender: "acme", scopes: ["events:read"], at: .now)
        #expect(issued.minted.token.credentials == [IssuingCredential(kind: "oauth", version: 3)])
        #expect(throws: OAuthIssueError.self) { try server.server.issue(sender: "nobody", at: .now) }
        #expect(throws: OAuthIssueError.self) { try server.server.issue(sender: "acme", scopes: ["admin"], at: .now) }
        #expect(throws: OAuthIssueError.self) {
            try server.server.issue(sender: "acme", audiences: ["https://elsewhere.example"], at: .now)
        }
        #expect(throws: OAuthIssueError.self) { try server.server.issue(sender: "bank", at: .now) }
        // Nothing could end such a token before its time.
        let without = #expect(throws: OAuthIssueError.self) { try server.server.issue(sender: "none", at: .now) }
        #expect(without?.description.contains("gatehouse secret add none/oauth") == true, "\(without?.description ?? "")")
    }
}
