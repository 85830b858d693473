import GatehouseCrypto
import GatehouseTime
import Testing

@testable import GatehouseToken

@Suite("Tokens of issuers outside")
struct TrustedIssuerTests {
    static let outside = "https://login.partner.example"
    static let audience = "https://hooks.example/partner"

    static func bench(clients: [String: String] = ["client-7": "acme"]) throws -> TokenBench {
        let jwks = "{\"keys\":[\(try TestKeys.jwk(TestKeys.otherP256.publicKey, [("kid", "one"), ("use", "sig")]))]}"
        let issuer = try TrustedIssuer(issuer: outside, jwks: Array(jwks.utf8), audience: audience, clients: clients)
        return try TokenBench(trusted: [issuer])
    }

    static func payload(_ changes: [String: String] = [:]) -> String {
        TokenBench.payload(
            [
                "iss": "\"\(outside)\"", "aud": "\"\(audience)\"", "client_id": "\"client-7\"", "sub": "\"service-7\"",
                "gatehouse_credentials": "",
            ]
            .merging(changes) { $1 })
    }

    static func sign(_ bench: TokenBench, _ payload: String, kid: String = "one", key: PrivateKey = TestKeys.otherP256) throws -> String {
        try bench.sign(
            header: "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"\(kid)\"}", payload: payload, key: key, scheme: .ecdsaP256SHA256Raw)
    }

    @Test("a pinned issuer's token counts as its client's sender, for the audience that the trust names")
    func accepted() throws {
        let bench = try Self.bench()
        guard case .valid(let token) = bench.validate(try Self.sign(bench, Self.payload())) else {
            Issue.record("the token was refused")
            return
        }
        #expect(token.sender == "acme")
        #expect(!token.isOwn)
        #expect(bench.refusal(try Self.sign(bench, Self.payload(["aud": "\"\(TokenBench.audience)\""]))) == .audience)
    }

    @Test("an audience that the endpoint names itself is asked of an outside issuer's tokens too, beside that of the trust")
    func namedAudience() throws {
        let bench = try Self.bench()
        let other = "https://other.example"
        let one = try Self.sign(bench, Self.payload())
        #expect(bench.refusal(one, audience: other) == nil)
        #expect(bench.refusal(one, audience: other, isNamed: true) == .audience && bench.workspace.flaw == .notFor(other))
        #expect(bench.refusal(one, audience: Self.audience, isNamed: true) == nil)
        let both = try Self.sign(bench, Self.payload(["aud": "[\"\(Self.audience)\",\"\(other)\"]"]))
        #expect(bench.refusal(both, audience: other, isNamed: true) == nil)
        let wrong = try Self.sign(bench, Self.payload(["aud": "\"\(other)\""]))
        #expect(bench.refusal(wrong, audience: other, isNamed: true) == .audience && bench.workspace.flaw == .notFor(Self.audience))
    }

    @Test("scopes of an outside issuer's token are that issuer's to give, whatever the sender's policy lists")
    func ownScopes() throws {
        let bench = try Self.bench()
        let token = try Self.sign(bench, Self.payload())
        let sender = TokenSender(credentials: [], scopes: [], audiences: [])
        #expect(bench.under(["acme": sender]).refusal(token) == nil)
    }

    @Test("its word about our credentials counts for nothing, nor do its ids revoke ours")
    func claims() throws {
        let bench = try Self.bench()
        let token = try Self.sign(bench, Self.payload(["gatehouse_credentials": "[\"oauth/99\"]"]))
        guard case .valid(let valid) = bench.validate(token) else {
            Issue.record("the token was refused")
            return
        }
        #expect(valid.credentials.isEmpty)
        bench.memory.commit([.revoke(id: valid.id, until: valid.expires)], at: .now)
        #expect(bench.refusal(token) == nil)
    }

    @Test(
        "a client that is not mapped is nobody's, whatever its subject (RFC 9068 section 5), and one without a map is the sender of its name"
    )
    func clients() throws {
        let bench = try Self.bench()
        #expect(bench.refusal(try Self.sign(bench, Self.payload(["client_id": "\"client-8\""]))) == .client)
        #expect(bench.refusal(try Self.sign(bench, Self.payload(["client_id": "\"x\"", "sub": "\"client-7\""]))) == .client)
        let open = try Self.bench(clients: [:])
        #expect(open.refusal(try Self.sign(open, Self.payload(["client_id": "\"acme\""]))) == nil)
        #expect(open.refusal(try Self.sign(open, Self.payload(["client_id": "\"nobody\""]))) == .client)
    }

    @Test("a genuine token of a client that is no sender is told with its id and client, and is nobody's though a sender has that name")
    func strangers() throws {
        let bench = try Self.bench()
        let token = try Self.sign(bench, Self.payload(["client_id": "\"acme\""]))
        for _ in 1...2 {
            guard case .refused(.client, let found?) = bench.validate(token, scopes: []) else {
                Issue.record("the token was accepted, or its id is not told")
                return
            }
            #expect(found.isStranger && found.sender == "acme" && found.id == "aaaaaaaaaaaaaaaaaaaaaa" && !found.isOwn)
            #expect(bench.workspace.flaw == .client)
        }
        // Once it is a sender, also under a name that the token does not have.
        let open = try Self.bench(clients: [:])
        let later = open.under(["client-7": TokenSender(credentials: [])])
        let early = try Self.sign(open, Self.payload())
        #expect(open.refusal(early) == .client && later.refusal(early) == nil && open.refusal(early) == .client)
    }

    @Test("neither issuer can sign for the other, and an unknown one for nobody")
    func keysStayApart() throws {
        let bench = try Self.bench()
        #expect(bench.refusal(try Self.sign(bench, Self.payload(["iss": "\"\(TokenBench.issuer)\""]))) == .signature)
        let kid = try #require(bench.keys.active?.id)
        #expect(bench.refusal(try Self.sign(bench, Self.payload(), kid: kid, key: TestKeys.p256)) == .signature)
        #expect(bench.refusal(try Self.sign(bench, Self.payload(["iss": "\"https://elsewhere.example\""]))) == .signature)
        #expect(bench.refusal(try Self.sign(bench, Self.payload(), kid: "two")) == .signature)
    }

    @Test("a key set that is empty, private, symmetric or ambiguous is refused with a reason")
    func keySets() throws {
        let good = try TestKeys.jwk(TestKeys.otherP256.publicKey, [("kid", "one")])
        let bad = [
            "{\"keys\":[]}", "{\"keys\":{}}", "[]", "", "{\"keys\":[\(good),\(good)]}", "{\"keys\":[\(good)],\"keys\":[]}",
            "{\"keys\":[{\"kty\":\"oct\",\"k\":\"AAAA\"}]}", "{\"keys\":[\(good.dropLast()),\"d\":\"AAAA\"}]}", "{\"keys\":[7]}",
            "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"AAAA\",\"y\":\"AAAA\"}]}",
        ]
        for text in bad {
            #expect(throws: JWKError.self) { try TrustedIssuer(issuer: Self.outside, jwks: Array(text.utf8), audience: Self.audience) }
        }
        let mixed = "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"AAAA\",\"y\":\"AAAA\"},\(good)]}"
        #expect(try VerificationKeySet(Array(mixed.utf8)).keys.count == 1)
    }
}
