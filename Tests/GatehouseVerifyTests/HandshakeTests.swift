import GatehouseCrypto
import GatehousePolicy
import GatehouseTime
import Testing

@testable import GatehouseVerify

@Suite("Handshakes")
struct HandshakeTests {
    private func field(_ answer: HandshakeAnswer?, _ name: String) -> String? { answer?.fields.first { $0.name == name }?.value }
    private func text(_ answer: HandshakeAnswer?) -> String? { answer.map { String(decoding: $0.body, as: UTF8.self) } }

    @Test("a challenge in the query is echoed as plain text that no browser sniffs")
    func echo() throws {
        let gate = try Gate.signed(try Scheme.shipped("dropbox"))
        let answer = try gate.verify(Request(method: "GET", target: "/hooks/test?challenge=a%2Bb%20c+d")).answer
        #expect(text(answer) == "a+b c d")
        #expect(field(answer, "Content-Type") == "text/plain; charset=utf-8")
        #expect(field(answer, "X-Content-Type-Options") == "nosniff")
    }

    @Test(
        "SEC-61 an echo is bounded and holds no markup or control character",
        arguments: [
            "%3Cscript%3E", "a%0Ab", "%00", "a%C3%A9", String(repeating: "a", count: 1_025), "",
        ])
    func bounded(_ value: String) throws {
        let gate = try Gate.signed(try Scheme.shipped("dropbox"))
        #expect(try gate.verify(Request(method: "GET", target: "/hooks/test?challenge=\(value)")).summary == "malformed")
    }

    @Test("a method that only handshakes have is refused otherwise, signed or not")
    func method() throws {
        let gate = try Gate.signed(try Scheme.shipped("dropbox"))
        #expect(try gate.verifier().endpoints[0].handshakeMethods == ["GET"])
        #expect(try gate.verify(Request(method: "GET")).summary == "method")
        var signed = try gate.sign("x")
        signed.method = "GET"
        #expect(try gate.verify(signed).summary == "method")
        #expect(try gate.verify(Request(method: "DELETE", target: "/hooks/test?challenge=a")).summary == "method")
        #expect(try gate.verify(Request(method: "POST", target: "/hooks/test?challenge=a")).summary == "signature-missing")
        #expect(try gate.verify(Request(method: "GET", target: "/hooks/test?challenge=a&challenge=b")).summary == "method")
    }

    @Test("values that a condition names must be equal")
    func equal() throws {
        let gate = try Gate.signed(try Scheme.shipped("meta"))
        #expect(
            text(try gate.verify(Request(method: "GET", target: "/hooks/test?hub.mode=subscribe&hub.challenge=1158201444")).answer)
                == "1158201444")
        #expect(try gate.verify(Request(method: "GET", target: "/hooks/test?hub.mode=unsubscribe&hub.challenge=1")).summary == "method")
    }

    @Test("a verify token is the sender's live signing credential")
    func token() throws {
        var scheme = Scheme.bare()
        scheme.handshakes = [
            Handshake(
                when: Handshake.Condition(method: "GET", token: .query("hub.verify_token")), answer: .echo(.query("hub.challenge")),
                signed: false)
        ]
        let gate = try Gate.signed(scheme, secret: "a-verify-token")
        let target = "/hooks/test?hub.challenge=42&hub.verify_token="
        let good = try gate.verify(Request(method: "GET", target: target + "a-verify-token"))
        #expect(text(good.answer) == "42")
        #expect(good.sender == "acme")
        #expect(try gate.verify(Request(method: "GET", target: target + "a-verify-tokem")).summary == "credential-mismatch")
        #expect(try gate.verify(Request(method: "GET", target: "/hooks/test?hub.challenge=42")).summary == "credential-missing")
    }

    @Test("revoking the last verify token lets no token pass again")
    func revokedToken() throws {
        var gate = try Gate.signed(try Scheme.shipped("meta"))
        let request = Request(method: "GET", target: "/hooks/test?hub.mode=subscribe&hub.challenge=42&hub.verify_token=any")
        #expect(text(try gate.verify(request).answer) == "42")
        try gate.add("acme/verify", PlainCredential("the verify token"))
        let name = CredentialName(sender: "acme", kind: .verify)
        gate.credentials[name]?[0].state = .revoked
        #expect(try gate.verify(request).summary == "credential-mismatch")
    }

    @Test("a header may come back as it is or inside JSON")
    func headers() throws {
        let asana = try Gate.signed(try Scheme.shipped("asana"))
        let echoed = try asana.verify(Request(fields: [("X-Hook-Secret", "b537207f20cbfa02357cf448134da559")])).answer
        #expect(field(echoed, "x-hook-secret") == "b537207f20cbfa02357cf448134da559")
        let okta = try Gate.signed(try Scheme.shipped("okta"))
        let answer = try okta.verify(Request(method: "GET", fields: [("X-Okta-Verification-Challenge", #"a"b\c"#)])).answer
        #expect(text(answer) == #"{"verification":"a\"b\\c"}"#)
        #expect(field(answer, "Content-Type") == "application/json")
    }

    @Test("a signed challenge is answered only when the signature holds")
    func signedChallenge() throws {
        let gate = try Gate.signed(try Scheme.shipped("slack"))
        let body = #"{"token":"x","challenge":"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P","type":"url_verification"}"#
        let verification = try gate.verify(try gate.sign(body))
        #expect(text(verification.answer) == #"{"challenge":"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"}"#)
        guard case .handshake(_, signed: true) = verification.outcome else {
            Issue.record("not a signed handshake")
            return
        }
        #expect(try gate.verify(Request(body: body)).summary == "signature-missing")
        #expect(try gate.verify(try gate.sign(body, secret: "not the secret of slack")).summary == "signature-mismatch")
        #expect(try gate.verify(try gate.sign(body), at: Gate.now + .seconds(301)).summary == "timestamp-stale")
    }

    @Test("a token is answered with its HMAC under the key that signed the request")
    func keyed() throws {
        var gate = try Gate.signed(try Scheme.shipped("zoom"))
        try gate.add("acme/signing", PlainCredential("the newer secret of acme"))
        let body = #"{"payload":{"plainToken":"qgg8vlvZRS6UYooatFL8Aw"},"event":"endpoint.url_validation"}"#
        for secret in [Gate.secret, "the newer secret of acme"] {
            let code = Hex.encode(
                try Array("qgg8vlvZRS6UYooatFL8Aw".utf8).withUnsafeBytes { try HMAC.compute(.sha256, key: Secret(utf8: secret), $0) })
            let answer = try gate.verify(try gate.sign(body, secret: secret)).answer
            #expect(text(answer) == #"{"plainToken":"qgg8vlvZRS6UYooatFL8Aw","encryptedToken":"\#(code)"}"#)
        }
    }

    @Test(
        "SEC-61 what could be the signed string of an event is not answered with an HMAC",
        arguments: [
            "v0:1700000000:{}", "a.b", "{}", "a b", "", String(repeating: "a", count: 257), "é",
        ])
    func oracle(_ value: String) throws {
        let gate = try Gate.signed(try Scheme.shipped("zoom"))
        #expect(
            try gate.verify(try gate.sign(#"{"payload":{"plainToken":"\#(value)"},"event":"endpoint.url_validation"}"#)).summary
                == "malformed")
    }

    @Test("SEC-61 an event whose signed string a keyed handshake would answer is refused")
    func oracleEvents() throws {
        var scheme = Scheme.bare()
        scheme.handshakes = [
            Handshake(
                when: Handshake.Condition(present: [Handshake.Match(source: .json(["crc"]))]),
                answer: .keyed(value: .json(["crc"]), plainMember: nil, keyedMember: "response", prefix: "sha256=", encoding: .base64),
                signed: true)
        ]
        let gate = try Gate.signed(scheme)
        #expect(try gate.verify(try gate.sign("abc_DEF-123")).summary == "signature-malformed")
        #expect(try gate.verify(try gate.sign(#"{"a":1}"#)).summary == "ok")
        #expect(text(try gate.verify(try gate.sign(#"{"crc":"abc"}"#)).answer)?.hasPrefix(#"{"response":"sha256="#) == true)
    }

    @Test(
        "CloudEvents senders are allowed by the origin they name",
        arguments: [
            ("eventemitter.example.com", true), ("https://a.example:8443/x", true), ("a\"b", false), ("<x>", false),
            (String(repeating: "a", count: 257), false),
        ])
    func cloudEvents(_ origin: String, _ isAllowed: Bool) throws {
        let gate = try Gate.signed(try Scheme.shipped("cloudevents"))
        let answer = try gate.verify(
            Request(method: "OPTIONS", fields: [("WebHook-Request-Origin", origin), ("WebHook-Request-Rate", "120")])
        ).answer
        #expect(field(answer, "WebHook-Allowed-Origin") == (isAllowed ? origin : nil))
        #expect(field(answer, "WebHook-Allowed-Rate") == (isAllowed ? "*" : nil))
    }

    @Test("a ping is answered as the scheme says, and its events with 204")
    func fixed() throws {
        let scheme = try Scheme.shipped("discord")
        let key = try PrivateKey.generate(.ed25519)
        var gate = Gate(scheme)
        try gate.add("acme/key", PlainCredential(Hex.encode(try key.publicKey.subjectPublicKeyInfo())))
        let signer = try Signer(scheme: scheme, secret: try key.pem())
        let ping = try gate.verify(Request(try signer.sign(SignedRequest(url: Gate.url, body: Array(#"{"type":0}"#.utf8)), at: Gate.now)))
        #expect(ping.answer?.status == 204)
        let event = try gate.verify(Request(try signer.sign(SignedRequest(url: Gate.url, body: Array(#"{"type":1}"#.utf8)), at: Gate.now)))
        #expect(event.summary == "ok")
        #expect(event.okStatus == 204)
        #expect(try gate.verify(Request(body: #"{"type":0}"#)).summary == "signature-missing")
    }

    @Test("an unsigned handshake still needs every other item, and a sender's network")
    func otherItems() throws {
        var gate = try Gate.signed(try Scheme.shipped("dropbox"))
        gate.authenticate.append(.basic)
        gate.networks["acme"] = [try #require(Network("203.0.113.0/24"))]
        try gate.add("acme/basic", CompositionTests.basicVerifier("acme:acme-password"))
        let bare = Request(method: "GET", target: "/hooks/test?challenge=a")
        #expect(try gate.verify(bare).summary == "credential-missing")
        let full = bare.adding("Authorization", CompositionTests.authorization("acme:acme-password"))
        #expect(text(try gate.verify(full).answer) == "a")
        #expect(try gate.verify(full, peer: "198.51.100.1").summary == "network")
    }
}
