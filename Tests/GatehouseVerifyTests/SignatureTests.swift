import GatehouseCrypto
import GatehousePolicy
import GatehouseTime
import Testing

@testable import GatehouseVerify

@Suite("Signatures")
struct SignatureTests {
    static let body = #"{"id":"evt_1","type":"order.accepted","n":1}"#

    @Test("every shipped scheme accepts what its signer signs, and nothing after a change", arguments: Scheme.shipped.keys.sorted())
    func roundTrip(_ name: String) throws {
        let scheme = try Scheme.shipped(name)
        var gate = Gate(scheme)
        let secret: Secret
        switch scheme.algorithm {
        case .ed25519, .ecdsaP256DER, .ecdsaP256Raw, .rsaPKCS1SHA1, .rsaPKCS1SHA256, .rsaPSSSHA256, .rsaPSSSHA512:
            let key = try PrivateKey.generate(scheme.algorithm == .ed25519 ? .ed25519 : .p256)
            secret = try key.pem()
            let spki = try key.publicKey.subjectPublicKeyInfo()
            let form = scheme.key.decode == .hex ? Hex.encode(spki) : Base64.encode(spki)
            try gate.add("acme/key", PlainCredential((scheme.key.strip ?? "") + form))
        default:
            let text =
                switch scheme.key.decode {
                case .hex: Hex.encode(Array(repeating: 7, count: 32))
                case .base64: (scheme.key.strip ?? "") + Base64.encode(Array(repeating: 7, count: 32))
                default: Gate.secret
                }
            secret = Secret(utf8: text)
            try gate.add("acme/signing", PlainCredential(text))
        }
        let milliseconds = Gate.now.microseconds / 1_000
        let body =
            #"{"id":"evt_1","webhookTimestamp":\#(milliseconds),"signature":{"timestamp":"\#(Gate.now.seconds)","token":"tok","signature":""}}"#
        let signer = try Signer(scheme: scheme, secret: secret)
        let request = Request(try signer.sign(SignedRequest(url: Gate.url, body: Array(body.utf8)), at: Gate.now))
        #expect(try gate.verify(request).summary == "ok")

        if scheme.signed.contains(.body) {
            for index in request.body.indices {
                var changed = request
                changed.body[index] ^= 0x01
                #expect(try gate.verify(changed).summary != "ok", "body byte \(index)")
            }
        }
        for (position, field) in request.fields.enumerated() {
            for offset in field.1.utf8.indices {
                var bytes = Array(field.1.utf8)
                let index = field.1.utf8.distance(from: field.1.utf8.startIndex, to: offset)
                bytes[index] = bytes[index] == UInt8(ascii: "x") ? UInt8(ascii: "w") : UInt8(ascii: "x")
                var changed = request
                changed.fields[position].1 = String(decoding: bytes, as: UTF8.self)
                #expect(try gate.verify(changed).summary != "ok", "\(field.0) byte \(index)")
            }
        }
    }

    @Test("a request without a signature is refused as signature-missing")
    func missing() throws {
        let gate = try Gate.signed(.listed)
        let verification = try gate.verify(Request(body: Self.body))
        #expect(verification.summary == "signature-missing")
        #expect(verification.checks == [CheckResult(.signature, scheme: "listed", .missing)])
        #expect(verification.sender == "acme")
    }

    @Test("SEC-51 the received bytes are verified: the same JSON written otherwise fails")
    func reencoded() throws {
        let gate = try Gate.signed(.bare())
        var request = try gate.sign(#"{"a":"é"}"#)
        request.body = Array(#"{ "a": "é" }"#.utf8)
        #expect(try gate.verify(request).summary == "signature-mismatch")
        request.body = Array(#"{"a":"\u00e9"}"#.utf8)
        #expect(try gate.verify(request).summary == "signature-mismatch")
    }

    @Test(
        "SEC-54 empty, short and long signatures are malformed",
        arguments: ["", "00", String(repeating: "0", count: 62), String(repeating: "0", count: 66), "zz"])
    func lengths(_ value: String) throws {
        let gate = try Gate.signed(.bare())
        #expect(try gate.verify(Request(fields: [("X-Sig", value)])).summary == "signature-malformed")
    }

    @Test("SEC-54 a truncated MAC is refused though its bytes agree")
    func truncated() throws {
        let gate = try Gate.signed(.bare())
        let request = try gate.sign("x")
        let full = try #require(request.fields.first?.1)
        #expect(try gate.verify(request.setting("x-sig", String(full.prefix(32)))).summary == "signature-malformed")
    }

    @Test("SEC-54 an empty or short key matches nothing", arguments: ["", "whsec_", "whsec_AAAA", "short"])
    func shortKeys(_ secret: String) throws {
        var scheme = Scheme.bare()
        scheme.key = KeyForm(strip: "whsec_", decode: secret.hasPrefix("whsec_") ? .base64 : .raw)
        var gate = Gate(scheme)
        gate.minimumKeyBytes = 12
        try gate.add("acme/signing", PlainCredential(secret))
        let code = try HMAC.compute(.sha256, key: Secret([0, 0, 0]), UnsafeRawBufferPointer(start: nil, count: 0))
        let verification = try gate.verify(Request(fields: [("X-Sig", Hex.encode(code))]))
        #expect(verification.summary == "signature-mismatch")
        #expect(verification.checks.first?.result == .unusable)
        #expect(scheme.problem(withKey: Secret(utf8: secret)) != nil)
    }

    @Test("a value that cannot be opened gives no verdict")
    func unopened() throws {
        struct Broken: CredentialValue {
            struct Failure: Error {}
            func open() throws -> Secret { throw Failure() }
        }
        var gate = Gate(.bare())
        try gate.add("acme/signing", Broken())
        let request = try gate.sign("x")
        #expect(try gate.verify(request).summary == "unavailable")
        try gate.add("acme/signing", PlainCredential(Gate.secret))
        #expect(try gate.verify(request).summary == "ok")
    }

    @Test("SEC-53 every signature is tried against every live version")
    func everyPair() throws {
        var gate = Gate(.listed)
        try gate.add(
            "acme/signing", PlainCredential("first secret of acme"), PlainCredential(Gate.secret), PlainCredential("third secret of acme"))
        var request = try gate.sign(Self.body)
        let good = try #require(request.fields.first?.1.split(separator: "v1=").last)
        let decoy = String(repeating: "0", count: 64)
        request = request.setting("x-sig", "t=\(Gate.now.seconds),v1=\(decoy),v1=zz,v0=\(decoy), v1=\(good)")
        let verification = try gate.verify(request)
        #expect(verification.summary == "ok")
        #expect(verification.checks == [CheckResult(.signature, scheme: "listed", version: 2, .ok)])
    }

    @Test("SEC-53 more than 64 pairs are malformed, 64 are not")
    func tooManyPairs() throws {
        var gate = Gate(.listed)
        try gate.add("acme/signing", PlainCredential(Gate.secret), PlainCredential("another secret of acme"))
        let request = try gate.sign(Self.body)
        let good = try #require(request.fields.first?.1)
        let decoy = ",v1=" + String(repeating: "0", count: 64)
        #expect(try gate.verify(request.setting("x-sig", good + String(repeating: decoy, count: 31))).summary == "ok")
        #expect(try gate.verify(request.setting("x-sig", good + String(repeating: decoy, count: 32))).summary == "signature-malformed")
        #expect(try gate.verify(request.setting("x-sig", good + String(repeating: decoy, count: 200))).summary == "signature-malformed")
    }

    @Test("SEC-57 an algorithm outside the scheme's list is malformed", arguments: ["sha1", "md5", "none", "", "sha25"])
    func foreignAlgorithm(_ name: String) throws {
        var scheme = Scheme.bare()
        scheme.signature.layout = .algorithm(assign: "=", algorithms: [.hmacSHA256, .hmacSHA512])
        let gate = try Gate.signed(scheme)
        let request = try gate.sign(Self.body)
        #expect(try gate.verify(request).summary == "ok")
        let value = try #require(request.fields.first?.1.split(separator: "=").last)
        #expect(try gate.verify(request.setting("x-sig", "\(name)=\(value)")).summary == "signature-malformed")
    }

    @Test("SEC-57 a signature under one algorithm does not pass as another of the list")
    func confusedAlgorithm() throws {
        var scheme = Scheme.bare()
        scheme.signature.layout = .algorithm(assign: "=", algorithms: [.hmacSHA256, .hmacSHA1])
        let gate = try Gate.signed(scheme)
        let code = Hex.encode(try Array(Self.body.utf8).withUnsafeBytes { try HMAC.compute(.sha1, key: Secret(utf8: Gate.secret), $0) })
        #expect(try gate.verify(Request(fields: [("X-Sig", "sha1=" + code)], body: Self.body)).summary == "ok")
        #expect(try gate.verify(Request(fields: [("X-Sig", "sha256=" + code)], body: Self.body)).summary == "signature-malformed")
    }

    @Test(
        "SEC-58 a signature, timestamp or id header that is sent twice refuses, equal values too",
        arguments: ["webhook-signature", "webhook-timestamp", "webhook-id"])
    func repeated(_ name: String) throws {
        let scheme = try Scheme.shipped("standard-webhooks")
        let gate = try Gate.signed(scheme, secret: "whsec_" + Base64.encode(Array(repeating: 9, count: 24)))
        let request = try gate.sign(Self.body, secret: "whsec_" + Base64.encode(Array(repeating: 9, count: 24)))
        #expect(try gate.verify(request).summary == "ok")
        let value = try #require(request.fields.first { $0.0 == name }?.1)
        #expect(try gate.verify(request.adding(name.uppercased(), value)).summary == "signature-malformed")
    }

    @Test("SEC-58 a time label that stands twice in one header refuses")
    func repeatedLabel() throws {
        let gate = try Gate.signed(.listed)
        let request = try gate.sign(Self.body)
        let value = try #require(request.fields.first?.1)
        #expect(try gate.verify(request.setting("x-sig", value + ",t=\(Gate.now.seconds)")).summary == "signature-malformed")
        #expect(try gate.verify(request.setting("x-sig", "t=1,\(value)")).summary == "signature-malformed")
    }

    @Test("a header may be sent several times where the scheme says so")
    func several() throws {
        var scheme = Scheme.bare()
        scheme.signature.several = true
        let gate = try Gate.signed(scheme)
        let request = try gate.sign(Self.body)
        let value = try #require(request.fields.first?.1)
        let decoy = String(repeating: "0", count: 64)
        #expect(try gate.verify(Request(fields: [("X-Sig", decoy), ("x-sig", value)], body: Self.body)).summary == "ok")
        #expect(try gate.verify(Request(fields: [("X-Sig", decoy), ("x-sig", decoy)], body: Self.body)).summary == "signature-mismatch")
    }

    @Test("any of several or numbered headers may match; the same number twice refuses")
    func numbered() throws {
        var scheme = Scheme.bare()
        scheme.signature.sources = [.header("x-sig-*")]
        let gate = try Gate.signed(scheme)
        let code = try #require(try gate.sign(Self.body).fields.first?.1)
        let decoy = String(repeating: "0", count: 64)
        #expect(try gate.verify(Request(fields: [("X-Sig-1", decoy), ("X-Sig-2", code)], body: Self.body)).summary == "ok")
        #expect(try gate.verify(Request(fields: [("X-Sig-1", code), ("X-SIG-1", code)], body: Self.body)).summary == "signature-malformed")
        #expect(try gate.verify(Request(fields: [("X-Sig", code)], body: Self.body)).summary == "signature-missing")

        var either = Scheme.bare()
        either.signature.sources = [.header("a"), .header("b")]
        let second = try Gate.signed(either)
        #expect(try second.verify(Request(fields: [("B", code)], body: Self.body)).summary == "ok")
        #expect(try second.verify(Request(fields: [("A", decoy), ("B", code)], body: Self.body)).summary == "ok")
        #expect(
            try second.verify(Request(fields: [("A", code), ("A", code), ("B", code)], body: Self.body)).summary == "signature-malformed")
    }

    @Test("an entry under another label never counts: no downgrade")
    func downgrade() throws {
        let gate = try Gate.signed(.listed)
        let request = try gate.sign(Self.body)
        let value = try #require(request.fields.first?.1)
        #expect(try gate.verify(request.setting("x-sig", value.replacingLabel("v1", with: "v0"))).summary == "signature-missing")
    }

    @Test("SEC-59 an id that holds the template's separator is refused, though its MAC is right")
    func sliding() throws {
        let secret = "whsec_" + Base64.encode(Array(repeating: 9, count: 24))
        let gate = try Gate.signed(try Scheme.shipped("standard-webhooks"), secret: secret)
        let request = try gate.sign(Self.body, secret: secret, fields: [(name: "webhook-id", value: "msg_1.\(Gate.now.seconds)")])
        #expect(try gate.verify(request).summary == "signature-malformed")
    }

    @Test("SEC-59 bytes moved between time and body do not make a second genuine request")
    func slidingTime() throws {
        let gate = try Gate.signed(.listed)
        let body = "\(Gate.now.seconds).x"
        var request = try gate.sign(body)
        let value = try #require(request.fields.first?.1)
        request = request.setting("x-sig", value.replacingLabel("t", with: "t", value: "\(Gate.now.seconds).\(Gate.now.seconds)"))
        request.body = Array("x".utf8)
        #expect(try gate.verify(request).summary == "signature-malformed")
    }

    @Test("SEC-59 bytes moved between query and body do not make a second genuine request", arguments: ["square", "hubspot-v3"])
    func slidingQuery(_ name: String) throws {
        let scheme = try Scheme.shipped(name)
        let gate = try Gate.signed(scheme, secret: Gate.secret)
        let signer = try Signer(scheme: scheme, secret: Secret(utf8: Gate.secret))
        func signed(_ query: String, _ body: String) throws -> Request {
            Request(try signer.sign(SignedRequest(url: Gate.url + query, body: Array(body.utf8)), at: Gate.now))
        }
        let body = "{\"event_id\":\"e1\"}"
        let request = try signed("?x=1", body)
        #expect(try gate.verify(request).summary == "ok")
        var moved = request
        moved.target = "/hooks/test?x="
        moved.body = Array("1".utf8) + request.body
        #expect(try gate.verify(moved).summary == "signature-malformed")
        for (query, before) in [("?", "x=1"), ("", "?x=1")] {
            moved.target = "/hooks/test" + query
            moved.body = Array(before.utf8) + request.body
            #expect(try gate.verify(moved).summary == "signature-malformed", "\(before)")
        }
        #expect(try gate.verify(try signed("", body)).summary == "ok")
        #expect(try gate.verify(try signed("?x=1", "[\(body)]")).summary == "ok")
        #expect(try gate.verify(try signed("?x=1", "")).summary == "ok")
        #expect(try gate.verify(try signed("", "a=b")).summary == "ok")
        for other in ["a=b", "1", "[1,2]", "\(body)x", "x\(body)", "\"a\"", "{", String(body.dropFirst())] {
            #expect(try gate.verify(try signed("?x=1", other)).summary == "signature-malformed", "\(other)")
        }
    }

    @Test("SEC-59 a query that holds the URL lends no bytes to a body before it")
    func lentQuery() throws {
        var scheme = Scheme.bare()
        scheme.signed = [.body, .literal("."), .url]
        let gate = try Gate.signed(scheme)
        let signer = try Signer(scheme: scheme, secret: Secret(utf8: Gate.secret))
        for body in ["{}", "{\"at\":\"\(Gate.url)\"}", "text"] {
            let request = Request(
                try signer.sign(SignedRequest(url: Gate.url + "?r=.\(Gate.url)?z=1", body: Array(body.utf8)), at: Gate.now))
            #expect(try gate.verify(request).summary == "ok")
            var moved = request
            moved.target = "/hooks/test?z=1"
            moved.body = Array("\(body).\(Gate.url)?r=".utf8)
            #expect(try gate.verify(moved).summary == "signature-malformed")
        }
    }

    @Test("SEC-59 what a query cannot hold parts it from the body; what it can does not")
    func partedQuery() throws {
        for (separator, expected) in [("|", "ok"), ("\n", "ok"), (".", "signature-malformed"), ("", "signature-malformed")] {
            var scheme = Scheme.bare()
            scheme.signed = separator.isEmpty ? [.url, .body] : [.url, .literal(separator), .body]
            let gate = try Gate.signed(scheme)
            let signer = try Signer(scheme: scheme, secret: Secret(utf8: Gate.secret))
            let request = Request(try signer.sign(SignedRequest(url: Gate.url + "?a=1", body: Array("text".utf8)), at: Gate.now))
            #expect(try gate.verify(request).summary == expected, "\(separator)")
        }
    }

    @Test("SEC-15 the signed URL is the configured one with the request's query; Host counts for nothing")
    func signedURL() throws {
        var scheme = Scheme.bare()
        scheme.signed = [.method, .url, .body]
        let gate = try Gate.signed(scheme)
        let signer = try Signer(scheme: scheme, secret: Secret(utf8: Gate.secret))
        let signed = try signer.sign(SignedRequest(url: Gate.url + "?a=1&b=%20", body: []), at: Gate.now)
        let request = Request(signed)
        #expect(request.target == "/hooks/test?a=1&b=%20")
        #expect(try gate.verify(request).summary == "ok")
        var other = request
        other.target = "/hooks/test?a=1&b=+"
        #expect(try gate.verify(other).summary == "signature-mismatch")
        other.target = "/hooks/test"
        #expect(try gate.verify(other).summary == "signature-mismatch")
    }

    @Test("signature and time may stand in the query or in the JSON body")
    func otherSources() throws {
        var scheme = Scheme.bare(.base64)
        scheme.signature.sources = [.query("sig")]
        let gate = try Gate.signed(scheme)
        let request = try gate.sign(Self.body)
        #expect(request.target.contains("?sig="))
        #expect(try gate.verify(request).summary == "ok")
        var twice = request
        twice.target += "&sig=x"
        #expect(try gate.verify(twice).summary == "signature-malformed")

        let mailgun = try Gate.signed(try Scheme.shipped("mailgun"))
        let body =
            #"{"signature":{"timestamp":"\#(Gate.now.seconds)","token":"t\u006fk","signature":""},"event-data":{"id":"e1","event":"opened"}}"#
        let signed = try mailgun.sign(body)
        let verification = try mailgun.verify(signed)
        #expect(verification.summary == "ok")
        #expect(verification.event.id == "e1")
        #expect(verification.event.type == "opened")
        var repeated = signed
        repeated.body = Array(String(decoding: signed.body, as: UTF8.self).dropLast().utf8) + Array(#","signature":{}}"#.utf8)
        #expect(try mailgun.verify(repeated).summary == "signature-malformed")
        var deep = signed
        deep.body = Array(String(repeating: "[", count: 100_000).utf8)
        #expect(try mailgun.verify(deep).summary == "signature-malformed")
        deep.body = Array("not JSON".utf8)
        #expect(try mailgun.verify(deep).summary == "signature-missing")
    }

    @Test("every algorithm verifies its own signatures and refuses a changed one", arguments: SignatureAlgorithm.allCases)
    func algorithms(_ algorithm: SignatureAlgorithm) throws {
        var scheme = Scheme.bare(algorithm == .equality ? .text : .base64url, algorithm: algorithm)
        if algorithm == .sha256 { scheme.signed = [.secret, .body, .secret] }
        if algorithm == .equality { scheme.signed = [] }
        var gate = Gate(scheme)
        let secret: Secret
        if algorithm.isAsymmetric {
            let kind: PrivateKey.Generated =
                algorithm == .ed25519 ? .ed25519 : algorithm.rawValue.hasPrefix("rsa") ? .rsa(bits: 2048) : .p256
            let key = try PrivateKey.generate(kind)
            secret = try key.pem()
            let spki = Base64.encode(try key.publicKey.subjectPublicKeyInfo())
            try gate.add("acme/key", PlainCredential("-----BEGIN PUBLIC KEY-----\n\(spki)\n-----END PUBLIC KEY-----\n"))
        } else {
            secret = Secret(utf8: Gate.secret)
            try gate.add("acme/signing", PlainCredential(Gate.secret))
        }
        let signer = try Signer(scheme: scheme, secret: secret)
        var request = Request(try signer.sign(SignedRequest(url: Gate.url, body: Array(Self.body.utf8)), at: Gate.now))
        #expect(try gate.verify(request).summary == "ok")
        if algorithm != .equality {
            request.body[3] ^= 1
            #expect(try gate.verify(request).summary == "signature-mismatch")
        }
    }

    @Test("a key of another family is unusable, not a match")
    func foreignKey() throws {
        let key = try PrivateKey.generate(.p256)
        var scheme = Scheme.bare(.base64, algorithm: .ed25519)
        scheme.key = KeyForm(decode: .spki)
        var gate = Gate(scheme)
        try gate.add("acme/key", PlainCredential(Base64.encode(try key.publicKey.subjectPublicKeyInfo())))
        let verification = try gate.verify(Request(fields: [("X-Sig", Base64.encode(Array(repeating: 1, count: 64)))]))
        #expect(verification.summary == "signature-mismatch")
        #expect(verification.checks.first?.result == .unusable)
    }

    @Test("a sender without a live version is credential-unknown")
    func noCredential() throws {
        let gate = Gate(.bare())
        #expect(try gate.verify(try gate.sign("x")).summary == "credential-unknown")
    }

    @Test(
        "a path is compared byte for byte",
        arguments: ["/hooks/tes%74", "/hooks//test", "/hooks/test/", "/HOOKS/test", "/hooks/test;a", ""])
    func paths(_ path: String) throws {
        let verifier = try Gate.signed(.bare()).verifier()
        #expect(Array(path.utf8).withUnsafeBytes { verifier.endpoint(path: $0) } == nil)
        #expect(Array("/hooks/test".utf8).withUnsafeBytes { verifier.endpoint(path: $0) }?.index == 0)
    }

    @Test("a workspace serves snapshot after snapshot and never brings an older one's keys back")
    func snapshots() throws {
        var gate = try Gate.signed(.bare())
        let old = try gate.verifier()
        let request = try gate.sign("x")
        gate.credentials = [:]
        try gate.add("acme/signing", PlainCredential("quite another secret"))
        let new = try gate.verifier()
        let workspace = try Workspace()
        for (verifier, expected) in [(old, "ok"), (new, "signature-mismatch"), (old, "ok"), (new, "signature-mismatch")] {
            let summary = try request.withView { view in
                verifier.endpoints[0].verify(view, arrival: Arrival(now: Gate.now, peer: IPAddress(v4: 1)), workspace: workspace).summary
            }
            #expect(summary == expected)
        }
        #expect(workspace.isAhead(of: old.table))
    }
}

extension String {
    /// In a comma-separated list, the items under `label` renamed or given another value.
    func replacingLabel(_ label: String, with name: String, value: String? = nil) -> String {
        split(separator: ",").map { item in
            let parts = item.split(separator: "=", maxSplits: 1).map(String.init)
            return parts[0] == label ? "\(name)=\(value ?? parts[1])" : String(item)
        }.joined(separator: ",")
    }
}
