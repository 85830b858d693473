import Foundation
import Testing

@testable import GatehousePolicy

private let repositoryPolicies = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()
    .appendingPathComponent("policies").path

@Suite("schemes")
struct SchemeTests {
    @Test("every shipped scheme loads, without a mistake", arguments: Scheme.shipped.keys.sorted())
    func shippedLoads(_ name: String) throws {
        let text = try #require(Scheme.shipped[name])
        let scheme = try Scheme.parse(text, name: name, file: name)
        #expect(scheme.name == name)
        #expect(PolicyText.isSafeName(name))
        #expect(text.hasPrefix("# ") && text.contains("# Source: "), "a shipped scheme names its sender and its source")
    }

    @Test("the schemes in the binary are the files; after a change run Sources/GatehousePolicy/Shipped/embed.sh")
    func embedded() throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: repositoryPolicies + "/schemes").filter { $0.hasSuffix(".yaml") }
        #expect(Set(files) == Set(Scheme.shipped.keys.map { $0 + ".yaml" }))
        for file in files {
            let text = try String(contentsOfFile: "\(repositoryPolicies)/schemes/\(file)", encoding: .utf8)
            #expect(Scheme.shipped[String(file.dropLast(5))] == text, "\(file) differs")
        }
    }

    @Test("the schemes that issue with the gateway are there")
    func shipped() {
        let wanted = [
            "digital-river", "standard-webhooks", "standard-webhooks-ed25519", "stripe", "github", "slack", "shopify", "square", "sendgrid",
            "discord",
            "zoom", "box", "mailgun", "hubspot-v3", "hmac-sha256-hex", "hmac-sha256-base64",
        ]
        #expect(Set(wanted).isSubset(of: Scheme.shipped.keys))
    }

    @Test("a file of the same name takes the place of a shipped scheme")
    func override() throws {
        let own = "signature: { header: X-Own, encoding: hex }\nalgorithm: hmac-sha512\nsigned: \"{body}\""
        let policy = try TemporaryPolicy(["schemes/standard-webhooks.yaml": own])
        #expect(try policy.load().schemes["standard-webhooks"]?.algorithm == .hmacSHA512)
        #expect(try Scheme.named("standard-webhooks", in: policy.path).algorithm == .hmacSHA512)
        #expect(try Scheme.named("stripe", in: policy.path).algorithm == .hmacSHA256)
        let error = #expect(throws: PolicyError.self) { try Scheme.named("strip", in: policy.path) }
        #expect(error?.description.hasSuffix("no scheme is named 'strip' (did you mean 'stripe'?)") == true)
        #expect(throws: PolicyError.self) { try Scheme.named("../../etc/passwd", in: policy.path) }
    }

    @Test("a scheme with mistakes is not also a dangling name")
    func brokenNotDangling() throws {
        let endpoint = TemporaryPolicy.endpoint.replacingOccurrences(of: "standard-webhooks", with: "own")
        let errors = try TemporaryPolicy(["schemes/own.yaml": "signature: 5", "endpoints/acme.yaml": endpoint]).errors()
        #expect(!errors.isEmpty && errors.allSatisfy { $0.hasPrefix("schemes/own.yaml:") }, "said: \(errors)")
    }

    @Test(
        "the forms of signature are read",
        arguments: [
            ("{ header: X-Sig, encoding: hex }", SignatureSource(sources: [.header("x-sig")], layout: .bare, encoding: .hex)),
            (
                "{ query: sig, layout: bare, encoding: base64url }",
                SignatureSource(sources: [.query("sig")], layout: .bare, encoding: .base64url)
            ),
            (
                "{ json: a.b, encoding: base64, several: true }",
                SignatureSource(sources: [.json(["a", "b"])], layout: .bare, encoding: .base64, several: true)
            ),
            ("{ headers: [A, B], encoding: hex }", SignatureSource(sources: [.header("a"), .header("b")], layout: .bare, encoding: .hex)),
            ("{ header: X-D-*, encoding: hex }", SignatureSource(sources: [.header("x-d-*")], layout: .bare, encoding: .hex)),
            (
                "{ header: S, layout: prefixed, prefix: 'sha256=', encoding: hex }",
                SignatureSource(sources: [.header("s")], layout: .prefixed("sha256="), encoding: .hex)
            ),
            (
                "{ header: S, layout: list, separator: ' ', assign: ',', label: v1, encoding: base64 }",
                SignatureSource(
                    sources: [.header("s")], layout: .list(separator: " ", assign: ",", label: "v1", timestamp: nil), encoding: .base64)
            ),
            (
                "{ header: S, layout: positional, separator: ',', signatures: 1..3, encoding: hex }",
                SignatureSource(
                    sources: [.header("s")], layout: .positional(separator: ",", timestamp: nil, signatures: 1...3), encoding: .hex)
            ),
            (
                "{ header: S, layout: positional, separator: ',', signatures: 0, encoding: hex }",
                SignatureSource(
                    sources: [.header("s")], layout: .positional(separator: ",", timestamp: nil, signatures: 0...0), encoding: .hex)
            ),
        ])
    func signatureForms(_ text: String, _ expected: SignatureSource) throws {
        let scheme = try Scheme.parse("signature: \(text)\nalgorithm: hmac-sha256\nsigned: \"{body}\"", name: "own", file: "own")
        #expect(scheme.signature == expected)
    }

    @Test("an algorithm that the sender names comes from the list (SEC-57)")
    func namedAlgorithm() throws {
        let scheme = try Scheme.parse(
            "signature: { header: S, layout: algorithm, assign: '=', algorithms: [sha512, sha1], encoding: hex }\nsigned: \"{body}\"",
            name: "own", file: "own")
        #expect(scheme.signature.layout == .algorithm(assign: "=", algorithms: [.hmacSHA512, .hmacSHA1]))
        #expect(scheme.weaknesses == ["relies on SHA-1"])
    }

    @Test("templates are read part by part")
    func templates() throws {
        let scheme = try Scheme.parse(
            "signature: { header: S, encoding: hex }\nalgorithm: hmac-sha256\n"
                + "signed: \"{method}|{path}|{url}|{header:X-A}.{json:a.b}:{body}\"",
            name: "own", file: "own")
        #expect(
            scheme.signed == [
                .method, .literal("|"), .path, .literal("|"), .url, .literal("|"), .header("x-a"), .literal("."), .json(["a", "b"]),
                .literal(":"), .body,
            ])
    }

    @Test(
        "what a scheme signs is known",
        arguments: [
            ("standard-webhooks", true, true), ("stripe", true, true), ("github", false, false), ("linear", true, false),
            ("mailgun", true, false),
            ("box", true, false), ("typeform", false, true), ("okta", false, false),
        ])
    func coverage(_ name: String, _ time: Bool, _ id: Bool) throws {
        let scheme = try Scheme.named(name, in: "none")
        #expect(scheme.signsTimestamp == time)
        #expect(scheme.signsEventID == id)
    }

    @Test("handshakes are read")
    func handshakes() throws {
        func handshakes(_ name: String) throws -> [Handshake] { try Scheme.named(name, in: "none").handshakes }
        #expect(
            try handshakes("dropbox") == [
                Handshake(
                    when: .init(method: "GET", present: [.init(source: .query("challenge"))]), answer: .echo(.query("challenge")),
                    signed: false)
            ])
        #expect(
            try handshakes("zoom") == [
                Handshake(
                    when: .init(present: [.init(source: .json(["event"]), equals: "endpoint.url_validation")]),
                    answer: .keyed(
                        value: .json(["payload", "plainToken"]), plainMember: "plainToken", keyedMember: "encryptedToken", prefix: "",
                        encoding: .hex),
                    signed: true)
            ])
        #expect(try handshakes("cloudevents").map(\.answer) == [.allowOrigin(rate: nil)])
        #expect(try handshakes("asana").map(\.signed) == [false])
        #expect(try handshakes("discord").map(\.answer) == [.fixed(status: 204, mediaType: nil, body: "")])
        let token = try Scheme.parse(
            """
            signature: { header: S, encoding: hex }
            algorithm: hmac-sha256
            signed: "{body}"
            handshake:
              - { method: GET, token: query:hub.verify_token, echo: query:hub.challenge }
              - { method: OPTIONS, present: [header:Origin], allow-origin: { rate: 120 } }
            """, name: "own", file: "own")
        #expect(token.handshakes.map(\.when.token) == [.query("hub.verify_token"), nil])
        #expect(token.handshakes.last?.answer == .allowOrigin(rate: 120))
    }
}
