import GatehouseCrypto
import GatehousePolicy
import GatehouseTime
import Synchronization
import Testing

@testable import GatehouseToken

@Suite("Access tokens")
struct AccessTokenTests {
    @Test("a token is accepted with what it says", arguments: JWSAlgorithm.allCases, GatewayPolicy.OAuth.TokenFormat.allCases)
    func accepted(_ algorithm: JWSAlgorithm, _ format: GatewayPolicy.OAuth.TokenFormat) throws {
        let bench = try TokenBench(algorithm)
        guard case .valid(let token) = bench.validate(try bench.issue(format: format)) else {
            Issue.record("the token was refused")
            return
        }
        #expect(token.sender == "acme")
        #expect(token.scopes == ["events:write"])
        #expect(token.audiences == [TokenBench.audience])
        #expect(token.expires == .now + .seconds(600))
        #expect(token.credentials == [IssuingCredential(kind: "oauth", version: 1)])
    }

    @Test("a JWT has the header and claims of RFC 9068, and one audience is a string, several an array")
    func form() throws {
        let bench = try TokenBench()
        let parts = try bench.issue().split(separator: ".").compactMap { Base64.decode($0, alphabet: .url, padding: .forbidden) }
        try #require(parts.count == 3)
        let header = try #require(StrictJSON(parts[0])?.members)
        #expect(header["typ"] == .string("at+jwt"))
        #expect(header["alg"] == .string("ES256"))
        #expect(header["kid"]?.text == bench.keys.active?.id)
        let claims = try #require(StrictJSON(parts[1])?.members)
        #expect(Set(claims.keys) == ["iss", "aud", "sub", "client_id", "iat", "exp", "jti", "scope", "gatehouse_credentials"])
        #expect(claims["aud"] == .string(TokenBench.audience))
        #expect(claims["sub"] == claims["client_id"])
        var two = bench.claims
        two.audiences.append("https://other.example")
        let second = try bench.issue(two).split(separator: ".")
        let bytes = try #require(second.dropFirst().first.flatMap { Base64.decode($0, alphabet: .url, padding: .forbidden) })
        #expect(StrictJSON(bytes)?.members?["aud"]?.elements?.count == 2)
    }

    @Test("SEC-34: a jti has 128 random bits, an opaque token 256, and what is kept of it is a keyed digest")
    func randomness() throws {
        let bench = try TokenBench()
        let minted = try (0..<200).map { _ in try bench.mint(.opaque).issue(bench.claims, at: .now) }
        #expect(Set(minted.map(\.token.id)).count == 200)
        #expect(minted.allSatisfy { Base64.decode($0.token.id, alphabet: .url, padding: .forbidden)?.count == 16 })
        let texts = minted.map { $0.text.withBytes { Array($0) } }
        #expect(Set(texts).count == 200)
        #expect(texts.allSatisfy { Base64.decode($0, alphabet: .url, padding: .forbidden)?.count == 32 })
        for (token, text) in zip(minted, texts) {
            let own = try text.withUnsafeBytes { try HMAC.compute(.sha256, key: bench.digests, $0) }
            #expect(token.digest?.bytes == own)
            #expect(token.digest?.bytes != Digest.sha256(text))
        }
    }

    @Test("an opaque token that was never committed is not accepted")
    func uncommitted() throws {
        let bench = try TokenBench()
        let text = try bench.mint(.opaque).issue(bench.claims, at: .now).text.withBytes { String(decoding: $0, as: UTF8.self) }
        #expect(bench.refusal(text) == .signature)
    }

    @Test("time: good from its first to before its last second, ten seconds of another clock ahead")
    func time() throws {
        let bench = try TokenBench()
        let token = try bench.issue()
        #expect(bench.refusal(token, at: .now + .seconds(599)) == nil)
        #expect(bench.refusal(token, at: .now + .seconds(600)) == .expired)
        #expect(bench.refusal(token, at: .now - .seconds(8)) == nil)
        #expect(bench.refusal(token, at: .now - .seconds(60)) == .notYet)
        let later = try bench.sign(payload: TokenBench.payload(["nbf": "1790000300"]))
        #expect(bench.refusal(later) == .notYet)
        #expect(bench.refusal(later, at: .now + .seconds(300)) == nil)
    }

    @Test("audience and scope: any audience of the token's, every scope asked for; a missing scope comes last")
    func demands() throws {
        let bench = try TokenBench()
        var claims = bench.claims
        claims.audiences = ["https://other.example", TokenBench.audience]
        claims.scopes = ["events:write", "events:read"]
        let token = try bench.issue(claims)
        #expect(bench.refusal(token, scopes: ["events:read", "events:write"]) == nil)
        #expect(bench.refusal(token, audience: "https://hooks.example", scopes: []) == .audience)
        #expect(bench.refusal(token, scopes: ["events:read", "events:delete"]) == .scope)
        #expect(bench.refusal(token, audience: "https://hooks.example", scopes: ["events:delete"]) == .audience)
        #expect(bench.refusal(token, at: .now + .seconds(700), scopes: ["events:delete"]) == .expired)
    }

    @Test("SEC-49: a bound token needs its own certificate", arguments: GatewayPolicy.OAuth.TokenFormat.allCases)
    func binding(_ format: GatewayPolicy.OAuth.TokenFormat) throws {
        let bench = try TokenBench()
        var claims = bench.claims
        claims.certificate = [UInt8](repeating: 7, count: 32)
        let token = try bench.issue(claims, format: format)
        #expect(bench.refusal(token, certificate: claims.certificate) == nil)
        #expect(bench.refusal(token) == .binding)
        #expect(bench.refusal(token, certificate: [UInt8](repeating: 8, count: 32)) == .binding)
        #expect(bench.refusal(token, certificate: []) == .binding)
        // A certificate beside an unbound token is nothing to the token.
        #expect(bench.refusal(try bench.issue(), certificate: claims.certificate) == nil)
    }

    @Test("a sender held to fapi2 has no use of unbound tokens")
    func bindingRequired() throws {
        let sender = TokenSender(credentials: [IssuingCredential(kind: "oauth", version: 1)], requiresBinding: true)
        let bench = try TokenBench(senders: ["acme": sender])
        #expect(bench.refusal(try bench.issue()) == .binding && bench.workspace.flaw == .unbound)
    }

    @Test("a sender held to fapi2 has no use of RS256, whoever signed with it")
    func weakAlgorithm() throws {
        let credentials: Set = [IssuingCredential(kind: "oauth", version: 1)]
        let bench = try TokenBench(.rs256)
        var claims = bench.claims
        claims.certificate = [UInt8](repeating: 7, count: 32)
        let token = try bench.issue(claims)
        #expect(bench.refusal(token, certificate: claims.certificate) == nil)
        let strict = bench.under(["acme": TokenSender(credentials: credentials, requiresBinding: true)])
        #expect(strict.refusal(token, certificate: claims.certificate) == .signature)
        #expect(bench.workspace.flaw == .forbiddenAlgorithm("RS256"))
    }

    @Test("a confirmation that cannot be checked refuses, also beside one that can")
    func otherConfirmation() throws {
        let bench = try TokenBench()
        let thumbprint = Base64.encode([UInt8](repeating: 7, count: 32), alphabet: .url, padded: false)
        for confirmation in ["{\"jkt\":\"abc\"}", "{}", "{\"x5t#S256\":\"\(thumbprint)\",\"jkt\":\"abc\"}"] {
            let token = try bench.sign(payload: TokenBench.payload(["cnf": confirmation]))
            #expect(bench.refusal(token, certificate: [UInt8](repeating: 7, count: 32)) == .binding)
        }
    }

    @Test(
        "SEC-50: a revoked token, credential or sender is refused at once, though the token is remembered",
        arguments: GatewayPolicy.OAuth.TokenFormat.allCases)
    func revocation(_ format: GatewayPolicy.OAuth.TokenFormat) throws {
        let bench = try TokenBench()
        let token = try bench.issue(format: format)
        guard case .valid(let valid) = bench.validate(token) else {
            Issue.record("the token was refused")
            return
        }
        let rotated = bench.under(["acme": TokenSender(credentials: [IssuingCredential(kind: "oauth", version: 2)])])
        #expect(rotated.validate(token) == .refused(.revoked, valid))
        #expect(bench.workspace.flaw == .credential(IssuingCredential(kind: "oauth", version: 1), sender: "acme"))
        guard case .refused(.client, let orphan?) = bench.under([:]).validate(token) else {
            Issue.record("a token of no sender was accepted, or refused as something else")
            return
        }
        #expect(orphan.id == valid.id && bench.workspace.flaw == .sender("acme"))
        #expect(bench.refusal(token) == nil)
        bench.memory.commit([.revoke(id: valid.id, until: valid.expires)], at: .now)
        #expect(bench.refusal(token) == .revoked && bench.workspace.flaw == .revoked)
    }

    @Test(
        "what a sender's policy no longer has, its tokens have no more, also those that are remembered",
        arguments: GatewayPolicy.OAuth.TokenFormat.allCases)
    func withdrawn(_ format: GatewayPolicy.OAuth.TokenFormat) throws {
        let bench = try TokenBench()
        var claims = bench.claims
        claims.scopes = ["events:read", "events:write"]
        let token = try bench.issue(claims, format: format)
        func under(_ scopes: Set<String>, _ audiences: Set<String> = [TokenBench.audience]) -> TokenBench {
            bench.under([
                "acme": TokenSender(
                    credentials: [IssuingCredential(kind: "oauth", version: 1)], scopes: scopes, audiences: audiences)
            ])
        }
        #expect(bench.refusal(token) == nil)
        guard case .valid(let left) = under(["events:read"]).validate(token, scopes: ["events:read"]) else {
            Issue.record("what is left of the token was refused")
            return
        }
        #expect(left.scopes == ["events:read"] && left.withdrawnScopes == ["events:write"] && left.withdrawnAudiences == [])
        #expect(under(["events:read"]).refusal(token) == .scope && bench.workspace.flaw == .scopeWithdrawn("events:write"))
        #expect(under([]).refusal(token, scopes: []) == nil)
        #expect(under(["events:write"], ["https://hooks.example/other"]).refusal(token) == .audience)
        #expect(bench.workspace.flaw == .audiencesWithdrawn)
        // What comes back into the policy before the token ends counts again; what it was not issued with never does.
        #expect(under(["events:read", "events:write", "admin"]).refusal(token) == nil)
        #expect(under(["events:read", "events:write", "admin"]).refusal(token, scopes: ["admin"]) == .scope)
        #expect(bench.workspace.flaw == .scope("admin"))
    }

    @Test("an audience that the sender's policy no longer has is told apart from one that the token never had")
    func withdrawnAudience() throws {
        let bench = try TokenBench()
        var claims = bench.claims
        let (kept, never) = ("https://hooks.example/kept", "https://hooks.example/never")
        claims.audiences = [TokenBench.audience, kept]
        let token = try bench.issue(claims)
        #expect(bench.refusal(token) == nil)
        let later = bench.under([
            "acme": TokenSender(credentials: [IssuingCredential(kind: "oauth", version: 1)], audiences: [kept])
        ])
        #expect(later.refusal(token) == .audience && bench.workspace.flaw == .audienceWithdrawn(TokenBench.audience))
        let said = "it was issued for \(TokenBench.audience), which is no longer among its sender's `audiences`"
        #expect(bench.workspace.flaw?.description == said)
        #expect(later.refusal(token, audience: never) == .audience && bench.workspace.flaw == .notFor(never))
        #expect(later.refusal(token, audience: kept) == nil)
    }

    @Test("an audience that is gone takes no scope of the same text with it, nor the other way round")
    func withdrawnAlike() throws {
        let bench = try TokenBench()
        var claims = bench.claims
        let both = "https://hooks.example/both"
        claims.scopes = [both]
        claims.audiences = [TokenBench.audience, both]
        let token = try bench.issue(claims)
        func under(_ scopes: Set<String>, _ audiences: Set<String>) -> TokenBench {
            bench.under([
                "acme": TokenSender(
                    credentials: [IssuingCredential(kind: "oauth", version: 1)], scopes: scopes, audiences: audiences)
            ])
        }
        #expect(under([both], [TokenBench.audience]).refusal(token, scopes: [both]) == nil)
        #expect(under([], [TokenBench.audience, both]).refusal(token, audience: both, scopes: []) == nil)
    }

    @Test("SEC-50: where it cannot be known what was revoked, no token is accepted")
    func blind() throws {
        let bench = try TokenBench()
        let token = try bench.issue()
        #expect(bench.refusal(token) == nil)
        bench.memory.contents.withLock { $0.isBlind = true }
        #expect(bench.refusal(token) == .unavailable)
    }

    @Test("a remembered token is still checked for time, audience, scope and binding")
    func remembered() throws {
        let bench = try TokenBench()
        let token = try bench.issue()
        for _ in 0..<3 {
            #expect(bench.refusal(token) == nil)
            #expect(bench.refusal(token, audience: "https://other.example") == .audience)
            #expect(bench.refusal(token, scopes: ["events:delete"]) == .scope)
            #expect(bench.refusal(token, at: .now + .seconds(600)) == .expired)
        }
    }

    @Test("another signature under a remembered header and payload is another token")
    func rememberedByWhole() throws {
        let bench = try TokenBench()
        let token = try bench.issue()
        #expect(bench.refusal(token) == nil)
        let tampered = token.dropLast(2) + (token.hasSuffix("AA") ? "BA" : "AA")
        #expect(bench.refusal(String(tampered)) == .signature)
    }

    @Test("a token of a retiring key is accepted until the key's last token has expired, and not with another keyring")
    func retiring() throws {
        let bench = try TokenBench()
        let token = try bench.issue()
        var old = try #require(bench.keys.active)
        old.state = .retiring(until: .now + .seconds(300))
        let keys = SigningKeySet([try SigningKey(algorithm: .edDSA, created: .now + .seconds(1), key: TestKeys.ed25519), old])
        #expect(keys.active?.algorithm == .edDSA)
        let validator = AccessTokenValidator(
            keyring: TokenKeyring(issuer: TokenBench.issuer, own: keys), senders: bench.senders, digests: bench.digests,
            lookup: bench.memory)
        func verdict(at now: WallTime, _ workspace: TokenWorkspace) -> TokenVerdict {
            Array(token.utf8).withUnsafeBytes { validator.validate($0, at: now, audience: nil, workspace: workspace) }
        }
        if case .refused(let refusal, _) = verdict(at: .now, try TokenWorkspace()) { Issue.record("refused: \(refusal)") }
        #expect(verdict(at: .now + .seconds(300), try TokenWorkspace()) == .refused(.signature, nil))
    }
}
