import GatehouseCrypto
import GatehousePolicy
import GatehouseTime
import Testing

@testable import GatehouseVerify

@Suite("Fields of refused requests")
struct RefusedFieldsTests {
    private func fields(_ gate: Gate, _ request: Request) throws -> [NamedField] {
        let verifier = try gate.verifier()
        return try request.withView { verifier.endpoints[0].refusedFields($0, workspace: try Workspace()) }
    }

    @Test("what the scheme names is shown, absent or repeated parts too")
    func named() throws {
        let gate = try Gate.signed(
            try Scheme.shipped("standard-webhooks"), secret: "whsec_" + Base64.encode(Array(repeating: 9, count: 24)))
        let request = Request(
            fields: [("Webhook-Id", "m1"), ("webhook-id", "m2"), ("webhook-timestamp", "soon"), ("X-Other", "1")], body: #"{"type":"t"}"#)
        #expect(
            try fields(gate, request) == [
                NamedField(name: "header:webhook-signature", value: nil, length: 0, isRepeated: false),
                NamedField(name: "header:webhook-timestamp", value: "soon", length: 4, isRepeated: false),
                NamedField(name: "header:webhook-id", value: "m1", length: 2, isRepeated: true),
                NamedField(name: "json:type", value: "t", length: 1, isRepeated: false),
            ])
    }

    @Test(
        "SEC-70 a value compared for equality is never shown, nor a verify token, nor Authorization",
        arguments: ["gitlab-token", "okta", "auth0", "cloudevents"])
    func secrets(_ name: String) throws {
        let scheme = try Scheme.shipped(name)
        let gate = try Gate.signed(scheme)
        var request = Request(fields: [("Authorization", "canary-value"), ("X-Gitlab-Token", "canary-value")])
        request.target += "?hub.verify_token=canary-value"
        #expect(try !fields(gate, request).contains { $0.value?.contains("canary") ?? false })
    }

    @Test("numbered headers are each shown, long values cut")
    func numbered() throws {
        let gate = try Gate.signed(try Scheme.shipped("docusign"))
        let request = Request(fields: [("X-DocuSign-Signature-2", String(repeating: "b", count: 600)), ("X-DocuSign-Signature-1", "a")])
        let found = try fields(gate, request).prefix(2)
        #expect(found.map(\.name) == ["header:x-docusign-signature-1", "header:x-docusign-signature-2"])
        #expect(found.map(\.length) == [1, 600])
        #expect(found.last?.value?.count == 512)
    }
}

@Suite("The signing side")
struct SignerTests {
    @Test("a signature that stands in a signed body cannot be made")
    func signedBody() throws {
        var scheme = Scheme.bare()
        scheme.signature.sources = [.json(["sig"])]
        let signer = try Signer(scheme: scheme, secret: Secret(utf8: Gate.secret))
        #expect(throws: SignerError.self) { try signer.sign(SignedRequest(url: Gate.url, body: Array(#"{"sig":""}"#.utf8)), at: Gate.now) }
    }

    @Test("what the body or the caller must bring is asked for")
    func missing() throws {
        let mailgun = try Signer(scheme: try Scheme.shipped("mailgun"), secret: Secret(utf8: Gate.secret))
        for body in [
            "", "{}", #"{"signature":{"timestamp":"1"}}"#, #"{"signature":{"timestamp":"1","token":"t"}}"#,
            #"{"signature":{"timestamp":"1","token":"t","signature":1}}"#,
        ] {
            #expect(throws: SignerError.self) { try mailgun.sign(SignedRequest(url: Gate.url, body: Array(body.utf8)), at: Gate.now) }
        }
        var scheme = Scheme.bare()
        scheme.signed = [.header("x-tenant"), .literal("|"), .body]
        let signer = try Signer(scheme: scheme, secret: Secret(utf8: Gate.secret))
        #expect(throws: SignerError.self) { try signer.sign(SignedRequest(url: Gate.url, body: []), at: Gate.now) }
    }

    @Test("a key that the scheme cannot use is refused without being quoted")
    func keys() throws {
        for (name, secret) in [
            ("adyen-platform", "not hex at all"), ("standard-webhooks", "whsec_!!!!"), ("discord", "no PEM here"),
            ("sendgrid", "no PEM here"),
        ] {
            let error = #expect(throws: SignerError.self) { try Signer(scheme: try Scheme.shipped(name), secret: Secret(utf8: secret)) }
            #expect(error?.description.contains(secret) == false)
        }
    }

    @Test("fields that the caller gave stay, and are what is signed")
    func given() throws {
        let secret = "whsec_" + Base64.encode(Array(repeating: 9, count: 24))
        let gate = try Gate.signed(try Scheme.shipped("standard-webhooks"), secret: secret)
        let request = try gate.sign(
            "x", secret: secret, fields: [(name: "Webhook-Id", value: "m1"), (name: "Webhook-Timestamp", value: "1600000000")])
        let verification = try gate.verify(request)
        #expect(verification.summary == "timestamp-stale")
        #expect(request.fields.count == 3)
    }
}
