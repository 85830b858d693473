import Testing

@testable import GatehousePolicy

@Suite("an endpoint is refused")
struct EndpointRefusalTests {
    private static func endpoint(
        path: String = "/hooks/acme", senders: String = "[acme]", authenticate: String = "[{ signature: standard-webhooks }]",
        deliver: String = "[{ to: http://127.0.0.1:9000/events }]", more: String = ""
    ) -> String {
        "path: \(path)\nsenders: \(senders)\nauthenticate: \(authenticate)\ndeliver: \(deliver)\n\(more)"
    }

    private static func refusal(_ text: String, _ expected: String) -> Refusal { Refusal("endpoints/acme.yaml", text, expected) }
    private static func path(_ value: String, _ expected: String) -> Refusal { refusal(endpoint(path: value), "1:7: " + expected) }
    private static func authenticate(_ value: String, _ expected: String) -> Refusal {
        refusal(endpoint(authenticate: value), "3:" + expected)
    }
    private static func deliver(_ value: String, _ expected: String) -> Refusal { refusal(endpoint(deliver: value), "4:" + expected) }
    private static func more(_ value: String, _ expected: String) -> Refusal { refusal(endpoint(more: value), "5:" + expected) }

    @Test("a mistake in `listen` makes no others of what depends on the listeners")
    func followUps() throws {
        let errors = try TemporaryPolicy([
            "gateway.yaml": "listen: [{ address: nowhere, certificate: a.pem, private-key: a.key, client-ca: ca.pem }]",
            "endpoints/acme.yaml": Self.endpoint(authenticate: "[certificate]"),
        ]).errors()
        #expect(errors.count == 1 && errors.allSatisfy { $0.contains("'nowhere' is not an address") }, "said: \(errors)")
    }

    static let cases: [Refusal] = [
        path("hooks", "'hooks' is not a path"),
        path("/hooks?x=1", "'/hooks?x=1' has characters that a path here cannot have"),
        path("/hooks/%61", "'/hooks/%61' has characters that a path here cannot have"),
        path("/hooks;a", "'/hooks;a' has characters that a path here cannot have"),
        path("/hooks//acme", "'/hooks//acme' has empty or dotted segments"),
        path("/hooks/../acme", "'/hooks/../acme' has empty or dotted segments"),
        path("/oauth/token", "'/oauth/token' is kept for the gateway itself"),
        path("[a]", "expected a path, not a list"),
        refusal("senders: [acme]\nauthenticate: [basic]\ndeliver: [{ to: swift:x }]", "1:1: an endpoint needs 'path'"),
        refusal(endpoint(senders: "[]"), "2:10: must not be empty"),
        refusal(endpoint(senders: "acme"), "2:10: expected a list, not a single value"),
        refusal(endpoint(senders: "[acmee]"), "2:11: no sender is named 'acmee' (did you mean 'acme'?)"),
        refusal(endpoint(senders: "[globex]"), "2:11: no sender is named 'globex' (create senders/globex.yaml; it may be empty)"),
        refusal("path: /a\nsenders: [acme]\ndeliver: [{ to: swift:x }]", "1:1: an endpoint needs 'authenticate'"),
        authenticate("[]", "15: authenticate must not be empty"),
        authenticate("null", "1: an endpoint needs 'authenticate'"),
        authenticate("basic", "15: authenticate is a list of what must hold, not a single value"),
        authenticate("[{ any: [] }]", "23: any must not be empty"),
        authenticate("[{ any: [{ any: [basic] }] }]", "26: 'any' inside 'any' says nothing more"),
        authenticate("[basic, basic]", "23: the same item appears twice in authenticate"),
        authenticate("[basics]", "16: unknown item 'basics' (did you mean 'basic'?)"),
        authenticate("[{ signatures: stripe }]", "18: unknown item 'signatures' (did you mean 'signature'?)"),
        authenticate("[signature]", "16: 'signature' needs a value"),
        authenticate("[{ signature: strip }]", "29: no scheme is named 'strip' (did you mean 'stripe'?)"),
        authenticate(
            "[{ signature: nothing-like-it }]", "29: no scheme is named 'nothing-like-it' (describe it in schemes/nothing-like-it.yaml)"),
        authenticate("[certificate]", "16: 'certificate' cannot hold: no listener asks for client certificates"),
        authenticate("[{ oauth: { audience: 'https://a' } }]", "25: oauth needs 'scopes'"),
        refusal("path: /a\nsenders: [acme]\nauthenticate: [{ signature: stripe }]", "1:1: an endpoint needs 'deliver'"),
        deliver("[]", "10: an endpoint needs a handler"),
        deliver("[{ mode: relay }]", "11: a handler needs 'to'"),
        deliver("[{ to: 'ftp://a' }]", "17: 'ftp://a' names no handler"),
        deliver("[{ to: '127.0.0.1:9000' }]", "17: '127.0.0.1:9000' names no handler"),
        deliver("[{ to: http://erp.internal/in }]", "17: events would go to 'erp.internal' unencrypted"),
        deliver("[{ to: 'http://127.0.0.1:0/' }]", "17: a handler has a port"),
        deliver("[{ to: 'https://u:p@erp/in' }]", "17: a URL in policy never holds a user or password"),
        deliver("[{ to: swift:a, ca: ca.pem }]", "26: 'ca' is for https:// handlers"),
        deliver("[{ to: https://erp, allow-plain: true }]", "30: 'allow-plain' is for http:// handlers"),
        deliver("[{ to: 'swift:a b' }]", "17: 'a b' is not a handler's name"),
        deliver("[{ to: swift:a, arguments: [x] }]", "26: 'arguments' is for exec: handlers"),
        deliver("[{ to: swift:a, mode: relays }]", "32: 'relays' is not one of relay, queue (did you mean 'relay'?)"),
        deliver("[{ to: swift:a, timeout: 0ms }]", "35: must be more than zero"),
        deliver("[{ to: swift:a, timeout: 5s, late: 1s }]", "39: 'late' is shorter than 'timeout'"),
        deliver("[{ to: swift:a }, { to: swift:b }]", "28: a second handler with mode: relay"),
        deliver("[{ to: swift:a, name: a }, { to: swift:b, name: a, mode: queue }]", "37: two handlers are named 'a'"),
        deliver("[{ to: https://erp, sign: true }]", "30: 'sign' needs 'name'"),
        deliver("[{ to: swift:a, retry: { attempts: 3 } }]", "26: 'retry' is for mode: queue"),
        deliver("[{ to: swift:a, mode: queue, retry: { first: 2h } }]", "48: 'first' is longer than 'longest'"),
        deliver("[{ to: 'nats://localhost' }]", "17: expected nats://HOST/SUBJECT"),
        deliver("[{ to: 'nats://localhost/a.*' }]", "17: 'a.*' is not a subject"),
        deliver("[{ to: swift:a, name: Erp }]", "32: 'Erp' is not a name"),
        more("methods: [TRACE]", "11: 'TRACE' is not one of POST, PUT, PATCH, DELETE, GET"),
        more("media-types: [json]", "15: 'json' is not a media type"),
        more("public-url: http://a", "13: 'http://a' is not an https URL"),
        more("replay: { tolerance: 0s }", "22: must be more than zero"),
        more("replay: { remember: 2m }", "21: remember 2m is less than tolerance 5m + future 1m of scheme 'standard-webhooks'"),
        more("replay: { tolerance: 80h }", "22: remember 3d is less than tolerance 80h + future 1m of scheme 'standard-webhooks'"),
        more("replay: { conflict: ignore }", "21: 'ignore' is not one of answer, refuse"),
        more("events: { accept: [] }", "19: must not be empty"),
        more("events: { accept: 'order.*' }", "19: expected a list, not a single value"),
        more("events: { otherwise: drop }", "22: 'drop' is not one of acknowledge, reject"),
        more("limits: { rate: 100 }", "17: '100' is not a rate"),
        more("limits: { rate-answer: 500 }", "24: '500' is not one of 429, 503"),
        more("event: { id: id }", "14: 'id' names no part of a request"),
        more("event: { id: json:id }", "1: scheme 'standard-webhooks' says already where id and type are"),
        more("handler: x", "1: unknown key 'handler' in an endpoint"),
    ]

    @Test(
        "with a message at its line and column; SEC-63: remember < tolerance + future; SEC-81: plain http beyond loopback", arguments: cases
    )
    func refused(_ refusal: Refusal) throws { try refusal.check() }

    @Test("two endpoints cannot have one path")
    func twoOnOnePath() throws {
        let policy = try TemporaryPolicy(["endpoints/other.yaml": TemporaryPolicy.endpoint])
        #expect(policy.errors() == ["endpoints/other.yaml:1:7: path '/hooks/acme' is taken (endpoints/acme.yaml has it)"])
    }

    @Test("a window is checked with the scheme's own tolerance")
    func schemeTolerance() throws {
        let scheme = """
            signature: { header: X-S, encoding: hex }
            algorithm: hmac-sha256
            signed: "{timestamp}.{body}"
            timestamp: { header: X-T, unit: s, tolerance: 100h }
            """
        let files = ["schemes/slow.yaml": scheme, "endpoints/acme.yaml": Self.endpoint(authenticate: "[{ signature: slow }]")]
        let said = "endpoints/acme.yaml:3:29: remember 3d is less than tolerance 100h + future 1m of scheme 'slow' (remember at least 6001m"
        let errors = try TemporaryPolicy(files).errors()
        #expect(errors.count == 1 && errors.allSatisfy { $0.hasPrefix(said) }, "said: \(errors)")
        let longer = files.merging([
            "endpoints/acme.yaml": Self.endpoint(authenticate: "[{ signature: slow }]", more: "replay: { remember: 7d }")
        ]) { $1 }
        #expect(try TemporaryPolicy(longer).errors() == [])
    }

    @Test(
        "what this build does not serve is refused by name",
        arguments: [
            (endpoint(deliver: "[{ to: 'nats://localhost/events' }]"), "4:17: nats:// handlers need the cluster service"),
            (endpoint(deliver: "[{ to: swift:a, mode: queue }]"), "4:32: mode: queue needs the delivery service"),
        ])
    func unserved(_ text: String, _ expected: String) throws {
        let policy = try TemporaryPolicy(["endpoints/acme.yaml": text])
        let errors = policy.errors(unserved: Set(UnservedFeature.allCases))
        #expect(errors.count == 1 && errors[0].hasPrefix("endpoints/acme.yaml:" + expected), "said: \(errors)")
        #expect(policy.errors() == [])
    }
}
