import GatehouseCrypto
import GatehouseHTTP
import GatehousePolicy
import GatehouseTime
import GatehouseToken
import Synchronization
import Testing

@testable import GatehouseVerify

/// Issues tokens for a gate, and answers what was revoked.
private final class Issuer: TokenLookup {
    let key: SigningKey
    let digests = Secret(utf8: "a key for digests of tokens 0123")
    private let revoked = Mutex<Set<String>>([])
    static let audience = "https://hooks.example.com"

    init(_ algorithm: JWSAlgorithm = .es256) throws { key = try SigningKey.generate(algorithm, at: Gate.now - .seconds(60)) }

    func isRevoked(_ id: String) -> RevocationAnswer { revoked.withLock { $0.contains(id) } ? .yes : .no }
    func opaque(_ digest: TokenDigest) -> AccessToken? { nil }
    func revoke(_ id: String) { revoked.withLock { _ = $0.insert(id) } }

    func mint(
        _ sender: String = "acme", _ scopes: [String] = ["events:write"], audience: String = audience, certificate: [UInt8]? = nil,
        at time: WallTime = Gate.now
    ) throws -> MintedToken {
        let mint = try TokenMint(issuer: Self.audience, key: key, format: .jwt, lifetime: .seconds(600), digests: digests)
        return try mint.issue(
            TokenClaims(
                sender: sender, audiences: [audience], scopes: scopes, certificate: certificate,
                credentials: [IssuingCredential(kind: "oauth", version: 1)]),
            at: time)
    }

    func bearer(_ token: MintedToken) -> String { "Bearer " + token.text.withBytes { String(decoding: $0, as: UTF8.self) } }

    /// A gate with two senders that takes tokens, and whatever else.
    func gate(_ others: EndpointPolicy.Requirement..., schemes: [Scheme] = []) throws -> Gate {
        var gate = Gate()
        gate.schemes = schemes
        gate.senders = ["acme", "globex"]
        gate.authenticate = [.oauth(scopes: ["events:write"], audience: Self.audience)] + others
        let senders = ["acme", "globex", "stranger"].map { ($0, TokenSender(credentials: [IssuingCredential(kind: "oauth", version: 1)])) }
        gate.tokens = AccessTokenValidator(
            keyring: TokenKeyring(issuer: Self.audience, own: SigningKeySet([key])), senders: Dictionary(uniqueKeysWithValues: senders),
            digests: digests,
            lookup: self)
        return gate
    }
}

@Suite("Bearer tokens at an endpoint")
struct BearerTests {
    private func request(_ authorization: String...) -> Request {
        authorization.reduce(Request(body: "{}")) { $0.adding("Authorization", $1) }
    }

    @Test("SEC-42: the scheme's name comes in any case, and the record names the client")
    func anyCase() throws {
        let issuer = try Issuer()
        let gate = try issuer.gate()
        let minted = try issuer.mint()
        let token = issuer.bearer(minted)
        for name in ["Bearer", "bearer", "BEARER", "bEaReR"] {
            let verification = try gate.verify(request(name + token.dropFirst(6)))
            #expect(verification.summary == "ok" && verification.sender == "acme" && verification.bearer == .sent)
            #expect(verification.checks == [CheckResult(.oauth, client: "acme", token: minted.token.id, .ok)])
        }
    }

    @Test("SEC-42: a token that comes twice or in another place too is a malformed request")
    func misused() throws {
        let issuer = try Issuer()
        let gate = try issuer.gate()
        let token = issuer.bearer(try issuer.mint())
        var query = request(token)
        query.target += "?a=1&access_token=x"
        var form = request(token).adding("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8")
        form.body = Array("access_token=x".utf8)
        for request in [request(token, token), request(token, "Basic YTpi"), query, form] {
            let verification = try gate.verify(request)
            #expect(verification.summary == "malformed" && verification.bearer == .misused && verification.tokenFlaw != nil)
        }
        var other = request(token)
        other.target += "?my_access_token=x&access_tokens=y"
        #expect(try gate.verify(other).summary == "ok")
        var json = request(token).adding("Content-Type", "application/json")
        json.body = Array("access_token=x".utf8)
        #expect(try gate.verify(json).summary == "ok")
    }

    @Test("SEC-42: a token in the query or in a form alone is none", arguments: ["?access_token=", ""])
    func elsewhere(_ query: String) throws {
        let issuer = try Issuer()
        let token = issuer.bearer(try issuer.mint()).dropFirst(7)
        var request = Request(body: "access_token=\(token)").adding("Content-Type", "application/x-www-form-urlencoded")
        if !query.isEmpty { request.target += query + token }
        let verification = try issuer.gate().verify(request)
        #expect(verification.summary == "credential-missing" && verification.bearer == .none)
    }

    @Test("SEC-49: no token is a missing credential, a bad one is not told apart in what the answer depends on")
    func missing() throws {
        let issuer = try Issuer()
        let gate = try issuer.gate()
        for text in ["Basic YTpi", "Bearertoken", ""] {
            let verification = try gate.verify(request(text))
            #expect(verification.summary == "credential-missing" && verification.bearer == .none, "\(text)")
        }
        let good = issuer.bearer(try issuer.mint())
        let bad: [(String, String)] = [
            ("Bearer", "token-malformed"), ("Bearer a.b", "token-malformed"), (String(good.dropLast(4)) + "AAAA", "token-signature"),
            (issuer.bearer(try issuer.mint(at: Gate.now - .seconds(601))), "token-expired"),
            (issuer.bearer(try issuer.mint(at: Gate.now + .seconds(60))), "token-not-yet"),
            (issuer.bearer(try issuer.mint(audience: "https://other.example")), "token-audience"),
            (issuer.bearer(try issuer.mint(certificate: [UInt8](repeating: 1, count: 32))), "token-binding"),
            (issuer.bearer(try issuer.mint("stranger")), "credential-mismatch"),
        ]
        for (text, reason) in bad {
            let verification = try gate.verify(request(text))
            #expect(verification.summary == reason && verification.bearer == .sent, "\(reason): \(verification)")
        }
        // Whose token it was is known where its signature held.
        #expect(try gate.verify(request(bad[3].0)).sender == "acme")
        #expect(try gate.verify(request(bad[2].0)).sender == nil)
    }

    @Test("a genuine token of what is no sender any more is an unknown credential, not another sender's")
    func removed() throws {
        let issuer = try Issuer()
        let minted = try issuer.mint("gone")
        let verification = try issuer.gate().verify(request(issuer.bearer(minted)))
        #expect(verification.summary == "credential-unknown" && verification.bearer == .sent)
        #expect(verification.checks == [CheckResult(.oauth, client: "gone", token: minted.token.id, .unknown)])
        #expect(verification.tokenFlaw == "it was issued to gone, which is no sender here any more")
    }

    @Test("RS256 is what is wrong with a token of a sender held to fapi2, and not that it is another sender's")
    func weakAlgorithm() throws {
        let issuer = try Issuer(.rs256)
        let strict = TokenSender(credentials: [IssuingCredential(kind: "oauth", version: 1)], requiresBinding: true)
        var gate = try issuer.gate()
        gate.tokens = AccessTokenValidator(
            keyring: TokenKeyring(issuer: Issuer.audience, own: SigningKeySet([issuer.key])), senders: ["acme": strict, "globex": strict],
            digests: issuer.digests, lookup: issuer)
        let verification = try gate.verify(request(issuer.bearer(try issuer.mint("globex"))))
        #expect(verification.summary == "token-signature" && verification.tokenFlaw?.contains("RS256") == true)
        #expect(verification.sender == "globex")
    }

    @Test("SEC-49: a missing scope is told only where every other item held")
    func scope() throws {
        let issuer = try Issuer()
        let minted = try issuer.mint("globex", ["events:read"])
        let narrow = issuer.bearer(minted)
        let alone = try issuer.gate()
        let verification = try alone.verify(request(narrow))
        #expect(verification.summary == "token-scope" && verification.sender == "globex")
        #expect(verification.checks == [CheckResult(.oauth, client: "globex", token: minted.token.id, .scope)])
        #expect(verification.tokenFlaw == "it lacks the scope events:write")

        var signed = try issuer.gate(.signature("bare"), schemes: [.bare()])
        try signed.add("globex/signing", PlainCredential(Gate.secret))
        let genuine = try signed.sign("{}").adding("Authorization", narrow)
        #expect(try signed.verify(genuine).summary == "token-scope")
        #expect(try signed.verify(genuine.setting("x-sig", String(repeating: "0", count: 64))).summary == "signature-mismatch")
        #expect(try signed.verify(genuine.removing("x-sig")).summary == "signature-missing")

        var either = try issuer.gate()
        either.authenticate = [.any([.basic, .oauth(scopes: ["events:write"], audience: Issuer.audience)])]
        #expect(try either.verify(request(narrow)).summary == "token-scope")
        #expect(try either.verify(request(issuer.bearer(try issuer.mint()))).summary == "ok")
        #expect(try either.verify(request()).summary == "credential-missing")
    }

    @Test("token and signature must be one and the same sender's")
    func sameSender() throws {
        let issuer = try Issuer()
        var gate = try issuer.gate(.signature("bare"), schemes: [.bare()])
        try gate.add("acme/signing", PlainCredential("the secret of acme itself"))
        try gate.add("globex/signing", PlainCredential("the secret of globex itself"))
        let byGlobex = try gate.sign("{}", secret: "the secret of globex itself")
        #expect(try gate.verify(byGlobex.adding("Authorization", issuer.bearer(try issuer.mint("globex")))).sender == "globex")
        let mixed = try gate.verify(byGlobex.adding("Authorization", issuer.bearer(try issuer.mint("acme"))))
        #expect(mixed.summary.hasSuffix("-mismatch"))
    }

    @Test("SEC-50: a token that was good is refused with the next request after its revocation")
    func revoked() throws {
        let issuer = try Issuer()
        let gate = try issuer.gate()
        let token = try issuer.mint()
        let workspace = try Workspace()
        let verifier = try gate.verifier()
        func verify() throws -> String {
            try request(issuer.bearer(token)).withView { view in
                let endpoint = try #require(verifier.endpoint(path: view.path))
                return endpoint.verify(view, arrival: Arrival(now: Gate.now, peer: IPAddress(v4: 1)), workspace: workspace).summary
            }
        }
        #expect(try verify() == "ok" && verify() == "ok")
        issuer.revoke(token.token.id)
        #expect(try verify() == "token-revoked")
    }
}
