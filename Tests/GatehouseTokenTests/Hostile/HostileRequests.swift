import GatehouseCrypto

@testable import GatehouseOAuth

/// A request to the token endpoint that must be issued nothing.
struct HostileRequest: Sendable {
    let name: String
    var body: @Sendable () throws -> String
    var authorization: [String] = []
    var hasQuery = false
    var certificate: ClientCertificate?

    init(
        _ name: String, _ body: @escaping @autoclosure @Sendable () throws -> String, authorization: [String] = [], hasQuery: Bool = false,
        certificate: ClientCertificate? = nil
    ) {
        self.name = name
        self.body = body
        self.authorization = authorization
        self.hasQuery = hasQuery
        self.certificate = certificate
    }

    static let all: [HostileRequest] = forms + methods + secrets + grants + assertions

    private static let grant = "grant_type=client_credentials"
    private static let secret = "client_id=acme&client_secret=\(TestServer.secret)"
    private static let basic = TestServer.basic("acme", TestServer.secret)
    private static let type = "client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer"

    private static let forms: [HostileRequest] = [
        HostileRequest("empty", "", authorization: [basic]), HostileRequest("an ampersand", "&", authorization: [basic]),
        HostileRequest("an equals sign", "=", authorization: [basic]),
        HostileRequest("a thousand ampersands", String(repeating: "&", count: 1000), authorization: [basic]),
        HostileRequest("JSON", "{\"grant_type\":\"client_credentials\"}", authorization: [basic]),
        HostileRequest("JSON list", "[]", authorization: [basic]),
        HostileRequest("XML", "<grant_type>client_credentials</grant_type>", authorization: [basic]),
        HostileRequest(
            "multipart", "--x\r\nContent-Disposition: form-data; name=\"grant_type\"\r\n\r\nclient_credentials\r\n--x--",
            authorization: [basic]),
        HostileRequest("parameters in the query", "\(grant)", authorization: [basic], hasQuery: true),
        HostileRequest("grant_type twice", "\(grant)&\(grant)", authorization: [basic]),
        HostileRequest("grant_type twice, the second empty", "\(grant)&grant_type=", authorization: [basic]),
        HostileRequest("grant_type twice, encoded", "\(grant)&grant%5Ftype=client_credentials", authorization: [basic]),
        HostileRequest("scope twice", "\(grant)&scope=events:write&scope=events:write", authorization: [basic]),
        HostileRequest("client_id twice", "\(grant)&\(secret)&client_id=acme"),
        HostileRequest("client_secret twice", "\(grant)&\(secret)&client_secret=x"),
        HostileRequest("audience twice", "\(grant)&audience=https://hooks.example&audience=https://hooks.example", authorization: [basic]),
        HostileRequest(
            "resource twice the same", "\(grant)&resource=https://hooks.example&resource=https://hooks.example", authorization: [basic]),
        HostileRequest(
            "seventeen resources", grant + (0..<17).map { "&resource=https://hooks.example/\($0)" }.joined(), authorization: [basic]),
        HostileRequest("an unknown parameter twice", "\(grant)&x=1&x=2", authorization: [basic]),
        HostileRequest("an unknown parameter twice, encoded", "\(grant)&x=1&%78=2", authorization: [basic]),
        HostileRequest("a hundred parameters", grant + (0..<100).map { "&p\($0)=1" }.joined(), authorization: [basic]),
        HostileRequest("a body larger than any form", "\(grant)&x=" + String(repeating: "x", count: 70_000), authorization: [basic]),
        HostileRequest("a percent sign alone", "\(grant)&scope=%", authorization: [basic]),
        HostileRequest("a percent sign and one digit", "\(grant)&scope=%4", authorization: [basic]),
        HostileRequest("a percent sign and no hex", "\(grant)&scope=%zz", authorization: [basic]),
        HostileRequest("an encoded NUL", "\(grant)&scope=events:write%00", authorization: [basic]),
        HostileRequest("an encoded line break", "\(grant)&scope=events:write%0A", authorization: [basic]),
        HostileRequest("a raw NUL", "\(grant)&scope=events:write\0", authorization: [basic]),
        HostileRequest("a raw line break at the end", "\(grant)\n", authorization: [basic]),
        HostileRequest("a raw line break inside", "\(grant)\r\n&x=1", authorization: [basic]),
        HostileRequest("text that is not UTF-8", "\(grant)&scope=%FF", authorization: [basic]),
        HostileRequest("an overlong encoding", "\(grant)&scope=%C0%AF", authorization: [basic]),
        HostileRequest("a semicolon for an ampersand", "\(grant);\(secret)"),
        HostileRequest("an empty pair", "\(grant)&&x=1", authorization: [basic]),
        HostileRequest("a name with a blank", "grant_type+=client_credentials", authorization: [basic]),
        HostileRequest("a name in capitals", "GRANT_TYPE=client_credentials", authorization: [basic]),
        HostileRequest("a name with brackets", "grant_type[]=client_credentials", authorization: [basic]),
    ]

    private static let methods: [HostileRequest] = [
        HostileRequest("no client", grant), HostileRequest("a client without proof", "\(grant)&client_id=acme"),
        HostileRequest("a secret without client", "\(grant)&client_secret=\(TestServer.secret)"),
        HostileRequest("Basic and a secret in the body", "\(grant)&\(secret)", authorization: [basic]),
        HostileRequest("Basic and another client in the body", "\(grant)&client_id=basic-only", authorization: [basic]),
        HostileRequest("Basic and an assertion", TestServer.form(assertion: try TestServer.assertion("keys")), authorization: [basic]),
        HostileRequest("Basic and an assertion's type alone", "\(grant)&\(type)", authorization: [basic]),
        HostileRequest("a secret and an assertion", TestServer.form(assertion: try TestServer.assertion("keys")) + "&\(secret)"),
        HostileRequest("Basic twice", grant, authorization: [basic, basic]),
        HostileRequest("Basic and Bearer", grant, authorization: [basic, "Bearer x"]),
        HostileRequest("Bearer", grant, authorization: ["Bearer x"]),
        HostileRequest("Digest", grant, authorization: ["Digest username=\"acme\""]),
        HostileRequest("no scheme", grant, authorization: [String(basic.dropFirst(6))]),
        HostileRequest("a scheme alone", grant, authorization: ["Basic"]),
        HostileRequest("a scheme and a blank", grant, authorization: ["Basic "]),
        HostileRequest("an empty field", grant, authorization: [""]),
        HostileRequest("Basic with a tab", grant, authorization: ["Basic\t" + basic.dropFirst(6)]),
        HostileRequest("Basic with a comma", grant, authorization: [basic + ", " + basic]),
        HostileRequest("Basic not base64", grant, authorization: ["Basic !!!!"]),
        HostileRequest("Basic without colon", grant, authorization: ["Basic YWNtZQ=="]),
        HostileRequest("Basic with loose final bits", grant, authorization: ["Basic YTpi" + "YR=="]),
        HostileRequest("Basic with an empty secret", grant, authorization: [TestServer.basic("acme", "")]),
        HostileRequest("Basic with an empty client", grant, authorization: [TestServer.basic("", TestServer.secret)]),
        HostileRequest("Basic that decodes to a NUL", grant, authorization: [TestServer.basic("acme%00", TestServer.secret)]),
        HostileRequest("Basic with a bad percent sign", grant, authorization: [TestServer.basic("acme", "100%")]),
        HostileRequest("Basic without end", grant, authorization: ["Basic " + String(repeating: "A", count: 20_000)]),
        HostileRequest("a certificate and no client", grant, certificate: TestServer.certificate),
        HostileRequest("a certificate for a client with a secret", "\(grant)&client_id=acme", certificate: TestServer.certificate),
        HostileRequest("another's certificate", "\(grant)&client_id=certs", certificate: TestServer.otherCertificate),
        HostileRequest("no certificate where one is asked for", "\(grant)&client_id=certs"),
        HostileRequest(
            "a certificate's client with a secret", "\(grant)&client_id=certs&client_secret=\(TestServer.secret)",
            certificate: TestServer.certificate),
        HostileRequest("a method that policy does not list", "\(grant)&client_id=basic-only&client_secret=\(TestServer.secret)"),
    ]

    private static let secrets: [HostileRequest] = [
        HostileRequest("a wrong secret", "\(grant)&client_id=acme&client_secret=wrong"),
        HostileRequest("a secret longer", "\(grant)&\(secret)x"),
        HostileRequest("a secret shorter", "\(grant)&\(secret.dropLast())"),
        HostileRequest("a secret in capitals", "\(grant)&client_id=acme&client_secret=\(TestServer.secret.uppercased())"),
        HostileRequest("a secret with a blank", "\(grant)&\(secret)+"),
        HostileRequest("a retired secret", "\(grant)&client_id=acme&client_secret=acme-secret-of-before-0123456789"),
        HostileRequest("another client's secret", "\(grant)&client_id=given&client_secret=\(TestServer.secret)"),
        HostileRequest("an unknown client", "\(grant)&client_id=nobody&client_secret=\(TestServer.secret)"),
        HostileRequest("a client in capitals", "\(grant)&client_id=ACME&client_secret=\(TestServer.secret)"),
        HostileRequest("a client with a blank", "\(grant)&client_id=acme+&client_secret=\(TestServer.secret)"),
        HostileRequest("a client with an invisible letter", "\(grant)&client_id=acme%E2%80%8B&client_secret=\(TestServer.secret)"),
        HostileRequest("a client that is a path", "\(grant)&client_id=../acme&client_secret=\(TestServer.secret)"),
        HostileRequest("a client that is a statement", "\(grant)&client_id='+OR+'1'%3D'1&client_secret=\(TestServer.secret)"),
        HostileRequest("a client without end", "\(grant)&client_id=\(String(repeating: "a", count: 5000))&client_secret=x"),
        HostileRequest("a client without credentials", "\(grant)&client_id=none&client_secret=\(TestServer.secret)"),
        HostileRequest("the user's password as the client's secret", "\(grant)&client_id=legacy&client_secret=legacy+password"),
    ]

    private static let grants: [HostileRequest] = [
        HostileRequest("no grant", "x=1", authorization: [basic]), HostileRequest("an empty grant", "grant_type=", authorization: [basic]),
        HostileRequest("authorization_code", "grant_type=authorization_code&code=x", authorization: [basic]),
        HostileRequest("refresh_token", "grant_type=refresh_token&refresh_token=x", authorization: [basic]),
        HostileRequest("implicit", "grant_type=implicit", authorization: [basic]),
        HostileRequest("a JWT as a grant", "grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer&assertion=x", authorization: [basic]),
        HostileRequest("token exchange", "grant_type=urn:ietf:params:oauth:grant-type:token-exchange", authorization: [basic]),
        HostileRequest("device code", "grant_type=urn:ietf:params:oauth:grant-type:device_code", authorization: [basic]),
        HostileRequest("a grant in capitals", "grant_type=CLIENT_CREDENTIALS", authorization: [basic]),
        HostileRequest("a grant with a blank", "grant_type=client_credentials+", authorization: [basic]),
        HostileRequest("two grants in one", "grant_type=client_credentials+password", authorization: [basic]),
        HostileRequest("password, not listed", "grant_type=password&username=acme&password=x", authorization: [basic]),
        HostileRequest("client_credentials, not listed", "\(grant)&client_id=legacy&client_secret=\(TestServer.secret)"),
        HostileRequest("password without user", "grant_type=password&client_id=legacy&client_secret=\(TestServer.secret)&password=x"),
        HostileRequest(
            "password without password", "grant_type=password&client_id=legacy&client_secret=\(TestServer.secret)&username=legacy"),
        HostileRequest(
            "a wrong password", "grant_type=password&client_id=legacy&client_secret=\(TestServer.secret)&username=legacy&password=wrong"),
        HostileRequest(
            "another user",
            "grant_type=password&client_id=legacy&client_secret=\(TestServer.secret)&username=acme&password=legacy+password+%26%3D%2B"),
        HostileRequest(
            "the client's secret as the password",
            "grant_type=password&client_id=legacy&client_secret=\(TestServer.secret)&username=legacy&password=\(TestServer.secret)"),
        HostileRequest("a scope beyond the sender's", "\(grant)&scope=admin", authorization: [basic]),
        HostileRequest("a scope among others", "\(grant)&scope=events:write+admin", authorization: [basic]),
        HostileRequest("a scope with a comma", "\(grant)&scope=events:write,events:read", authorization: [basic]),
        HostileRequest("a scope with two blanks", "\(grant)&scope=events:write++events:read", authorization: [basic]),
        HostileRequest("a scope with a quote", "\(grant)&scope=%22events:write%22", authorization: [basic]),
        HostileRequest("a star", "\(grant)&scope=*", authorization: [basic]),
        HostileRequest("an audience beyond the sender's", "\(grant)&audience=https://evil.example", authorization: [basic]),
        HostileRequest("an audience with a slash", "\(grant)&audience=https://hooks.example/", authorization: [basic]),
        HostileRequest(
            "two audiences in one", "\(grant)&audience=https://hooks.example+https://hooks.example/orders", authorization: [basic]),
        HostileRequest("a resource beyond the sender's", "\(grant)&resource=https://evil.example", authorization: [basic]),
        HostileRequest("a resource with a fragment", "\(grant)&resource=https://hooks.example%23", authorization: [basic]),
        HostileRequest(
            "a good resource and a bad one", "\(grant)&resource=https://hooks.example&resource=https://evil.example", authorization: [basic]
        ), HostileRequest("a resource that is no URI", "\(grant)&resource=orders", authorization: [basic]),
    ]

    private static func assertion(_ name: String, _ changes: [String: String], also more: String = "") -> HostileRequest {
        HostileRequest("assertion: \(name)", TestServer.form(assertion: try TestServer.assertion("keys", changes, also: more)))
    }

    private static func header(_ name: String, _ header: String) -> HostileRequest {
        HostileRequest("assertion: \(name)", TestServer.form(assertion: try TestServer.assertion("keys", header: header)))
    }

    private static let assertions: [HostileRequest] = [
        HostileRequest("assertion: without type", "\(grant)&client_assertion=\(try TestServer.assertion("keys"))"),
        HostileRequest("assertion: type alone", "\(grant)&\(type)&client_id=keys"),
        HostileRequest(
            "assertion: SAML",
            "\(grant)&client_assertion_type=urn:ietf:params:oauth:client-assertion-type:saml2-bearer&client_assertion="
                + (try TestServer.assertion("keys"))
        ),
        HostileRequest("assertion: empty", "\(grant)&\(type)&client_assertion=&client_id=keys"),
        HostileRequest("assertion: dots", "\(grant)&\(type)&client_id=keys&client_assertion=" + String(repeating: ".", count: 10_000)),
        HostileRequest("assertion: two", "\(grant)&\(type)&client_assertion=a.b.c&client_assertion=d.e.f"),
        HostileRequest("assertion: of a client without keys", TestServer.form(assertion: try TestServer.assertion("acme"))),
        HostileRequest("assertion: of nobody", TestServer.form(assertion: try TestServer.assertion("nobody"))),
        HostileRequest("assertion: for another client_id", TestServer.form(assertion: try TestServer.assertion("keys"), client: "older")),
        HostileRequest(
            "assertion: with another key", TestServer.form(assertion: try TestServer.assertion("keys", key: TestKeys.otherP256))),
        HostileRequest(
            "assertion: unsigned",
            TestServer.form(
                assertion: TestJWS.part("{\"alg\":\"none\"}") + "."
                    + TestJWS.part("{\"iss\":\"keys\",\"sub\":\"keys\",\"aud\":\"https://hooks.example\",\"jti\":\"x\",\"exp\":1790000060}")
                    + ".")),
        header("alg HS256", "{\"alg\":\"HS256\"}"), header("alg ES384", "{\"alg\":\"ES384\"}"),
        header("typ at+jwt", "{\"alg\":\"ES256\",\"typ\":\"at+jwt\"}"),
        header("typ secevent+jwt", "{\"alg\":\"ES256\",\"typ\":\"secevent+jwt\"}"),
        header("crit", "{\"alg\":\"ES256\",\"crit\":[\"x\"],\"x\":1}"), header("b64", "{\"alg\":\"ES256\",\"b64\":false}"),
        header("zip", "{\"alg\":\"ES256\",\"zip\":\"DEF\"}"), header("alg twice", "{\"alg\":\"ES256\",\"alg\":\"none\"}"),
        header("kid of another", "{\"alg\":\"EdDSA\",\"kid\":\"rsa-ps\"}"),
        assertion("without iss", ["iss": ""]), assertion("iss another", ["iss": "\"acme\""]), assertion("without sub", ["sub": ""]),
        assertion("sub another", ["sub": "\"older\""]), assertion("sub a list", ["sub": "[\"keys\"]"]),
        assertion("without aud", ["aud": ""]), assertion("aud another", ["aud": "\"https://evil.example\""]),
        assertion("aud the token endpoint", ["aud": "\"https://hooks.example/oauth/token\""]),
        assertion("aud two", ["aud": "[\"https://hooks.example\",\"https://evil.example\"]"]), assertion("aud empty", ["aud": "[]"]),
        assertion("without jti", ["jti": ""]), assertion("jti empty", ["jti": "\"\""]), assertion("jti a number", ["jti": "1"]),
        assertion("jti without end", ["jti": "\"\(String(repeating: "j", count: 1000))\""]),
        assertion("without exp", ["exp": ""]), assertion("expired", ["exp": "1789999999"]), assertion("exp now", ["exp": "1790000000"]),
        assertion("exp too far ahead", ["exp": "1790003601"]), assertion("exp in a year", ["exp": "1821536000"]),
        assertion("exp with a fraction", ["exp": "1790000060.0"]), assertion("exp negative", ["exp": "-1"]),
        assertion("exp huge", ["exp": "9223372036854775807"]), assertion("exp beyond", ["exp": "1e999"]),
        assertion("exp a string", ["exp": "\"1790000060\""]),
        assertion("nbf ahead", ["nbf": "1790000060"]), assertion("iat ahead", ["iat": "1790000060"]),
        assertion("nbf null", ["nbf": "null"]), assertion("iat with a fraction", ["iat": "1790000000.1"]),
        assertion("sub twice", [:], also: ",\"sub\":\"acme\""), assertion("exp twice", [:], also: ",\"exp\":1790000061"),
    ]
}
