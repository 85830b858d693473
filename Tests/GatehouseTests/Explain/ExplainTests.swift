import Foundation
import GatehouseCrypto
import GatehousePolicy
import GatehouseTime
import GatehouseVerify
import Testing

@testable import Gatehouse

@Suite("Explaining a refusal")
struct ExplainTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var cause: String
        var isExplained: Bool
        var says: [String]
        var way: ExplainSite.Way

        init(
            _ name: String, _ endpoint: String, _ cause: String, explained: Bool = true, says: [String] = [],
            _ change: (inout ExplainSite.Way) -> Void
        ) {
            self.name = name
            self.cause = cause
            isExplained = explained
            self.says = says
            way = ExplainSite.Way(endpoint)
            change(&way)
        }

        var testDescription: String { name }
    }

    private static let site = Result { try ExplainSite() }

    private static func expect(_ item: Case) throws {
        let (explanation, forbidden) = try site.get().explain(item.way)
        let cause = try #require(explanation.causes.first)
        #expect(cause.cause == item.cause, "\(explanation)")
        #expect(explanation.isExplained == item.isExplained)
        let text = String(decoding: try JSONEncoder().encode(explanation), as: UTF8.self).replacing("\\/", with: "/")
        for words in item.says { #expect(text.contains(words), "\(words) in \(text)") }
        for secret in forbidden where secret.utf8.count > 8 { #expect(!text.contains(secret), "a secret in \(text)") }
    }

    static let secrets = [
        Case("a newline after the sender's secret", "code", "secret-sender-newline") { $0.secret = ExplainSite.raw + "\n" },
        Case("CR LF after it", "code", "secret-sender-newline") { $0.secret = ExplainSite.raw + "\r\n" },
        Case("a blank before it", "code", "secret-sender-blanks") { $0.secret = " " + ExplainSite.raw },
        Case("quotes around it", "code", "secret-sender-quotes") { $0.secret = "\"" + ExplainSite.raw + "\"" },
        Case("`v1,` before it", "code", "secret-sender-prefix") { $0.secret = "v1," + ExplainSite.raw },
        Case("`whsec_` before it", "code", "secret-sender-prefix") { $0.secret = "whsec_" + ExplainSite.raw },
        Case("blanks stored with it", "code", "secret-stored-blanks") {
            $0.store("code", " " + ExplainSite.raw + "\n")
            $0.secret = ExplainSite.raw
        },
        Case("quotes stored with it", "code", "secret-stored-quotes") {
            $0.store("code", "'" + ExplainSite.raw + "'")
            $0.secret = ExplainSite.raw
        },
        Case("a prefix stored with it", "code", "secret-stored-prefix") {
            $0.store("code", "v1," + ExplainSite.raw)
            $0.secret = ExplainSite.raw
        },
        Case("a word up to `_` stored with it", "code", "secret-stored-prefix") {
            $0.store("code", "whk_" + ExplainSite.raw)
            $0.secret = ExplainSite.raw
        },
        Case("a byte order mark before it", "code", "secret-sender-byte-order-mark") { $0.secret = "\u{feff}" + ExplainSite.raw },
        Case("quotes around it and a newline", "code", "secret-sender-quotes") { $0.secret = "\"" + ExplainSite.raw + "\"\n" },
        Case("a word in place of it", "code", "secret-placeholder", says: ["null"]) { $0.secret = "null" },
        Case("a word in place of one that is decoded", "acme", "secret-placeholder", says: ["null"]) {
            $0.secret = "null"
            $0.scheme = { $0.key = KeyForm() }
        },
        Case("spelt in base64url and taken as text", "acme", "secret-encoded", says: ["base64url"]) {
            let key = [UInt8](repeating: 0xfb, count: 32)
            $0.store("acme", "whsec_" + Base64.encode(key))
            $0.secret = Base64.encode(key).replacing("+", with: "-").replacing("/", with: "_")
            $0.scheme = { $0.key = KeyForm() }
        },
        Case("taken as text instead of decoded", "acme", "secret-not-decoded", says: ["as text"]) { $0.scheme = { $0.key = KeyForm() } },
        Case("the prefix taken for a part of it", "acme", "secret-not-decoded") {
            $0.scheme = { $0.key = KeyForm(strip: "whsec_") }
        },
        Case("decoded instead of taken as text", "code", "secret-decoded", says: ["decoded from base64"]) {
            let value = Base64.encode(Array("thirty-two bytes of some secret.".utf8))
            $0.store("code", value)
            $0.scheme = { $0.key = KeyForm(decode: .base64) }
        },
        Case("decoded from hex instead of taken as text", "code", "secret-decoded", says: ["from hex"]) {
            $0.store("code", Hex.encode(Array("thirty-two bytes of some secret.".utf8)))
            $0.scheme = { $0.key = KeyForm(decode: .hex) }
        },
        Case("decoded and then written in hex", "acme", "secret-encoded", says: ["as hex"]) {
            $0.secret = Hex.encode(Array("an example of a signing secret..".utf8))
            $0.scheme = { $0.key = KeyForm() }
        },
        Case("encoded once more", "code", "secret-encoded", says: ["base64"]) { $0.secret = Base64.encode(Array(ExplainSite.raw.utf8)) },
        Case("of another sender and endpoint", "code", "secret-of-another-sender", says: ["other/signing", "the endpoint other"]) {
            $0.secret = "the secret of somebody else....."
        },
        Case("a retired version, and since when", "code", "secret-retired", says: ["version 1", "2026-11-23T00:00:00"]) {
            $0.stored.append(.init(name: "code", value: "the secret that was used before..", state: .retired))
            $0.stored.append(.init(name: "code", value: "the secret that is used now......", version: 2))
            $0.secret = "the secret that was used before.."
            $0.fates = [
                CredentialName(sender: "code", kind: .signing): [
                    .init(
                        number: 1, created: ExplainSite.now - .seconds(1_000_000),
                        ended: WallTime(rfc3339: Array("2026-11-23T00:00:00Z".utf8))),
                    .init(number: 2, created: ExplainSite.now - .seconds(10), ended: nil),
                ]
            ]
            $0.stored.removeAll { $0.name == "code" && $0.value == ExplainSite.raw }
        },
        Case("an overlap that has ended, and when", "code", "secret-retired", says: ["It was accepted until"]) {
            $0.stored.removeAll { $0.name == "code" }
            $0.stored.append(.init(name: "code", value: ExplainSite.raw, state: .retiring(until: ExplainSite.now - .seconds(60))))
            $0.stored.append(.init(name: "code", value: "the secret that is used now......", version: 2))
            $0.secret = ExplainSite.raw
        },
        Case("perhaps a revoked version, and since when", "code", "secret-revoked", explained: false, says: ["version 1 at 2026-11-23"]) {
            $0.secret = "a value that was destroyed......."
            $0.fates = [
                CredentialName(sender: "code", kind: .signing): [
                    .init(
                        number: 1, created: ExplainSite.now - .seconds(1_000_000),
                        ended: WallTime(rfc3339: Array("2026-11-23T00:00:00Z".utf8)), isRevoked: true)
                ]
            ]
        },
        Case("of nobody here", "code", "secret-unknown", explained: false) { $0.secret = "a value that nobody ever stored..." },
        Case("hashed with what is signed in place of an HMAC", "pay", "signature-algorithm", says: ["what is signed"]) {
            $0.scheme = {
                $0.algorithm = .sha256
                $0.signed = [.secret] + $0.signed
            }
        },
        Case("an invisible character stored with it", "code", "secret-stored-blanks", says: ["invisible"]) {
            $0.store("code", ExplainSite.raw + "\u{200b}")
            $0.secret = ExplainSite.raw
        },
        Case("a name and `=` stored with it", "code", "secret-stored-prefix") {
            $0.store("code", "WEBHOOK_SECRET=" + ExplainSite.raw)
            $0.secret = ExplainSite.raw
        },
        Case("hashed with the body in place of an HMAC", "code", "signature-algorithm", says: ["plain SHA-256", "HMAC function"]) {
            $0.scheme = {
                $0.algorithm = .sha256
                $0.signed = [.secret, .body]
            }
        },
    ]

    @Test("a secret that is spelt, taken or chosen otherwise is named", arguments: secrets)
    func secret(_ item: Case) throws { try Self.expect(item) }

    private static let json = "{\"b\": \"caf\u{e9} </a> \u{1f600}\", \"a\": [1, 2.50, {\"x\": null}], \"u\": \"http://x/y\"}"

    private static func body(
        _ name: String, _ cause: String, signed: [UInt8], sent: [UInt8], _ more: (inout ExplainSite.Way) -> Void = { _ in }
    ) -> Case {
        Case(name, "code", cause) { way in
            way.body = signed
            more(&way)
            way.change = { $0.body = sent }
        }
    }

    private static func text(_ text: String) -> [UInt8] { Array(text.utf8) }

    /// `the body that is compressed, the body that is compressed`, by gzip and zlib.
    private static let compressed: [(String, [UInt8])] = [
        ("gzip", Base64.decode("H4sIAAAAAAACAyvJSFVIyk+pVCjJSCxRyCxWSM7PLShKLS5OTdEBiuGUBAAySdR0OAAAAA==") ?? []),
        ("zlib", Base64.decode("eJwryUhVSMpPqVQoyUgsUcgsVkjOzy0oSi0uTk3RAYrhlAQARmUUrw==") ?? []),
    ]

    static let bodies: [Case] = [
        body("a newline at its end was lost", "body-newline-lost", signed: text(json + "\n"), sent: text(json)),
        body("a newline was added at its end", "body-newline-added", signed: text(json), sent: text(json + "\n")),
        body("CR LF was added at its end", "body-newline-added", signed: text(json), sent: text(json + "\r\n")),
        body("LF became CR LF", "body-line-ends", signed: text("a\nb\n"), sent: text("a\r\nb\r\n")),
        body("CR LF became LF", "body-line-ends", signed: text("a\r\nb\r\n"), sent: text("a\nb\n")),
        body("a byte order mark was taken away", "body-byte-order-mark", signed: [0xef, 0xbb, 0xbf] + text(json), sent: text(json)),
        body("a byte order mark was added", "body-byte-order-mark", signed: text(json), sent: [0xef, 0xbb, 0xbf] + text(json)),
        body(
            "JSON was made compact", "body-reformatted", signed: text("{\"b\": 1, \"a\": [1, 2]}"), sent: text("{\"b\":1,\"a\":[1,2]}")),
        body(
            "JSON was spread out", "body-reformatted", signed: text("{\"b\":1,\"a\":[1,2]}"),
            sent: text("{\n  \"b\": 1,\n  \"a\": [\n    1,\n    2\n  ]\n}\n")),
        body("members were sorted away", "body-reformatted", signed: text("{\"a\":1,\"b\":2}"), sent: text("{\"b\":2,\"a\":1}")),
        body(
            "escapes were decoded", "body-reformatted", signed: text("{\"a\":\"caf\\u00e9 \\ud83d\\ude00\"}"),
            sent: text("{\"a\":\"caf\u{e9} \u{1f600}\"}")),
        body("escapes were added", "body-reformatted", signed: text("{\"a\":\"caf\u{e9}\"}"), sent: text("{\"a\":\"caf\\u00e9\"}")),
        body(
            "slashes were escaped", "body-reformatted", signed: text("{\"u\":\"http://x/y\"}"), sent: text("{\"u\":\"http:\\/\\/x\\/y\"}")),
        body(
            "slashes and letters were no longer escaped", "body-reformatted", signed: text("{\"u\":\"\\/\\u00e9\"}"),
            sent: text("{\"u\":\"/\u{e9}\"}")),
        body(
            "markup was no longer escaped", "body-reformatted", signed: text("{\"u\":\"\\u003ca\\u003e\"}"), sent: text("{\"u\":\"<a>\"}")),
        body("text was normalised to NFC", "body-normalised", signed: text("e\u{301}"), sent: text("\u{e9}")),
        body("text was normalised to NFD", "body-normalised", signed: text("\u{e9}"), sent: text("e\u{301}")),
        body("ISO 8859-1 became UTF-8", "body-charset", signed: [0x63, 0xe9], sent: text("c\u{e9}")),
        body("UTF-8 became ISO 8859-1", "body-charset", signed: text("c\u{e9}"), sent: [0x63, 0xe9]),
        body("a form's blanks were written otherwise", "body-form-encoded", signed: text("a=b+c&d=%7E"), sent: text("a=b%20c&d=%7E")),
        body(
            "a form was decoded and encoded anew", "body-form-encoded", signed: text("url=http%3a%2f%2fx%2fy&a=%c3%a9"),
            sent: text("url=http%3A%2F%2Fx%2Fy&a=%C3%A9")),
        body("a form's fields were sorted", "body-form-encoded", signed: text("a=1&b=2&c=%2F"), sent: text("c=%2F&b=2&a=1")),
        body(
            "only the first 1,024 bytes were signed", "body-truncated", signed: [UInt8](repeating: 0x61, count: 1_024),
            sent: [UInt8](repeating: 0x61, count: 3_000)),
        body("an empty body was signed", "body-empty", signed: [], sent: text(json)),
        body(
            "gzip after signing", "body-compressed", signed: text("the body that is compressed, the body that is compressed"),
            sent: compressed[0].1),
        body(
            "zlib after signing", "body-compressed", signed: text("the body that is compressed, the body that is compressed"),
            sent: compressed[1].1),
        Case("decompressed on the way", "code", "body-decompressed", says: ["Content-Encoding says gzip"]) { way in
            way.body = compressed[0].1
            way.fields = [("Content-Encoding", "gzip")]
            way.change = { $0.body = Self.text("the body that is compressed, the body that is compressed") }
        },
    ]

    @Test("a body that was changed after it was signed is named with what changed it", arguments: bodies)
    func body(_ item: Case) throws { try Self.expect(item) }

    static let addresses: [Case] =
        [
            ("http", "http://localhost:8443/hooks/shop", "http and https differ"), ("no port", "https://localhost/hooks/shop", "the port"),
            ("another port", "https://localhost:443/hooks/shop", "the port"),
            ("a slash at the end", "https://localhost:8443/hooks/shop/", "the slash at the end"),
        ].map { name, url, says in Case("the URL with \(name)", "shop", "url-differs", says: [says]) { $0.url = url } } + [
            Case("the URL without the query that came", "shop", "url-differs", says: ["the query"]) { $0.change = { $0.target += "?a=b" } },
            Case(
                "the URL of the host that the sender calls", "shop", "url-differs",
                says: ["https://hooks.example.net/hooks/shop", "the host"]
            ) {
                $0.url = "https://hooks.example.net/hooks/shop"
                $0.change = { $0.headers.append(.init(name: "Host", value: "hooks.example.net")) }
            },
            Case("the path with a slash at the end", "route", "path-differs", says: ["/hooks/route/"]) {
                $0.url = "https://localhost:8443/hooks/route/"
            },
            Case("another method", "route", "method-differs", says: ["PUT"]) {
                $0.method = "PUT"
                $0.change = { $0.method = "POST" }
            },
        ]

    static let routes: [Case] = [
        Case(
            "a path that no endpoint has", "acme", "path-not-found",
            says: ["goes to /hooks/acm,", "acme is /hooks/acme", "404", "would be accepted"]
        ) {
            $0.change = { $0.target = "/hooks/acm?x=1" }
        },
        Case("a slash at the end", "acme", "path-not-found", says: ["/hooks/acme/,"]) { $0.change = { $0.target = "/hooks/acme/" } },
        Case("another endpoint's path", "acme", "path-not-found", says: ["that is endpoint code"]) {
            $0.change = { $0.target = "/hooks/code" }
        },
        Case("a path that is wrong beside a body that was changed", "acme", "path-not-found", says: ["body-newline-added"]) {
            $0.change = { request in
                request.target = "/"
                request.body.append(0x0a)
            }
        },
        Case("a method that is not taken", "acme", "method", says: ["PATCH came; endpoint acme takes POST."]) {
            $0.change = { $0.method = "PATCH" }
        },
        Case(
            "a value that holds the separator of what is signed (SEC-59)", "acme", "signed-separator",
            says: ["proved", "webhook-id holds `.`"]
        ) {
            $0.fields = [("webhook-id", "msg.1")]
        },
        Case("a query before a body that is no JSON", "shop", "query-boundary", says: ["one JSON object or array"]) {
            $0.body = Array("a=b".utf8)
            $0.change = { $0.target += "?x=1" }
        },
        Case("such a value, with another secret", "acme", "signed-separator", says: ["evident"]) {
            $0.fields = [("webhook-id", "msg.1")]
            $0.secret = "whsec_" + Base64.encode(Array("another example of a secret.....".utf8))
        },
    ]

    @Test("a request that the gateway would refuse by its head, or by a value that could slide, is not said to pass", arguments: routes)
    func route(_ item: Case) throws { try Self.expect(item) }

    @Test("a file whose head ends its lines in LF alone is read, and what the gateway makes of such bytes is said")
    func bareLineFeeds() throws {
        let proper = Array("POST /hooks/acme HTTP/1.1\r\nHost: a\r\n\r\nx\ny".utf8)
        #expect(try ExplainedRequest(raw: proper).notes == [])
        let bare = try ExplainedRequest(raw: Array("POST /hooks/acme HTTP/1.1\nHost: a\n\nx\ny".utf8))
        #expect(bare.body == Array("x\ny".utf8) && bare.notes.count == 1 && bare.notes.allSatisfy { $0.contains("400") })
        #expect(try ExplainedRequest(raw: Array("POST / HTTP/1.1\r\nHost: a\r\n\n".utf8)).notes.count == 1)
    }

    @Test("another URL, path or method than was called is named", arguments: addresses)
    func address(_ item: Case) throws { try Self.expect(item) }

    static let times: [Case] = [
        Case("milliseconds where seconds are read", "acme", "timestamp-unit", says: ["milliseconds"]) {
            $0.fields = [("webhook-timestamp", "\(ExplainSite.now.microseconds / 1_000)")]
        },
        Case("milliseconds where seconds are read, an hour old", "acme", "timestamp-unit", says: ["of 13 digits", "Divide by 1000"]) {
            $0.fields = [("webhook-timestamp", "\(ExplainSite.now.microseconds / 1_000 - 3_600_000)")]
        },
        Case("seconds where milliseconds are read", "milli", "timestamp-unit", says: ["seconds"]) {
            $0.fields = [("x-time", "\(ExplainSite.now.seconds)")]
        },
        Case("seconds signed and milliseconds sent", "acme", "timestamp-text", says: ["signed the timestamp in seconds"]) {
            $0.fields = [("webhook-timestamp", "\(ExplainSite.now.seconds)")]
            $0.change = { $0.replace("webhook-timestamp", with: "\(ExplainSite.now.seconds)000") }
        },
        Case("milliseconds signed and seconds sent", "milli", "timestamp-text", says: ["signed the timestamp in milliseconds"]) {
            $0.fields = [("x-time", "\(ExplainSite.now.seconds)000")]
            $0.change = { $0.replace("x-time", with: "\(ExplainSite.now.seconds)") }
        },
        Case(
            "milliseconds where seconds are read, an hour old: both are said", "acme", "timestamp-unit", says: ["too-late", "3600 s later"]
        ) {
            $0.fields = [("webhook-timestamp", "\(ExplainSite.now.microseconds / 1_000 - 3_600_000)")]
        },
        Case("milliseconds where seconds are read, of last month", "acme", "timestamp-unit", says: ["too-late", "2592000 s later"]) {
            $0.fields = [("webhook-timestamp", "\(ExplainSite.now.microseconds / 1_000 - 2_592_000_000)")]
        },
        Case("seconds where milliseconds are read, of last month", "milli", "timestamp-unit", says: ["too-late"]) {
            $0.fields = [("x-time", "\(ExplainSite.now.seconds - 2_592_000)")]
        },
        Case(
            "another body, and too late as well", "pay", "body-newline-added", says: ["would be refused as timestamp-stale", "400 s later"]
        ) {
            $0.age = .seconds(400)
            $0.change = { $0.body.append(0x0a) }
        },
        Case("too late", "pay", "too-late", says: ["400 s", "300 s are allowed"]) { $0.age = .seconds(400) },
        Case("too late, of a sender whose clock is slow", "pay", "clock-slow", says: ["95000 ms after", "clock is slow"]) {
            $0.age = .seconds(400)
            $0.usualSkew = 95_000
        },
        Case("too early, of a sender whose clock is fast", "pay", "clock-fast", says: ["8000 ms before", "clock is fast"]) {
            $0.age = .seconds(-120)
            $0.usualSkew = -8_000
        },
    ]

    @Test("a time in another unit, and a clock that is off, are named", arguments: times)
    func time(_ item: Case) throws { try Self.expect(item) }

    private static func renamed(_ name: String, _ endpoint: String, from: String, to: String) -> Case {
        Case(name, endpoint, "header-renamed", says: [to]) { way in
            way.change = { request in
                for index in request.headers.indices where request.headers[index].isNamed(from) { request.headers[index].name = to }
            }
        }
    }

    private static func rename(_ request: inout ExplainedRequest, _ old: String, _ new: String) {
        for index in request.headers.indices where request.headers[index].name.lowercased().hasPrefix(old) {
            request.headers[index].name = new + request.headers[index].name.dropFirst(old.count)
        }
    }

    private static func sha1(_ scheme: inout Scheme) {
        scheme.algorithm = .hmacSHA1
        scheme.signature.sources = [.header("x-hub-signature")]
        scheme.signature.layout = .prefixed("sha1=")
    }

    static let headers: [Case] = [
        renamed("a header that got an X-", "acme", from: "webhook-signature", to: "X-Webhook-Signature"),
        renamed("a header that lost its X-", "code", from: "x-hub-signature-256", to: "Hub-Signature-256"),
        renamed("a header with _ for -", "acme", from: "webhook-timestamp", to: "webhook_timestamp"),
        renamed("an id header with _ for -", "acme", from: "webhook-id", to: "webhook_id"),
        Case(
            "all headers under Svix's names", "acme", "header-renamed",
            says: ["came as svix-signature, svix-timestamp and svix-id", "proved", "Scheme clerk or svix reads"]
        ) {
            $0.change = { Self.rename(&$0, "webhook-", "svix-") }
        },
        Case("renamed headers and a body that was changed", "acme", "header-renamed", says: ["evident", "body-newline-added", "proved"]) {
            $0.change = { request in
                Self.rename(&request, "webhook-", "svix-")
                request.body.append(0x0a)
            }
        },
        Case(
            "the older signature header alone", "code", "scheme-version",
            says: ["has X-Hub-Signature,", "proved", "By scheme github-sha1", "45 bytes", "weaker: it is HMAC-SHA1"]
        ) {
            $0.scheme = Self.sha1
            $0.change = { Self.rename(&$0, "x-hub-signature", "X-Hub-Signature") }
        },
        Case(
            "the older signature header, of a secret that is not here", "code", "scheme-version",
            says: ["evident", "45 bytes, as `sha1=` and SHA-1"]
        ) {
            $0.scheme = Self.sha1
            $0.secret = "a value that nobody ever stored..."
        },
        Case("the headers of another scheme altogether", "acme", "other-scheme", says: ["github", "proved", "header-missing"]) {
            $0.scheme = Self.github
            $0.store("acme", ExplainSite.raw)
        },
        Case("a header that is missing", "pay", "header-missing", says: ["stripe-signature"]) { $0.change = { $0.headers = [] } },
        Case("a header that came twice", "code", "header-repeated") { $0.change = { $0.headers += $0.headers } },
    ]

    @Test("a header that is missing, renamed or there twice is named", arguments: headers)
    func header(_ item: Case) throws { try Self.expect(item) }

    private static func github(_ scheme: inout Scheme) {
        if let text = Scheme.shipped["github"], let other = try? Scheme.parse(text, name: "github", file: "github") { scheme = other }
    }

    static let schemes: [Case] = [
        Case("base64 where hex is read", "code", "signature-encoding", says: ["base64"]) {
            $0.scheme = { $0.signature.encoding = .base64 }
        },
        Case("hex where base64 is read", "shop", "signature-encoding", says: ["hex"]) { $0.scheme = { $0.signature.encoding = .hex } },
        Case("SHA-1", "code", "signature-algorithm", says: ["hmac-sha1"]) { $0.scheme = { $0.algorithm = .hmacSHA1 } },
        Case("SHA-512", "code", "signature-algorithm", says: ["hmac-sha512"]) { $0.scheme = { $0.algorithm = .hmacSHA512 } },
        Case("SHA-1 by its length, of a secret that is not here", "code", "signature-algorithm", says: ["20 bytes", "SHA-1"]) {
            $0.scheme = { $0.algorithm = .hmacSHA1 }
            $0.secret = "a value that nobody ever stored..."
        },
        Case("hex by its look, of a secret that is not here", "shop", "signature-encoding", says: ["looks like hex"]) {
            $0.scheme = { $0.signature.encoding = .hex }
            $0.secret = "a value that nobody ever stored..."
        },
        Case("its hex digits in base64", "shop", "signature-encoding", says: ["encoded twice", "proved"]) {
            $0.scheme = { $0.signature.encoding = .hex }
            $0.change = { request in
                for index in request.headers.indices where request.headers[index].name.lowercased().contains("signature") {
                    request.headers[index].value = Base64.encode(Array(request.headers[index].value.utf8))
                }
            }
        },
        Case("the signature before the time", "pay", "signature-layout", says: ["Written `t=TIME,v1=SIGNATURE`", "proved"]) {
            $0.change = { request in
                for index in request.headers.indices where request.headers[index].isNamed("stripe-signature") {
                    let parts = request.headers[index].value.split(separator: ",").map { $0.drop { $0 != "=" }.dropFirst() }
                    request.headers[index].value = "v1=" + parts.reversed().joined(separator: ";")
                }
            }
        },
        Case("a semicolon between the parts", "pay", "signature-layout", says: ["Written `t=TIME,v1=SIGNATURE`", "proved"]) {
            $0.change = { $0.write("stripe-signature") { $0.replacing(",", with: ";") } }
        },
        Case("no label", "acme", "signature-prefix", says: ["Written `v1,SIGNATURE`", "proved"]) {
            $0.change = { $0.write("webhook-signature") { $0.replacing("v1,", with: "") } }
        },
        Case("another mark behind the label", "acme", "signature-layout", says: ["Written `v1,SIGNATURE`", "proved"]) {
            $0.change = { $0.write("webhook-signature") { $0.replacing("v1,", with: "v1=") } }
        },
        Case("quotes around it", "code", "signature-layout", says: ["Written `sha256=SIGNATURE`", "proved"]) {
            $0.change = { $0.write("x-hub-signature-256") { "\"\($0)\"" } }
        },
        Case("the prefix in capital letters", "code", "signature-layout", says: ["Written `sha256=SIGNATURE`", "proved"]) {
            $0.change = { $0.write("x-hub-signature-256") { $0.replacing("sha256", with: "SHA256") } }
        },
        Case("a time in RFC 3339 where seconds are read", "team", "timestamp-form", says: ["unit: rfc3339", "RFC 3339"]) {
            $0.change = { request in
                for index in request.headers.indices where request.headers[index].isNamed("x-slack-request-timestamp") {
                    request.headers[index].value = "2026-11-24T02:01:02Z"
                }
            }
        },
        Case("a time with a fraction", "team", "timestamp-form", says: ["a number with a fraction", "x-slack-request-timestamp"]) {
            $0.change = { request in
                for index in request.headers.indices where request.headers[index].isNamed("x-slack-request-timestamp") {
                    request.headers[index].value += ".5"
                }
            }
        },
        Case("cut off", "code", "signature-length", says: ["31 bytes"]) {
            $0.change = { request in
                for index in request.headers.indices where request.headers[index].isNamed("x-hub-signature-256") {
                    request.headers[index].value = String(request.headers[index].value.dropLast(2))
                }
            }
        },
        Case("an older version of a list", "pay", "scheme-version", says: ["v1", "v0"]) {
            $0.scheme = { $0.signature.layout = .list(separator: ",", assign: "=", label: "v0", timestamp: "t") }
        },
        Case("an older version of a prefix", "team", "scheme-version", says: ["v9="]) {
            $0.scheme = { $0.signature.layout = .prefixed("v9=") }
        },
        Case("no prefix", "code", "signature-prefix", says: ["sha256="]) { $0.scheme = { $0.signature.layout = .bare } },
        Case("another scheme altogether", "acme", "other-scheme", says: ["github"]) {
            $0.scheme = Self.github
            $0.store("acme", ExplainSite.raw)
            $0.fields = [("webhook-signature", "v1,AAAA"), ("webhook-timestamp", "\(ExplainSite.now.seconds)"), ("webhook-id", "a")]
        },
    ]

    @Test("another encoding, algorithm or version of the scheme is named", arguments: schemes)
    func scheme(_ item: Case) throws { try Self.expect(item) }

    private static let time = (name: "x-request-time", value: "\(ExplainSite.now.seconds)")

    static let templates: [Case] = [
        Case(
            "the body alone where id and time belong before it", "acme", "signed-parts",
            says: ["the body alone", "{header:webhook-id}.{timestamp}.{body}"]
        ) {
            $0.scheme = { $0.signed = [.body] }
            $0.change = { $0.headers.append(.init(name: "webhook-id", value: "msg_1")) }
        },
        Case("the body alone, without the headers that belong to it", "acme", "signed-parts", says: ["the body alone", "header-missing"]) {
            $0.scheme = { $0.signed = [.body] }
        },
        Case("without the id", "acme", "signed-parts", says: ["signs `{timestamp}.{body}`"]) {
            $0.scheme = { $0.signed = [.timestamp, .literal("."), .body] }
        },
        Case("the time before the id", "acme", "signed-parts", says: ["`{timestamp}.{header:webhook-id}.{body}`"]) {
            $0.scheme = { $0.signed = [.timestamp, .literal("."), .header("webhook-id"), .literal("."), .body] }
        },
        Case("the body alone where a time in the signature's header belongs before it", "pay", "signed-parts", says: ["the body alone"]) {
            $0.scheme = { $0.signed = [.body] }
        },
        Case(
            "a time before the body where the body alone belongs", "code", "signed-parts", says: ["signs `{header:x-request-time}.{body}`"]
        ) {
            $0.fields = [time]
            $0.scheme = { $0.signed = [.header("x-request-time"), .literal("."), .body] }
        },
        Case("the URL before the body where the body alone belongs", "code", "signed-parts", says: ["signs `{url}{body}`"]) {
            $0.scheme = { $0.signed = [.url, .body] }
        },
    ]

    @Test("other parts than the scheme's, or in another order, are named as a scheme's file would have them", arguments: templates)
    func template(_ item: Case) throws { try Self.expect(item) }

    static let pairs: [Case] = [
        Case(
            "of another sender, over a body whose LF became CR LF", "code", "secret-of-another-sender",
            says: ["body-line-ends", "not the only thing"]
        ) {
            $0.secret = "the secret of somebody else....."
            $0.body = text("{\n}\n")
            $0.change = { $0.body = Self.text("{\r\n}\r\n") }
        },
        Case("retired, over a body that was written anew", "code", "secret-retired", says: ["version 1", "body-reformatted"]) {
            $0.store("code", "the secret that is used now......")
            $0.stored.append(.init(name: "code", value: "the secret that was used before..", state: .retired))
            $0.secret = "the secret that was used before.."
            $0.body = text("{\"a\": 1}")
            $0.change = { $0.body = Self.text("{\"a\":1}") }
        },
        Case("with a newline after it, over a body that lost one", "code", "secret-sender-newline", says: ["body-newline-lost"]) {
            $0.secret = ExplainSite.raw + "\n"
            $0.body = text("{}\n")
            $0.change = { $0.body = Self.text("{}") }
        },
        Case("of another sender, over another URL", "shop", "secret-of-another-sender", says: ["url-differs", "http and https differ"]) {
            $0.secret = "the secret of somebody else....."
            $0.url = "http://localhost:8443/hooks/shop"
        },
        Case("another path, of a body that says it is compressed and is not", "route", "path-differs") {
            $0.url = "https://localhost:8443/hooks/route/"
            $0.fields = [("Content-Encoding", "gzip")]
        },
        Case(
            "a body that is compressed where JSON is read, signed before that", "acme", "content-coding",
            says: ["Content-Encoding is gzip", "body-compressed"]
        ) {
            $0.body = Self.text("the body that is compressed, the body that is compressed")
            $0.fields = [("Content-Encoding", "gzip")]
            $0.change = { $0.body = Self.compressed[0].1 }
        },
    ]

    @Test("two things at once are both named, the secret first, and always the same", arguments: pairs)
    func pair(_ item: Case) throws {
        try Self.expect(item)
        let causes = try (0..<3).map { _ in try Self.site.get().explain(item.way).explanation.causes.map(\.cause) }
        #expect(Set(causes).count == 1)
    }

    @Test("a body whose JSON ends in the midst is said to be cut off")
    func cutOff() throws {
        for (body, isCut) in [("{\"a\":[1,", true), ("{\"a\":\"b\\\"", true), ("{\"a\":1]", false), ("{\"a\":1} x", false), ("a=b", false)]
        {
            var way = ExplainSite.Way("code")
            way.body = Self.text("{\"a\":[1,2],\"b\":\"c\"}")
            way.change = { $0.body = Self.text(body) }
            let (explanation, _) = try Self.site.get().explain(way)
            #expect((explanation.causes.first?.cause == "body-cut-off") == isCut, "\(body): \(explanation.causes)")
        }
    }

    @Test("a search ends when its time is over, says so, and claims nothing of what it did not try")
    func budget() throws {
        var way = ExplainSite.Way("code")
        way.body = Self.text("{\"a\": 1}")
        way.change = { $0.body = Self.text("{\"a\":1}") }
        way.budget = { ExplainBudget(.zero) }
        let (explanation, _) = try Self.site.get().explain(way)
        #expect(explanation.causes.map(\.cause) == ["secret-unknown"] && !explanation.isExplained)
        #expect(explanation.causes.first?.evidence.contains("there was time to try") == true)
        #expect(explanation.notes.contains { $0.contains("Not everything was tried") })
        way.budget = { ExplainBudget(.seconds(600)) }
        #expect(try Self.site.get().explain(way).explanation.causes.first?.cause == "body-reformatted")
    }

    @Test("JSON that was written with tabs or one blank for indents is found", arguments: ["\t", " "])
    func indents(_ indent: String) throws {
        var way = ExplainSite.Way("code")
        way.body = Self.text("{\n\(indent)\"a\": [\n\(indent)\(indent)1\n\(indent)],\n\(indent)\"b\": {}\n}")
        way.change = { $0.body = Self.text("{\"a\":[1],\"b\":{}}") }
        #expect(try Self.site.get().explain(way).explanation.causes.first?.cause == "body-reformatted")
    }
}

extension ExplainedRequest {
    /// Rewrites a header on its way.
    fileprivate mutating func write(_ name: String, _ change: (String) -> String) {
        for index in headers.indices where headers[index].isNamed(name) { headers[index].value = change(headers[index].value) }
    }
}
