import GatehouseCrypto
import GatehouseTime
import Testing

@testable import GatehouseOAuth
@testable import GatehouseToken

@Suite("What is said of bad tokens")
struct TokenFlawTests {
    private func flaw(_ bench: TokenBench, _ token: String) -> TokenFlaw? {
        _ = bench.validate(token)
        return bench.workspace.flaw
    }

    @Test(
        "SEC-45: a claim that is missing, of a wrong type or no whole number of seconds is told by name, with what was found and is expected"
    )
    func claims() throws {
        let bench = try TokenBench()
        let cases: [([String: String], TokenFlaw, String)] = [
            (["exp": "1790000600.5"], .claim("exp", .fraction("1790000600.5")), "`exp` is 1790000600.5, and whole seconds since 1970"),
            (["iat": "179e7"], .claim("iat", .fraction("179e7")), "`iat` is 179e7, and whole seconds"),
            (["nbf": "1790000000.0"], .claim("nbf", .fraction("1790000000.0")), "`nbf` is 1790000000.0"),
            (["exp": "1790000600000"], .claim("exp", .range("1790000600000")), "seconds (not milliseconds) since 1970 are expected"),
            (["exp": "-1"], .claim("exp", .range("-1")), "`exp` is -1"),
            (
                ["exp": "\"1790000600\""], .claim("exp", .type(found: "a text", expected: "a number of seconds since 1970")),
                "`exp` is a text"
            ),
            (["exp": ""], .claim("exp", .missing), "`exp` is missing"), (["jti": ""], .claim("jti", .missing), "`jti` is missing"),
            (
                ["aud": "[]"], .claim("aud", .type(found: "an empty list", expected: "a text or a list of texts, not empty,")),
                "`aud` is an empty list"
            ),
            (["iss": "7"], .claim("iss", .type(found: "a number", expected: "a text of printable ASCII, not empty,")), "`iss` is a number"),
            (
                ["jti": "\"\""],
                .claim("jti", .type(found: "empty", expected: "a text of printable ASCII of at most 256 characters, not empty,")),
                "`jti` is empty, and a text"
            ),
            (
                ["jti": "\"\(String(repeating: "j", count: 257))\""],
                .claim(
                    "jti", .type(found: "a text of 257 bytes", expected: "a text of printable ASCII of at most 256 characters, not empty,")),
                "`jti` is a text of 257 bytes"
            ),
            (
                ["jti": "\"\\u00e9\""],
                .claim(
                    "jti",
                    .type(
                        found: "a text with other characters", expected: "a text of printable ASCII of at most 256 characters, not empty,")),
                "`jti` is a text with other characters"
            ),
            (["sub": "\"globex\""], .subject, "`sub` is another than `client_id`"),
            (["iss": "\"https://elsewhere.example\""], .issuer, "`oauth.trust`"),
        ]
        for (changes, expected, text) in cases {
            let found = try #require(flaw(bench, try bench.sign(payload: TokenBench.payload(changes))))
            #expect(found == expected && found.description.contains(text), "\(found)")
        }
        // A good token leaves nothing behind of the one before.
        #expect(flaw(bench, try bench.issue()) == nil)
    }

    @Test("a claim of the right kind is told by what is wrong in it, and not by its kind")
    func contents() throws {
        let bench = try TokenBench()
        let many = (0...128).map { "s\($0)" }.joined(separator: " ")
        for (name, value, says) in [
            ("aud", "\"\"", "`aud` is empty, and"), ("aud", "[5]", "`aud` is a list with something else than texts in it, and"),
            ("aud", "7", "`aud` is a number, and"), ("sub", "\"\"", "`sub` is empty, and"), ("sub", "7", "`sub` is a number, and"),
            ("scope", "\" a\"", "`scope` is a text with a blank at its start or end, or two in a row, and"),
            ("scope", "\"a  b\"", "`scope` is a text with a blank at its start or end, or two in a row, and"),
            ("scope", "\"a\\\"\"", "`scope` is a text with other characters, and"),
            ("scope", "\"\(many)\"", "`scope` is a text of more scopes, and at most 128 scopes"), ("scope", "[]", "`scope` is a list, and"),
        ] {
            let found = try #require(flaw(bench, try bench.sign(payload: TokenBench.payload([name: value]))))
            #expect(found.description.hasPrefix(says), "\(found)")
        }
    }

    @Test("SEC-43, SEC-46, SEC-48: what is wrong with the text, the header or the signature is told apart")
    func headers() throws {
        let bench = try TokenBench()
        let kid = try #require(bench.keys.active?.id)
        let good = try bench.issue()
        func signed(_ header: String, _ key: PrivateKey = TestKeys.p256, _ scheme: SignatureScheme = .ecdsaP256SHA256Raw) throws -> String {
            try bench.sign(header: header, payload: TokenBench.payload(), key: key, scheme: scheme)
        }
        let cases: [(String, TokenFlaw)] = [
            ("garbage", .parts), ("a.b.c.d", .parts), ("a.b=.c", .encoding), (TestJWS.part("[]") + ".e30.", .header),
            (TestJWS.part("{\"alg\":\"ES256\",\"typ\":\"at+jwt\"}") + ".W10.", .payload), (String(repeating: "a", count: 20_000), .length),
            (try signed("{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"crit\":[]}"), .extended("crit")),
            (try signed("{\"typ\":\"at+jwt\"}"), .parameter("alg")),
            (try signed("{\"alg\":\"ES256\",\"kid\":\"\(kid)\"}"), .type(expected: "at+jwt (RFC 9068 section 2.1)")),
            (try signed("{\"alg\":\"none\",\"typ\":\"at+jwt\"}"), .algorithm("none")),
            (try signed("{\"alg\":\"HS256\",\"typ\":\"at+jwt\"}"), .algorithm("HS256")),
            (try signed("{\"alg\":\"ES256\",\"typ\":\"at+jwt\"}"), .keyUnnamed),
            (try signed("{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"gone\"}"), .key(id: "gone", algorithm: "ES256")),
            (
                try signed("{\"alg\":\"EdDSA\",\"typ\":\"at+jwt\",\"kid\":\"\(kid)\"}", TestKeys.ed25519, .ed25519),
                .key(id: kid, algorithm: "EdDSA")
            ),
            (try signed("{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"\(kid)\"}", TestKeys.otherP256), .signature),
            (String(good.dropLast(3)) + "AAA", .signature),
            (Base64.encode([UInt8](repeating: 7, count: 32), alphabet: .url, padded: false), .unknown),
        ]
        for (token, expected) in cases { #expect(flaw(bench, token) == expected, "\(token.prefix(60))") }
    }

    @Test("SEC-70: no text of a flaw holds anything of the token but names, numbers and plain algorithms")
    func harmless() {
        let long = String(repeating: "x", count: 40)
        for name in ["\u{1b}[31m", "secret secret", "a\"b", long] { #expect(!TokenFlaw.algorithm(name).description.contains(name)) }
        #expect(TokenFlaw.algorithm("HS256").description.contains("HS256"))
    }
}
