import GatehouseCrypto
import GatehousePolicy
import GatehouseTime
import Testing

@testable import GatehouseVerify

@Suite("Several items and several senders")
struct CompositionTests {
    static func basicVerifier(_ text: String, generated: Bool = true) throws -> PlainCredential {
        PlainCredential(try BasicVerifier.make(Secret(utf8: text), generated: generated, keys: Gate.keys).encoded())
    }

    static func authorization(_ text: String) -> String { "Basic " + Base64.encode(Array(text.utf8)) }

    @Test("every item must hold for one and the same sender")
    func oneSender() throws {
        var gate = Gate(.bare())
        gate.senders = ["acme", "globex"]
        gate.authenticate = [.signature("bare"), .basic]
        try gate.add("acme/signing", PlainCredential(Gate.secret))
        try gate.add("acme/basic", Self.basicVerifier("acme:acme-password"))
        try gate.add("globex/signing", PlainCredential("the secret of globex"))
        try gate.add("globex/basic", Self.basicVerifier("globex:globex-password"))
        let request = try gate.sign("x")
        let own = try gate.verify(request.adding("Authorization", Self.authorization("acme:acme-password")))
        #expect(own.summary == "ok")
        #expect(own.sender == "acme")
        #expect(own.checks == [CheckResult(.signature, scheme: "bare", version: 1, .ok), CheckResult(.basic, version: 1, .ok)])
        let mixed = try gate.verify(request.adding("Authorization", Self.authorization("globex:globex-password")))
        #expect(mixed.summary != "ok")
        let other = try gate.sign("x", secret: "the secret of globex")
        #expect(try gate.verify(other.adding("Authorization", Self.authorization("globex:globex-password"))).sender == "globex")
    }

    @Test("each sender's keys are tried in turn, and no key of a sender outside the list")
    func trial() throws {
        var gate = Gate(.bare())
        gate.senders = ["acme", "globex"]
        for sender in ["acme", "globex", "initech"] { try gate.add("\(sender)/signing", PlainCredential("the secret of \(sender)")) }
        for sender in ["acme", "globex"] {
            #expect(try gate.verify(try gate.sign("x", secret: "the secret of \(sender)")).sender == sender)
        }
        let foreign = try gate.verify(try gate.sign("x", secret: "the secret of initech"))
        #expect(foreign.summary == "signature-mismatch")
        #expect(foreign.sender == nil)
    }

    @Test("one alternative of `any` is enough, and only what held is reported")
    func alternatives() throws {
        var gate = Gate(.bare())
        gate.authenticate = [.any([.signature("bare"), .basic])]
        try gate.add("acme/signing", PlainCredential(Gate.secret))
        try gate.add("acme/basic", Self.basicVerifier("acme:acme-password"))
        #expect(try gate.verify(try gate.sign("x")).checks.map(\.check) == [.signature])
        let basic = try gate.verify(Request(fields: [("authorization", Self.authorization("acme:acme-password"))]))
        #expect(basic.summary == "ok")
        #expect(basic.checks == [CheckResult(.basic, version: 1, .ok)])
        let neither = try gate.verify(Request())
        #expect(neither.summary == "signature-missing")
        #expect(neither.checks.map(\.check) == [.signature, .basic])
        #expect(try gate.verify(Request(fields: [("authorization", Self.authorization("acme:wrong"))])).summary == "credential-mismatch")
    }

    @Test("a sender's networks bind that sender")
    func networks() throws {
        var gate = Gate(.bare())
        gate.senders = ["acme", "globex"]
        gate.networks["acme"] = [try #require(Network("203.0.113.0/24")), try #require(Network("2001:db8::/32"))]
        for sender in ["acme", "globex"] { try gate.add("\(sender)/signing", PlainCredential("the secret of \(sender)")) }
        let request = try gate.sign("x", secret: "the secret of acme")
        #expect(try gate.verify(request, peer: "203.0.113.255").summary == "ok")
        #expect(try gate.verify(request, peer: "2001:db8::1").summary == "ok")
        let outside = try gate.verify(request, peer: "203.0.114.0")
        #expect(outside.summary == "network")
        #expect(outside.checks.first == CheckResult(.network, .mismatch))
        #expect(try gate.verify(try gate.sign("x", secret: "the secret of globex"), peer: "203.0.114.0").summary == "ok")
    }

    @Test("a request with nothing to judge, from outside the networks of one of several senders, is blamed on none of them")
    func networkOfOthers() throws {
        var gate = try Gate.signed(.listed)
        gate.senders = ["acme", "globex", "initech"]
        gate.networks["initech"] = [try #require(Network("203.0.113.0/24"))]
        for sender in gate.senders { try gate.add("\(sender)/signing", PlainCredential("the secret of \(sender)")) }
        let signed = try gate.sign("x", secret: "the secret of initech")
        let anonymous = try gate.verify(signed.removing("x-sig"), peer: "198.51.100.1")
        #expect(anonymous.summary == "signature-missing")
        #expect(anonymous.sender == nil)
        let outside = try gate.verify(signed, peer: "198.51.100.1")
        #expect(outside.summary == "network")
        #expect(outside.sender == "initech")
    }

    @Test(
        "of several failures the most telling is reported",
        arguments: [
            ("signature-mismatch", "wrong", "198.51.100.1", 0), ("network", "missing", "198.51.100.1", 0),
            ("credential-missing", "missing", "203.0.113.7", 0),
            ("timestamp-stale", "right", "198.51.100.1", 1_000), ("signature-mismatch", "wrong", "203.0.113.7", 1_000),
            ("network", "right", "198.51.100.1", 0),
            ("credential-missing", "right", "203.0.113.7", 0),
        ] as [(String, String, String, Int)])
    func precedence(_ reason: String, _ signature: String, _ peer: String, _ age: Int) throws {
        var gate = try Gate.signed(.listed)
        gate.authenticate = [.basic, .signature("listed")]
        try gate.add("acme/basic", Self.basicVerifier("acme:acme-password"))
        gate.networks["acme"] = [try #require(Network("203.0.113.0/24"))]
        var request = try gate.sign("x", secret: signature == "wrong" ? "not the secret of acme" : Gate.secret)
        if signature == "missing" { request = request.removing("x-sig") }
        #expect(try gate.verify(request, at: Gate.now + .seconds(age), peer: peer).summary == reason)
    }

    @Test("the sender for whom most items held is named, and its failure")
    func plausible() throws {
        var gate = Gate(.bare())
        gate.senders = ["acme", "globex"]
        gate.authenticate = [.signature("bare"), .basic]
        for sender in ["acme", "globex"] {
            try gate.add("\(sender)/signing", PlainCredential("the secret of \(sender)"))
            try gate.add("\(sender)/basic", Self.basicVerifier("\(sender):\(sender)-password"))
        }
        let verification = try gate.verify(try gate.sign("x", secret: "the secret of globex"))
        #expect(verification.sender == "globex")
        #expect(verification.summary == "credential-missing")
    }

    @Test("two schemes may both be asked for")
    func twoSchemes() throws {
        var second = Scheme.listed
        second.signature.sources = [.header("x-second")]
        let gate = try Gate.signed(.bare(), second)
        let signer = try Signer(scheme: second, secret: Secret(utf8: Gate.secret))
        let first = try gate.sign("x")
        let both = try signer.sign(
            SignedRequest(url: Gate.url, fields: [(name: "x-sig", value: try #require(first.fields.first?.1))], body: first.body),
            at: Gate.now)
        #expect(try gate.verify(Request(both)).summary == "ok")
        #expect(try gate.verify(first).summary == "signature-missing")
    }

    @Test("an endpoint that asks for tokens is refused while none are served")
    func tokens() throws {
        var gate = Gate()
        gate.authenticate = [.oauth(scopes: ["events:write"], audience: nil)]
        #expect(throws: VerifierError.self) { try gate.verifier() }
    }
}

@Suite("Rotation")
struct RotationTests {
    private func gate(_ states: [VersionState]) throws -> Gate {
        var gate = Gate(.listed)
        for (index, state) in states.enumerated() {
            try gate.add("acme/signing", PlainCredential("secret number \(index + 1) of acme"), state: state)
        }
        return gate
    }

    @Test("a retiring version counts until its time and not at it")
    func retiring() throws {
        let until = Gate.now + .seconds(10)
        let gate = try gate([.retiring(until: until), .active])
        let request = try gate.sign("x", secret: "secret number 1 of acme")
        #expect(try gate.verify(request, at: until - .microseconds(1)).checks.first?.version == 1)
        #expect(try gate.verify(request, at: until).summary == "signature-mismatch")
        #expect(try gate.verify(request, at: until, retired: true).summary == "signed-with-retired")
    }

    @Test("a retired version is told from a mismatch only when asked, and a revoked one never")
    func retired() throws {
        let gate = try gate([.retired, .revoked, .active])
        let retired = try gate.sign("x", secret: "secret number 1 of acme")
        #expect(try gate.verify(retired).summary == "signature-mismatch")
        let diagnosed = try gate.verify(retired, retired: true)
        #expect(diagnosed.summary == "signed-with-retired")
        #expect(diagnosed.checks == [CheckResult(.signature, scheme: "listed", version: 1, .retired)])
        #expect(try gate.verify(try gate.sign("x", secret: "secret number 2 of acme"), retired: true).summary == "signature-mismatch")
        #expect(try gate.verify(try gate.sign("x", secret: "secret number 9 of acme"), retired: true).checks.first?.version == 3)
    }

    @Test("with nothing but retired or revoked versions the credential is unknown")
    func onlyRetired() throws {
        let gate = try gate([.retired, .revoked])
        let request = try gate.sign("x", secret: "secret number 1 of acme")
        #expect(try gate.verify(request).summary == "credential-unknown")
        #expect(try gate.verify(request, retired: true).summary == "signed-with-retired")
    }

    @Test("the live versions come newest first")
    func live() throws {
        let set = CredentialSet(try gate([.active, .retiring(until: Gate.now), .active, .retired]).credentials)
        let name = try #require(CredentialName("acme/signing"))
        #expect(set.live(name, at: Gate.now).map(\.number) == [3, 1])
        #expect(set.live(name, at: Gate.now - .seconds(1)).map(\.number) == [3, 2, 1])
    }

    @Test(
        "credential names are SENDER/KIND",
        arguments: [
            ("acme/signing", true), ("handler/erp/signing", true), ("acme/other", false), ("/signing", false), ("acme", false), ("", false),
        ])
    func names(_ text: String, _ isName: Bool) {
        #expect(CredentialName(text).map(\.description) == (isName ? text : nil))
    }
}
