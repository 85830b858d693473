import GatehouseCrypto
import GatehousePolicy
import GatehouseTime
import Testing

@testable import GatehouseVerify

@Suite("Basic authentication")
struct BasicTests {
    static let password = "Pass:wörd, with a colon"

    private func gate(generated: Bool, versions: Int = 1) throws -> Gate {
        var gate = Gate()
        gate.authenticate = [.basic]
        for version in 1...versions {
            try gate.add(
                "acme/basic",
                CompositionTests.basicVerifier(version == 1 ? "acme:\(Self.password)" : "acme:password \(version)", generated: generated))
        }
        return gate
    }

    private func request(_ credentials: String, scheme: String = "Basic") -> Request {
        Request(fields: [("Authorization", "\(scheme) " + Base64.encode(Array(credentials.utf8)))])
    }

    @Test("a generated password is checked at once, under any live version")
    func generated() throws {
        let gate = try gate(generated: true, versions: 2)
        #expect(try gate.verify(request("acme:\(Self.password)")).checks == [CheckResult(.basic, version: 1, .ok)])
        #expect(try gate.verify(request("acme:password 2")).checks == [CheckResult(.basic, version: 2, .ok)])
        #expect(try gate.verify(request("acme:other")).summary == "credential-mismatch")
        #expect(try gate.verify(request("other:\(Self.password)")).summary == "credential-unknown")
        #expect(try gate.verify(request("acme:")).summary == "credential-mismatch")
    }

    @Test(
        "SEC-42 the scheme's name is read in any case; another scheme is a missing credential",
        arguments: [
            ("basic", "ok"), ("BASIC", "ok"), ("Bearer", "credential-missing"), ("Basi", "credential-missing"),
            ("Basicx", "credential-missing"),
        ])
    func schemeName(_ name: String, _ expected: String) throws {
        #expect(try gate(generated: true).verify(request("acme:\(Self.password)", scheme: name)).summary == expected)
    }

    @Test(
        "malformed credentials are refused",
        arguments: [
            "Basic", "Basic ", "Basic !!!!", "Basic YWNtZQ==", "Basic YWNtZTpw YWNtZTpw",
            "Basic " + String(repeating: "QUFB", count: 1_000), "Basic YWNtZTp=",
        ])
    func malformed(_ value: String) throws {
        let verification = try gate(generated: true).verify(Request(fields: [("Authorization", value)]))
        #expect(["credential-missing", "credential-mismatch", "credential-unknown"].contains(verification.summary))
    }

    @Test("SEC-42 two Authorization fields are refused")
    func twice() throws {
        let one = request("acme:\(Self.password)")
        #expect(try gate(generated: true).verify(one.adding("authorization", one.fields[0].1)).summary == "credential-mismatch")
    }

    @Test("SEC-68 a given password waits for scrypt, and afterwards is remembered in memory")
    func stretched() throws {
        let gate = try gate(generated: false)
        let good = request("acme:\(Self.password)")
        let waiting = try gate.verify(good)
        guard case .passwordNeeded(let checks) = waiting.outcome else {
            Issue.record("no password was asked for: \(waiting.summary)")
            return
        }
        #expect(checks.count == 1)
        #expect(try checks[0].run())
        let resumed = waiting.resume([true])
        #expect(resumed.summary == "ok")
        #expect(resumed.sender == "acme")
        #expect(resumed.checks == [CheckResult(.basic, version: 1, .ok)])
        #expect(try gate.verify(good).summary == "ok")
        #expect(try gate.verify(request("acme:other")).summary == "password")
        #expect(waiting.resume([false]).summary == "credential-mismatch")
        #expect(waiting.resume([]).summary == "credential-mismatch")
    }

    @Test("a wrong password and an unknown user cost the same and are both refused")
    func dummy() throws {
        let gate = try gate(generated: false)
        for (credentials, reason) in [("acme:wrong", "credential-mismatch"), ("nobody:\(Self.password)", "credential-unknown")] {
            let waiting = try gate.verify(request(credentials))
            guard case .passwordNeeded(let checks) = waiting.outcome else {
                Issue.record("no password was asked for: \(waiting.summary)")
                return
            }
            #expect(checks.count == 1)
            #expect(try !checks[0].run())
            #expect(waiting.resume([false]).summary == reason)
        }
    }

    @Test("the check of an unknown user never says yes")
    func dummyNeverMatches() throws {
        let gate = try gate(generated: false)
        guard case .passwordNeeded(let checks) = try gate.verify(request("nobody:\(Self.password)")).outcome else {
            Issue.record("no password was asked for")
            return
        }
        #expect(try !checks[0].run())
    }

    @Test("SEC-68 a password is asked for only after every cheaper item held")
    func cheapFirst() throws {
        var gate = try gate(generated: false)
        gate.schemes = [.bare()]
        gate.authenticate = [.basic, .signature("bare")]
        try gate.add("acme/signing", PlainCredential(Gate.secret))
        #expect(try gate.verify(request("acme:\(Self.password)")).summary == "signature-missing")
        let signed = try gate.sign("x").adding("Authorization", request("acme:\(Self.password)").fields[0].1)
        let waiting = try gate.verify(signed)
        #expect(waiting.summary == "password")
        #expect(waiting.resume([true]).event.key != nil)
    }

    @Test("the cached password of a revoked version counts for nothing, and is dropped")
    func revoked() throws {
        var gate = try gate(generated: false)
        let name = try #require(CredentialName("acme/basic"))
        let good = request("acme:\(Self.password)")
        #expect(try gate.verify(good).resume([true]).summary == "ok")
        #expect(try gate.verify(good).summary == "ok")
        let kept = gate.credentials[name]
        gate.credentials[name]?[0].state = .revoked
        #expect(try gate.verify(good).summary == "credential-unknown")
        gate.credentials[name] = kept
        #expect(try gate.verify(good).summary == "password")
    }

    @Test("a retired password is told only when asked")
    func retired() throws {
        var gate = try gate(generated: true, versions: 2)
        gate.credentials[try #require(CredentialName("acme/basic"))]?[0].state = .retired
        #expect(try gate.verify(request("acme:\(Self.password)")).summary == "credential-mismatch")
        #expect(try gate.verify(request("acme:\(Self.password)"), retired: true).summary == "credential-retired")
    }

    @Test("verifiers survive encoding, and nothing else decodes", arguments: [true, false])
    func encoding(_ generated: Bool) throws {
        let verifier = try BasicVerifier.make(Secret(utf8: "user:\(Self.password)"), generated: generated, keys: Gate.keys)
        let bytes = verifier.encoded().withBytes { Array($0) }
        let decoded = try BasicVerifier(decoding: Secret(bytes))
        #expect(decoded.user == Array("user".utf8))
        #expect(decoded.encoded().withBytes { Array($0) } == bytes)
        let text = String(decoding: bytes, as: UTF8.self)
        #expect(!text.contains(Self.password))
        for count in 0..<bytes.count {
            #expect(throws: BasicVerifier.MalformedError.self) { try BasicVerifier(decoding: Secret(Array(bytes[..<count]))) }
        }
        #expect(throws: BasicVerifier.MalformedError.self) { try BasicVerifier(decoding: Secret(bytes + [0])) }
    }

    @Test(
        "a value that is not USER:PASSWORD is refused",
        arguments: ["", ":", "user", "user:", ":password", String(repeating: "u", count: 2_000) + ":p"])
    func givenForms(_ text: String) {
        #expect(throws: BasicVerifier.MalformedError.self) { try BasicVerifier.make(Secret(utf8: text), generated: true, keys: Gate.keys) }
    }

    @Test("a verifier under other keys matches nothing")
    func otherKeys() throws {
        var gate = Gate()
        gate.authenticate = [.basic]
        let keys = DerivedKeys(replay: Gate.keys.replay, passwords: Secret(utf8: "the key of another state"))
        try gate.add(
            "acme/basic",
            PlainCredential(try BasicVerifier.make(Secret(utf8: "acme:\(Self.password)"), generated: true, keys: keys).encoded()))
        #expect(try gate.verify(request("acme:\(Self.password)")).summary == "credential-mismatch")
    }
}
