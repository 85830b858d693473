import GatehouseCrypto
import GatehousePolicy

@testable import GatehouseToken

/// A token that must not be accepted, made for a bench whose own tokens are.
struct HostileToken: Sendable {
    let name: String
    let make: @Sendable (TokenBench) throws -> String

    init(_ name: String, _ make: @escaping @Sendable (TokenBench) throws -> String) {
        self.name = name
        self.make = make
    }

    static let all: [HostileToken] = shapes + algorithms + headers + times + claims + encodings

    private static func payload(_ name: String, _ changes: [String: String], also more: String = "") -> HostileToken {
        HostileToken(name) { try $0.sign(payload: TokenBench.payload(changes, also: more)) }
    }

    private static func header(_ name: String, _ header: @escaping @Sendable (String) -> String) -> HostileToken {
        HostileToken(name) { bench in try bench.sign(header: header(bench.keys.active?.id ?? ""), payload: TokenBench.payload()) }
    }

    private static func changed(_ name: String, _ change: @escaping @Sendable ([Substring]) -> String) -> HostileToken {
        HostileToken(name) { change(try $0.issue().split(separator: ".")) }
    }

    // MARK: Not three parts of base64url

    private static let shapes: [HostileToken] = [
        HostileToken("empty") { _ in "" },
        HostileToken("a dot") { _ in "." },
        HostileToken("two dots") { _ in ".." },
        HostileToken("three dots") { _ in "..." },
        HostileToken("ten thousand dots") { _ in String(repeating: ".", count: 10_000) },
        HostileToken("a million dots") { _ in String(repeating: ".", count: 1_000_000) },
        HostileToken("a million letters") { _ in String(repeating: "a", count: 1_000_000) },
        HostileToken("forty-three letters, as an opaque token has") { _ in String(repeating: "a", count: 43) },
        HostileToken("one letter") { _ in "a" },
        HostileToken("JSON serialization") { bench in
            let parts = try bench.issue().split(separator: ".")
            return "{\"protected\":\"\(parts[0])\",\"payload\":\"\(parts[1])\",\"signature\":\"\(parts[2])\"}"
        },
        changed("without signature") { "\($0[0]).\($0[1])." },
        changed("without signature and its dot") { "\($0[0]).\($0[1])" },
        changed("without payload") { "\($0[0])..\($0[2])" },
        changed("without header") { ".\($0[1]).\($0[2])" },
        changed("header alone") { "\($0[0])" },
        changed("a fourth part") { "\($0[0]).\($0[1]).\($0[2])." },
        changed("a fourth part with content") { "\($0[0]).\($0[1]).\($0[2]).AAAA" },
        changed("five parts, as encrypted ones have") { "\($0[0]).\($0[1]).\($0[2]).AAAA.AAAA" },
        changed("parts in another order") { "\($0[1]).\($0[0]).\($0[2])" },
        changed("a leading dot") { ".\($0[0]).\($0[1]).\($0[2])" },
        changed("a leading blank") { " \($0[0]).\($0[1]).\($0[2])" },
        changed("a blank at the end") { "\($0[0]).\($0[1]).\($0[2]) " },
        changed("a line break at the end") { "\($0[0]).\($0[1]).\($0[2])\n" },
        changed("a NUL at the end") { "\($0[0]).\($0[1]).\($0[2])\0" },
        changed("a blank before a dot") { "\($0[0]) .\($0[1]).\($0[2])" },
        changed("a line break in the payload") { "\($0[0]).\($0[1].prefix(8))\n\($0[1].dropFirst(8)).\($0[2])" },
        changed("padding after the signature") { "\($0[0]).\($0[1]).\($0[2])==" },
        changed("padding after the payload") { "\($0[0]).\($0[1])=.\($0[2])" },
        changed("padding after the header") { "\($0[0])=.\($0[1]).\($0[2])" },
        changed("a percent sign") { "\($0[0])%2E\($0[1]).\($0[2])" },
        changed("the standard alphabet") { "\($0[0]).\($0[1]).\($0[2].dropLast(4))+/+/" },
        changed("a letter beyond ASCII") { "\($0[0]).\($0[1]).\($0[2].dropLast())é" },
        changed("one letter less") { "\($0[0]).\($0[1]).\($0[2].dropLast())" },
        changed("one letter more") { "\($0[0]).\($0[1]).\($0[2])A" },
        changed("loose final bits in the signature") { parts in
            let last = parts[2].last ?? "A"
            let next = last == "A" ? "B" : last == "Q" ? "R" : last == "g" ? "h" : "x"
            return "\(parts[0]).\(parts[1]).\(parts[2].dropLast())\(next)"
        },
        changed("a signature of zeros") {
            "\($0[0]).\($0[1]).\(Base64.encode([UInt8](repeating: 0, count: 64), alphabet: .url, padded: false))"
        },
        changed("a signature of ones") {
            "\($0[0]).\($0[1]).\(Base64.encode([UInt8](repeating: 255, count: 64), alphabet: .url, padded: false))"
        },
        changed("half a signature") { "\($0[0]).\($0[1]).\($0[2].prefix(43))" },
        changed("the payload's first letter") { "\($0[0]).f\($0[1].dropFirst()).\($0[2])" },
        HostileToken("two tokens' parts") { bench in
            let (one, two) = (try bench.issue().split(separator: "."), try bench.issue().split(separator: "."))
            return "\(one[0]).\(one[1]).\(two[2])"
        },
        HostileToken("a token twice") { bench in
            let token = try bench.issue()
            return token + token
        },
        HostileToken("a token with a scheme before it") { "Bearer " + (try $0.issue()) },
    ]

    // MARK: The algorithm

    private static func unsigned(_ algorithm: String, type: String = "at+jwt") -> HostileToken {
        HostileToken("alg \(algorithm), without signature") { bench in
            TestJWS.part("{\"alg\":\"\(algorithm)\",\"typ\":\"\(type)\",\"kid\":\"\(bench.keys.active?.id ?? "")\"}") + "."
                + TestJWS.part(TokenBench.payload()) + "."
        }
    }

    private static func mac(_ name: String, _ algorithm: String, _ key: @escaping @Sendable (PublicKey) throws -> [UInt8]) -> HostileToken {
        HostileToken("\(algorithm) keyed with \(name)") { bench in
            guard let own = bench.keys.active else { return "" }
            let signed =
                TestJWS.part("{\"alg\":\"\(algorithm)\",\"typ\":\"at+jwt\",\"kid\":\"\(own.id)\"}") + "."
                + TestJWS.part(TokenBench.payload())
            let code = try Array(signed.utf8).withUnsafeBytes { try HMAC.compute(.sha256, key: Secret(try key(own.key.publicKey)), $0) }
            return signed + "." + Base64.encode(code, alphabet: .url, padded: false)
        }
    }

    private static func foreign(_ name: String, alg: String, kid: String?, key: PrivateKey, scheme: SignatureScheme) -> HostileToken {
        HostileToken(name) { bench in
            let kid = kid ?? bench.keys.active?.id ?? ""
            return try bench.sign(
                header: "{\"alg\":\"\(alg)\",\"typ\":\"at+jwt\",\"kid\":\"\(kid)\"}", payload: TokenBench.payload(), key: key,
                scheme: scheme)
        }
    }

    private static let algorithms: [HostileToken] =
        ["none", "None", "NONE", "nOnE", "", " none", "HS256", "HS512", "ES256", "RS256"].map { unsigned($0) } + [
            mac("the public key's DER", "HS256") { try $0.subjectPublicKeyInfo() },
            mac("the public key's thumbprint", "HS256") { Array(try $0.thumbprint().utf8) },
            mac("the public key's JWK", "HS256") { Array(try TestKeys.jwk($0).utf8) },
            mac("nothing much", "HS256") { _ in [0] },
            mac("the public key's DER", "HS384") { try $0.subjectPublicKeyInfo() },
            mac("the public key's DER", "ES256") { try $0.subjectPublicKeyInfo() },
            foreign("another P-256 key under our name", alg: "ES256", kid: nil, key: TestKeys.otherP256, scheme: .ecdsaP256SHA256Raw),
            foreign("an Ed25519 key under our name", alg: "EdDSA", kid: nil, key: TestKeys.ed25519, scheme: .ed25519),
            foreign("an RSA key under our name, RS256", alg: "RS256", kid: nil, key: TestKeys.rsa, scheme: .rsaPKCS1(.sha256)),
            foreign("an RSA key under our name, PS256", alg: "PS256", kid: nil, key: TestKeys.rsa, scheme: .rsaPSS(.sha256)),
            foreign("our key, and a signature in DER", alg: "ES256", kid: nil, key: TestKeys.p256, scheme: .ecdsaP256SHA256DER),
            foreign("our key, said to be EdDSA", alg: "EdDSA", kid: nil, key: TestKeys.p256, scheme: .ecdsaP256SHA256Raw),
            foreign("our key, said to be ES384", alg: "ES384", kid: nil, key: TestKeys.p256, scheme: .ecdsaP256SHA256Raw),
            foreign("our key, said to be es256", alg: "es256", kid: nil, key: TestKeys.p256, scheme: .ecdsaP256SHA256Raw),
            foreign("our key, said to be ES256 with a blank", alg: "ES256 ", kid: nil, key: TestKeys.p256, scheme: .ecdsaP256SHA256Raw),
            foreign("our key under an unknown name", alg: "ES256", kid: "unknown", key: TestKeys.p256, scheme: .ecdsaP256SHA256Raw),
            foreign("our key under an empty name", alg: "ES256", kid: "", key: TestKeys.p256, scheme: .ecdsaP256SHA256Raw),
            foreign("a name that is a path", alg: "ES256", kid: "../../../dev/null", key: TestKeys.p256, scheme: .ecdsaP256SHA256Raw),
            foreign(
                "a name that is a statement", alg: "ES256", kid: "x' UNION SELECT 'key", key: TestKeys.p256, scheme: .ecdsaP256SHA256Raw),
            foreign("a name that is a command", alg: "ES256", kid: "|/usr/bin/id", key: TestKeys.p256, scheme: .ecdsaP256SHA256Raw),
            foreign(
                "a name without end", alg: "ES256", kid: String(repeating: "k", count: 5000), key: TestKeys.p256,
                scheme: .ecdsaP256SHA256Raw),
        ]

    // MARK: The header

    private static let embedded: HostileToken = HostileToken("a key of the attacker's in `jwk`") { bench in
        let jwk = try TestKeys.jwk(TestKeys.otherP256.publicKey)
        return try bench.sign(
            header: "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"jwk\":\(jwk)}", payload: TokenBench.payload(), key: TestKeys.otherP256,
            scheme: .ecdsaP256SHA256Raw)
    }

    private static func pointing(_ member: String, _ value: String) -> HostileToken {
        HostileToken("a key of the attacker's by `\(member)`") { bench in
            try bench.sign(
                header: "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"mine\",\"\(member)\":\(value)}", payload: TokenBench.payload(),
                key: TestKeys.otherP256, scheme: .ecdsaP256SHA256Raw)
        }
    }

    private static let headers: [HostileToken] = [
        embedded,
        pointing("jku", "\"https://evil.example/jwks\""), pointing("x5u", "\"https://evil.example/chain\""), pointing("x5c", "[\"AAAA\"]"),
        pointing("x5t", "\"AAAA\""), pointing("x5t#S256", "\"AAAA\""),
        header("without a name of a key") { _ in "{\"alg\":\"ES256\",\"typ\":\"at+jwt\"}" },
        header("without typ") { "{\"alg\":\"ES256\",\"kid\":\"\($0)\"}" },
        header("without alg") { "{\"typ\":\"at+jwt\",\"kid\":\"\($0)\"}" },
        header("typ JWT") { "{\"alg\":\"ES256\",\"typ\":\"JWT\",\"kid\":\"\($0)\"}" },
        header("typ of a client assertion") { "{\"alg\":\"ES256\",\"typ\":\"client-authentication+jwt\",\"kid\":\"\($0)\"}" },
        header("typ of a security event") { "{\"alg\":\"ES256\",\"typ\":\"secevent+jwt\",\"kid\":\"\($0)\"}" },
        header("typ of a logout token") { "{\"alg\":\"ES256\",\"typ\":\"logout+jwt\",\"kid\":\"\($0)\"}" },
        header("typ of a DPoP proof") { "{\"alg\":\"ES256\",\"typ\":\"dpop+jwt\",\"kid\":\"\($0)\"}" },
        header("typ with another prefix") { "{\"alg\":\"ES256\",\"typ\":\"text/at+jwt\",\"kid\":\"\($0)\"}" },
        header("typ with a blank") { "{\"alg\":\"ES256\",\"typ\":\"at+jwt \",\"kid\":\"\($0)\"}" },
        header("typ with a parameter") { "{\"alg\":\"ES256\",\"typ\":\"at+jwt;v=1\",\"kid\":\"\($0)\"}" },
        header("typ empty") { "{\"alg\":\"ES256\",\"typ\":\"\",\"kid\":\"\($0)\"}" },
        header("typ a number") { "{\"alg\":\"ES256\",\"typ\":7,\"kid\":\"\($0)\"}" },
        header("typ a list") { "{\"alg\":\"ES256\",\"typ\":[\"at+jwt\"],\"kid\":\"\($0)\"}" },
        header("alg a list") { "{\"alg\":[\"ES256\"],\"typ\":\"at+jwt\",\"kid\":\"\($0)\"}" },
        header("alg null") { "{\"alg\":null,\"typ\":\"at+jwt\",\"kid\":\"\($0)\"}" },
        header("kid a number") { _ in "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":7}" },
        header("kid null") { _ in "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":null}" },
        header("crit of an unknown extension") { "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"\($0)\",\"crit\":[\"x\"],\"x\":1}" },
        header("crit of exp") { "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"\($0)\",\"crit\":[\"exp\"],\"exp\":9999999999}" },
        header("crit empty") { "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"\($0)\",\"crit\":[]}" },
        header("crit null") { "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"\($0)\",\"crit\":null}" },
        header("b64 false") { "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"\($0)\",\"b64\":false}" },
        header("b64 false and critical") { "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"\($0)\",\"b64\":false,\"crit\":[\"b64\"]}" },
        header("b64 true and critical") { "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"\($0)\",\"b64\":true,\"crit\":[\"b64\"]}" },
        header("zip") { "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"\($0)\",\"zip\":\"DEF\"}" },
        header("alg twice, none last") { "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"\($0)\",\"alg\":\"none\"}" },
        header("alg twice, none first") { "{\"alg\":\"none\",\"typ\":\"at+jwt\",\"kid\":\"\($0)\",\"alg\":\"ES256\"}" },
        header("alg twice, escaped") { "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"\($0)\",\"\\u0061lg\":\"none\"}" },
        header("typ twice") { "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"\($0)\",\"typ\":\"at+jwt\"}" },
        header("kid twice") { "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"\($0)\",\"kid\":\"x\"}" },
        header("a member twice, deep inside") { "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"\($0)\",\"x\":[{\"y\":1,\"y\":1}]}" },
        header("a list") { _ in "[\"ES256\"]" },
        header("a string") { _ in "\"ES256\"" },
        header("null") { _ in "null" },
        header("no JSON") { _ in "alg=ES256" },
        header("two objects") { "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"\($0)\"}{}" },
        header("a comment") { "{\"alg\":\"ES256\",/**/\"typ\":\"at+jwt\",\"kid\":\"\($0)\"}" },
        header("a byte order mark") { "\u{feff}{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"\($0)\"}" },
        header("nested without end") { _ in "{\"alg\":" + String(repeating: "[", count: 2000) },
    ]

    // MARK: Times

    private static let times: [HostileToken] = [
        payload("expired", ["exp": "1789999999"]), payload("expired now", ["exp": "1790000000"]), payload("expired in 1970", ["exp": "0"]),
        payload("exp missing", ["exp": ""]), payload("exp null", ["exp": "null"]), payload("exp a string", ["exp": "\"1790000600\""]),
        payload("exp true", ["exp": "true"]), payload("exp a list", ["exp": "[1790000600]"]),
        payload("exp negative", ["exp": "-1790000600"]),
        payload("exp minus zero", ["exp": "-0"]), payload("exp with a fraction", ["exp": "1790000600.5"]),
        payload("exp with a fraction of zero", ["exp": "1790000600.0"]), payload("exp with an exponent", ["exp": "1.7900006e9"]),
        payload("exp huge", ["exp": "1e400"]), payload("exp beyond 64 bits", ["exp": "18446744073709551616"]),
        payload("exp beyond 63 bits", ["exp": "9223372036854775808"]), payload("exp the last of 63 bits", ["exp": "9223372036854775807"]),
        payload("exp after the year 9999", ["exp": "253402300800"]),
        payload("exp of a thousand digits", ["exp": String(repeating: "9", count: 1000)]),
        payload("exp in hex", ["exp": "0x6AB1F5D8"]), payload("exp with a leading zero", ["exp": "01790000600"]),
        payload("exp twice", [:], also: ",\"exp\":9999999999"),
        payload("iat missing", ["iat": ""]), payload("iat in the future", ["iat": "1790000060"]), payload("iat negative", ["iat": "-1"]),
        payload("iat huge", ["iat": "1e300"]), payload("iat with a fraction", ["iat": "1790000000.25"]),
        payload("iat a string", ["iat": "\"now\""]),
        payload("iat after exp", ["iat": "1790000005", "exp": "1790000004"]),
        payload("nbf in the future", ["nbf": "1790000060"]), payload("nbf a string", ["nbf": "\"1790000000\""]),
        payload("nbf negative", ["nbf": "-5"]),
        payload("nbf huge", ["nbf": "99999999999999999999"]), payload("nbf null", ["nbf": "null"]),
        payload("nbf with a fraction", ["nbf": "1789999999.9"]),
    ]

    // MARK: Claims

    private static let claims: [HostileToken] = [
        payload("iss missing", ["iss": ""]), payload("iss another", ["iss": "\"https://evil.example\""]),
        payload("iss with a slash", ["iss": "\"https://hooks.example/\""]),
        payload("iss in capitals", ["iss": "\"HTTPS://hooks.example\""]),
        payload("iss a list", ["iss": "[\"https://hooks.example\"]"]), payload("iss null", ["iss": "null"]),
        payload("iss a number", ["iss": "1"]),
        payload("iss with a Kelvin sign for its k", ["iss": "\"https://hoo\u{212a}s.example\""]),
        payload("aud missing", ["aud": ""]), payload("aud another", ["aud": "\"https://evil.example\""]),
        payload("aud a prefix", ["aud": "\"https://hooks.example/order\""]),
        payload("aud longer", ["aud": "\"https://hooks.example/orders/\""]), payload("aud empty", ["aud": "\"\""]),
        payload("aud an empty list", ["aud": "[]"]),
        payload("aud a list of lists", ["aud": "[[\"https://hooks.example/orders\"]]"]),
        payload("aud a list with a number", ["aud": "[\"https://hooks.example/orders\",1]"]),
        payload("aud an object", ["aud": "{\"https://hooks.example/orders\":1}"]), payload("aud null", ["aud": "null"]),
        payload("aud a star", ["aud": "\"*\""]),
        payload("aud with a blank", ["aud": "\"https://hooks.example/orders \""]),
        payload("aud two in one", ["aud": "\"https://hooks.example/orders https://x.example\""]),
        payload("sub missing", ["sub": ""]), payload("sub another", ["sub": "\"admin\""]), payload("sub empty", ["sub": "\"\""]),
        payload("sub a number", ["sub": "7"]),
        payload("client_id missing", ["client_id": ""]), payload("client_id another", ["client_id": "\"other\""]),
        payload("client_id empty", ["client_id": "\"\""]),
        payload("client_id a list", ["client_id": "[\"acme\"]"]),
        payload("sub and client_id of nobody", ["sub": "\"nobody\"", "client_id": "\"nobody\""]),
        payload("sub and client_id in capitals", ["sub": "\"ACME\"", "client_id": "\"ACME\""]),
        payload("jti missing", ["jti": ""]), payload("jti empty", ["jti": "\"\""]), payload("jti a number", ["jti": "7"]),
        payload("jti with a blank", ["jti": "\"a b\""]),
        payload("jti without end", ["jti": "\"\(String(repeating: "j", count: 5000))\""]),
        payload("scope missing", ["scope": ""]), payload("scope another", ["scope": "\"events:read\""]),
        payload("scope in capitals", ["scope": "\"EVENTS:WRITE\""]),
        payload("scope a list", ["scope": "[\"events:write\"]"]), payload("scope with two blanks", ["scope": "\"events:write  x\""]),
        payload("scope with a quote", ["scope": "\"events:write \\\"\""]), payload("scope with a tab", ["scope": "\"x\\tevents:write\""]),
        payload("scope a prefix", ["scope": "\"events:wri\""]), payload("scope longer", ["scope": "\"events:write:all\""]),
        payload("scope a star", ["scope": "\"*\""]),
        payload("scopes instead of scope", ["scope": "", "scopes": "\"events:write\""]),
        payload("a credential that was never", ["gatehouse_credentials": "[\"oauth/99\"]"]),
        payload("a credential without version", ["gatehouse_credentials": "[\"oauth\"]"]),
        payload("a credential of version 0", ["gatehouse_credentials": "[\"oauth/0\"]"]),
        payload("a credential of huge version", ["gatehouse_credentials": "[\"oauth/99999999999999999999\"]"]),
        payload("credentials no list", ["gatehouse_credentials": "\"oauth/1\""]),
        payload("credentials of numbers", ["gatehouse_credentials": "[1]"]),
        payload("bound to a certificate", ["cnf": "{\"x5t#S256\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}"]),
        payload("bound to a key", ["cnf": "{\"jkt\":\"AAAA\"}"]), payload("bound to nothing", ["cnf": "{}"]),
        payload("bound to a short thumbprint", ["cnf": "{\"x5t#S256\":\"AAAA\"}"]),
        payload("bound to no base64url", ["cnf": "{\"x5t#S256\":\"====\"}"]), payload("cnf a string", ["cnf": "\"x5t#S256\""]),
        payload("cnf null", ["cnf": "null"]),
        payload("iss twice", [:], also: ",\"iss\":\"https://hooks.example\""), payload("scope twice", [:], also: ",\"scope\":\"admin\""),
        payload("aud twice, escaped", [:], also: ",\"\\u0061ud\":\"https://evil.example\""),
        payload("a member of the payload twice, deep inside", [:], also: ",\"x\":{\"y\":[{\"z\":1,\"z\":2}]}"),
    ]

    // MARK: The payload's text

    private static func raw(_ name: String, _ payload: @escaping @Sendable () -> String) -> HostileToken {
        HostileToken(name) { try $0.sign(payload: payload()) }
    }

    private static let encodings: [HostileToken] = [
        raw("payload empty") { "" }, raw("payload a list") { "[\(TokenBench.payload())]" }, raw("payload a string") { "\"x\"" },
        raw("payload null") { "null" }, raw("payload {}") { "{}" }, raw("payload cut off") { String(TokenBench.payload().dropLast()) },
        raw("payload with more behind") { TokenBench.payload() + "x" }, raw("payload with a NUL behind") { TokenBench.payload() + "\0" },
        raw("payload with a trailing comma") { TokenBench.payload(also: ",") }, raw("payload of a form") { "iss=https://hooks.example" },
        raw("payload with half a surrogate pair") { TokenBench.payload(also: ",\"x\":\"\\ud800\"") },
        raw("payload nested without end") {
            TokenBench.payload(also: ",\"x\":" + String(repeating: "[", count: 4000) + String(repeating: "]", count: 4000))
        },
        raw("payload larger than any token") { TokenBench.payload(also: ",\"x\":\"\(String(repeating: "x", count: 20_000))\"") },
        HostileToken("payload not UTF-8") { bench in
            guard let own = bench.keys.active else { return "" }
            let header = TestJWS.part("{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"\(own.id)\"}")
            let payload = Array(TokenBench.payload(also: ",\"x\":\"").utf8.dropLast()) + [0xff, 0x22, 0x7d]
            let signed = header + "." + Base64.encode(payload, alphabet: .url, padded: false)
            let signature = try Array(signed.utf8).withUnsafeBytes { try own.key.sign(.ecdsaP256SHA256Raw, $0) }
            return signed + "." + Base64.encode(signature, alphabet: .url, padded: false)
        },
        HostileToken("a token inside a token") { bench in try bench.sign(payload: try bench.issue()) },
        HostileToken("an opaque token nobody issued") { _ in Base64.encode(try Random.bytes(32), alphabet: .url, padded: false) },
        HostileToken("an opaque token with a letter changed") { bench in
            let token = try bench.issue(format: .opaque)
            return (token.hasPrefix("A") ? "B" : "A") + token.dropFirst()
        },
        HostileToken("an opaque token's digest") { bench in
            let minted = try bench.mint(.opaque).issue(bench.claims, at: .now)
            return Base64.encode(minted.digest?.bytes ?? [], alphabet: .url, padded: false)
        },
        HostileToken("a token's jti") { bench in
            let minted = try bench.mint(.opaque).issue(bench.claims, at: .now)
            if let digest = minted.digest { bench.memory.commit([.opaque(digest, minted.token)], at: .now) }
            return minted.token.id
        },
    ]
}
