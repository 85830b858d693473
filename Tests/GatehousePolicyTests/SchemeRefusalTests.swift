import Testing

@testable import GatehousePolicy

@Suite("a scheme is refused")
struct SchemeRefusalTests {
    private static func scheme(
        signature: String = "{ header: X-Sig, encoding: hex }", algorithm: String = "hmac-sha256", signed: String = "\"{body}\"",
        more: String = ""
    ) -> String {
        "signature: \(signature)\nalgorithm: \(algorithm)\nsigned: \(signed)\n\(more)"
    }

    private static func refusal(_ text: String, _ expected: String) -> Refusal { Refusal("schemes/own.yaml", text, expected) }
    private static func signature(_ value: String, _ expected: String) -> Refusal { refusal(scheme(signature: value), "1:" + expected) }
    private static func signed(_ value: String, _ expected: String) -> Refusal { refusal(scheme(signed: value), expected) }
    private static func more(_ value: String, _ expected: String) -> Refusal { refusal(scheme(more: value), "4:" + expected) }
    private static func handshake(_ value: String, _ expected: String) -> Refusal {
        refusal(scheme(more: "handshake:\n  - \(value)"), "5:" + expected)
    }

    private static func headers(_ count: Int) -> String { (0..<count).map { "X-S\($0)" }.joined(separator: ", ") }

    static let cases: [Refusal] = [
        refusal("algorithm: hmac-sha256\nsigned: \"{body}\"", "1:1: a scheme needs 'signature'"),
        refusal("signature: { header: X-Sig, encoding: hex }\nsigned: \"{body}\"", "1:1: a scheme needs 'algorithm'"),
        refusal("signature: { header: X-Sig, encoding: hex }\nalgorithm: hmac-sha256", "1:1: a scheme needs 'signed'"),
        refusal(scheme(algorithm: "hmac-md5"), "2:12: 'hmac-md5' is not one of"),
        refusal(scheme(algorithm: "none"), "2:12: 'none' is not one of"),
        signature("{ encoding: hex }", "12: signature needs 'header', 'headers', 'query' or 'json'"),
        signature("{ header: X-Sig }", "12: signature needs 'encoding'"),
        signature("{ header: X-Sig, encoding: text }", "12: encoding: text is for algorithm: equal only"),
        signature(
            "{ headers: [\(headers(65))], encoding: hex }", "23: 65 headers make more than 64 pairs of live versions and signatures"),
        signature("{ header: 'X Sig', encoding: hex }", "22: 'X Sig' is not a header name"),
        signature("{ header: X-Sig, query: sig, encoding: hex }", "29: signature is found in one place, not in both 'header' and 'query'"),
        signature("{ header: X-Sig, headers: [X-B], encoding: hex }", "29: a signature is found in 'headers' or in one place"),
        signature("{ header: 'X-*-Sig', encoding: hex }", "12: 'x-*-sig': '*' stands only at the end"),
        signature("{ json: a..b, encoding: hex }", "20: 'a..b' is not a path of JSON members"),
        signature("{ header: X-Sig, prefix: a, encoding: hex }", "29: 'prefix' belongs to layout: prefixed"),
        signature("{ header: X-Sig, layout: prefixed, encoding: hex }", "12: signature needs 'prefix'"),
        signature("{ header: X-Sig, layout: list, separator: ',', assign: '=', encoding: hex }", "12: signature needs 'label'"),
        signature(
            "{ header: X-Sig, layout: list, separator: ',', assign: ',', label: v1, encoding: hex }", "59: separator and assign must differ"
        ),
        refusal(
            scheme(
                signature: "{ header: X-Sig, layout: positional, separator: ',', timestamp: 0, signatures: 0.., encoding: hex }",
                signed: "\"{timestamp}.{body}\""), "1:79: position 0 cannot hold both"),
        signature(
            "{ header: X-Sig, layout: positional, separator: ',', timestamp: 0, signatures: 1.., encoding: hex }",
            "1: the timestamp is not signed"),
        signature(
            "{ header: X-Sig, layout: positional, separator: ',', signatures: 3..1, encoding: hex }", "77: '3..1' names no positions"),
        refusal(
            "signature: { header: X-Sig, layout: algorithm, assign: '=', algorithms: [md5], encoding: hex }\nsigned: \"{body}\"",
            "1:74: 'md5' is not one of sha1, sha256, sha384, sha512"),
        refusal(
            "signature: { header: X-Sig, layout: algorithm, assign: '=', algorithms: [], encoding: hex }\nsigned: \"{body}\"",
            "1:73: must not be empty"),
        refusal(
            "signature: { header: X-Sig, layout: algorithm, assign: '=', algorithms: [sha256], encoding: hex }\n"
                + "signed: \"{body}\"\nalgorithm: hmac-sha256",
            "3:1: 'algorithm' has no meaning with layout: algorithm"),
        signed("\"\"", "3:9: the signed string must not be empty"),
        signed("\"{bdy}\"", "3:9: '{bdy}' is not a field of a signed string"),
        signed("\"{body\"", "3:9: '{body' has a brace without its partner"),
        signed("\"v1:{path}\"", "3:1: 'signed' lacks {body} (add {body}, or body-unsigned: true)"),
        signed("\"{url}{header:x-a}{method}{body}\"", "3:1: {url} and {header:x-a} touch: bytes could move from one to the other"),
        signed("\"{header:x-a}{body}\"", "3:1: {header:x-a} and {body} touch: bytes could move from one to the other"),
        signed("\"{timestamp}.{body}\"", "3:1: 'signed' holds {timestamp}, and nothing says where it is"),
        signed("\"{secret}{body}\"", "3:1: {secret} is for algorithm: sha256 only"),
        refusal(scheme(algorithm: "sha256"), "3:1: algorithm: sha256 without {secret} in 'signed' is no proof"),
        refusal(scheme(signed: "\"{timestamp}{body}\"", more: "timestamp: { header: X-T }"), "3:1: {timestamp} and {body} touch"),
        refusal("signature: { header: X-Sig }\nalgorithm: equal", "2:1: algorithm: equal signs no body"),
        refusal(
            "signature: { header: X-Sig, encoding: hex }\nalgorithm: equal\nbody-unsigned: true", "1:1: algorithm: equal compares text"),
        refusal(
            "signature: { header: X-Sig }\nalgorithm: equal\nbody-unsigned: true\nsigned: \"v1\"",
            "4:1: nothing is signed with algorithm: equal"),
        more("body-unsigned: true", "1: body-unsigned: true although 'signed' holds {body}"),
        more("timestamp: { header: X-T, unit: s }", "1: the timestamp is not signed, so it proves nothing about freshness"),
        refusal(
            scheme(signed: "\"{timestamp}.{body}\"", more: "timestamp: { unit: s }"), "4:12: timestamp needs 'header', 'query' or 'json'"),
        refusal(
            scheme(signed: "\"{timestamp}.{body}\"", more: "timestamp: { header: X-T, unit: min }"),
            "4:33: 'min' is not one of s, ms, rfc3339"),
        refusal(
            scheme(signed: "\"{timestamp}.{body}\"", more: "timestamp: { header: X-T, tolerance: 0s }"), "4:38: must be more than zero"),
        refusal(
            scheme(
                signature: "{ header: X-Sig, layout: list, separator: ',', assign: '=', label: v1, timestamp: t, encoding: hex }",
                signed: "\"{timestamp}.{body}\"", more: "timestamp: { header: X-T }"),
            "4:12: the signature's layout holds the timestamp already"),
        more("key: spki", "1: key: spki is a public key, and hmac-sha256 has none"),
        more("key: base32", "6: 'base32' is not one of raw, base64, hex, spki"),
        more("respond: { ok: 302 }", "16: 302 is outside 200 to 299"),
        more("event: { id: [json:a] }", "14: expected header:NAME, query:NAME or json:a.b, not a list"),
        more("secret: abc", "1: unknown key 'secret': policy never holds a secret"),
        handshake("{ echo: json:a }", "5: a handshake needs 'present', 'equal' or 'token'"),
        handshake("{ present: [json:a] }", "5: a handshake needs an answer"),
        handshake("{ present: [json:a], echo: json:a, fixed: { status: 204 } }", "5: a handshake has one answer, not 2"),
        handshake("{ method: PUT, present: [json:a], echo: json:a }", "15: 'PUT' is not one of GET, POST, OPTIONS"),
        handshake("{ present: [json:a], fixed: { status: 302 } }", "43: 302 is outside 200 to 299"),
        handshake("{ present: [json:a], fixed: { status: 200, media-type: text/html, body: x } }", "48: answers are never HTML"),
        handshake("{ present: [json:a], json: { a: json:a, b: json:b } }", "32: json names one member and its source"),
        refusal(
            scheme(more: "handshake:\n  - { present: [json:a], keyed: { value: json:a, keyed: b } }"),
            "5:3: a keyed handshake would sign events"),
        refusal(
            scheme(
                signed: "\"v0:{body}\"", more: "handshake:\n  - { method: GET, present: [query:a], keyed: { value: query:a, keyed: b } }"),
            "5:40: an answer with an HMAC needs signed: true"),
    ]

    @Test("with a message at its line and column; SEC-54, SEC-57, SEC-59, SEC-61", arguments: cases)
    func refused(_ refusal: Refusal) throws { try refusal.check() }

    @Test("headers that leave no room for the two versions of a rotation are warned of (SEC-53)")
    func manyHeaders() throws {
        func warnings(_ count: Int) throws -> [String] {
            try TemporaryPolicy([
                "schemes/own.yaml": Self.scheme(signature: "{ headers: [\(Self.headers(count))], encoding: hex }")
            ]).warnings()
        }
        #expect(try warnings(32) == [])
        #expect(
            try warnings(33) == [
                "schemes/own.yaml:1:23: 33 headers make more than 64 pairs of live versions and signatures while a rotation has two live "
                    + "versions (a request is refused that brings more; list fewer headers)"
            ])
    }
}
