import Testing

@testable import GatehousePolicy

@Suite("gateway.yaml is refused")
struct GatewayRefusalTests {
    private static let listen = "listen: [{ address: 0.0.0.0:8443, certificate: a.pem, private-key: a.key }]\n"

    private static func withLine(_ line: String, _ expected: String) -> Refusal { Refusal("gateway.yaml", listen + line, "2:" + expected) }
    private static func listener(_ items: String, _ expected: String) -> Refusal {
        Refusal("gateway.yaml", "listen:\n  - { address: 0.0.0.0:8443, certificate: a.pem, private-key: a.key, \(items) }", "2:" + expected)
    }

    static let cases: [Refusal] = [
        withLine("limit: {}", "1: unknown key 'limit' in gateway.yaml (did you mean 'limits'?)"),
        withLine("state: [a]", "8: expected a path, not a list"),
        withLine("public-url: http://localhost:8443", "13: 'http://localhost:8443' is not an https URL"),
        withLine("public-url: https://localhost/?a=1", "13: a public URL has no query"),
        withLine("public-url: https://localhost/#a", "13: a URL here has no fragment"),
        withLine("public-url: https://user:pass@localhost", "13: a URL in policy never holds a user or password"),
        withLine("public-url: https://", "13: '' is not a host name or address"),
        withLine("public-url: https://localhost:70000", "13: 'localhost:70000' holds no valid port"),
        withLine("admin: { address: 0.0.0.0:9180 }", "19: the admin listener on 0.0.0.0:9180 needs TLS"),
        withLine("admin: { address: 9180 }", "19: '9180' is not an address"),
        withLine("limits: { body: 1MB }", "17: '1MB' is not a size"),
        withLine("limits: { body: 1048576 }", "17: '1048576' is not a size"),
        withLine("limits: { headers: 1B }", "20: '1B' is outside 1KiB to 1MiB"),
        withLine("limits: { header-timeout: 10 }", "27: '10' is not a duration"),
        withLine("limits: { header-timeout: 0s }", "27: must be more than zero"),
        withLine("limits: { failures: 50 }", "21: '50' is not a rate"),
        withLine("limits: { failures: 0/s }", "21: '0/s' is not a rate"),
        withLine("limits: { connections: many }", "24: expected a whole number, not 'many'"),
        withLine("limits: { connections: 0 }", "24: 0 is outside 1 to 1000000"),
        withLine("limits: 5", "9: limits is a mapping of keys to values, not a single value"),
        withLine("trusted-proxies: [10.0.0.1/8]", "19: '10.0.0.1/8' is not a network"),
        withLine("trusted-proxies: 10.0.0.0/8", "18: expected a list, not a single value"),
        withLine("trusted-proxies: [10.0.0.0/8, 10.0.0.0/8]", "31: '10.0.0.0/8' appears twice in the list"),
        withLine("audit: { on-failure: ignore }", "22: 'ignore' is not one of refuse, allow"),
        withLine("audit: { keep-rejected: 1 }", "25: '1' is not a duration"),
        withLine("audit: { segment: 128GiB }", "19: '128GiB' is outside 64KiB to 64GiB"),
        withLine("audit: { keep-rejected-size: 4KiB }", "30: '4KiB' is outside 1MiB to 64GiB"),
        withLine("audit: { forward: syslog://h:514 }", "19: 'syslog://h:514' is no place to forward records to"),
        withLine("audit: { forward: \"syslog+tls://h:0\" }", "19: 'syslog+tls://h:0' is no place to forward records to"),
        withLine("audit: { forward: \"file:\" }", "19: 'file:' is no place to forward records to"),
        withLine("audit: { forward: [\"file:/a\", \"file:/a\"] }", "31: 'file:/a' appears twice in the list"),
        withLine("audit: { forward: [{ to: \"file:/a\", ca: a.pem }] }", "37: 'ca' is for syslog+tls://"),
        withLine("audit: { forward: [{ ca: a.pem }] }", "20: a place to forward records to needs 'to'"),
        withLine("log: { format: jsn }", "16: 'jsn' is not one of text, json (did you mean 'json'?)"),
        withLine("oauth: { signing: HS256 }", "19: 'HS256' is not one of ES256, RS256, PS256, EdDSA"),
        withLine("secrets: { overlap: 24x }", "21: '24x' is not a duration"),
        withLine("master-secret: abc", "1: unknown key 'master-secret': policy never holds a secret"),
        withLine("cluster: localhost:4222", "10: 'localhost:4222' is not a nats://HOST:PORT address"),
        listener("minimum-tls: \"1.1\"", "83: '1.1' is not one of 1.2, 1.3"),
        listener("client-crl: crl.pem", "70: client-crl needs a client-ca"),
        listener("client-crl: crl.pem, names: [{ certificate: b.pem, private-key: b.key }]", "70: client-crl needs a client-ca"),
        listener(
            "client-crl: crl.pem, names: [{ certificate: b.pem, client-ca: ca.pem }]", "99: an entry of names needs 'private-key'"),
        listener(
            "names: [{ certificate: b.pem, private-key: b.key, client-ca: ca.pem, client-crl: crl.pem }]",
            "139: 'client-crl' belongs beside 'names': the listener's list holds for each client-ca in it"),
        listener("forwarded-by: proxy", "84: 'proxy' is not one of proxy-v2, forwarded, x-forwarded-for"),
        listener("names: [{ certificate: b.pem }]", "78: an entry of names needs 'private-key'"),
        listener("client-ca: ca.pem, cert: x", "89: unknown key 'cert' in a listener"),
        Refusal("gateway.yaml", "state: ../var", "1:1: gateway.yaml needs 'listen'"),
        Refusal("gateway.yaml", "", "1:1: gateway.yaml needs 'listen'"),
        Refusal("gateway.yaml", "listen: []", "1:9: must not be empty"),
        Refusal("gateway.yaml", "listen: null", "1:1: gateway.yaml needs 'listen'"),
        Refusal("gateway.yaml", "listen:\n  - { address: 0.0.0.0:8443 , private-key: a.key }", "2:5: a listener needs 'certificate'"),
        Refusal(
            "gateway.yaml", "listen:\n  - { address: ':8443', certificate: a.pem, private-key: a.key }", "2:16: ':8443' is not an address"),
        Refusal(
            "gateway.yaml",
            "listen:\n  - { address: 0.0.0.0:8443, certificate: a.pem, private-key: a.key }\n"
                + "  - { address: 0.0.0.0:8443, certificate: b.pem, private-key: a.key }",
            "2:3: two listeners on 0.0.0.0:8443"),
        Refusal("gateway.yaml", "- a\n- b", "1:1: gateway.yaml is a mapping of keys to values, not a list"),
    ]

    @Test("with a message at its line and column; SEC-1: TLS below 1.2; SEC-88: an open admin listener without TLS", arguments: cases)
    func refused(_ refusal: Refusal) throws { try refusal.check() }

    @Test("but not a revocation list for the client-ca of a name alone")
    func listOfNames() throws {
        let gateway = """
            listen:
              - address: 0.0.0.0:8443
                certificate: server.pem
                private-key: server.key
                client-crl: crl.pem
                names: [{ certificate: b.pem, private-key: b.key, client-ca: ca.pem }]
            """
        let listener = try #require(try TemporaryPolicy(["gateway.yaml": gateway]).load().gateway.listeners.first)
        #expect(listener.clientCRL?.hasSuffix("/crl.pem") == true && listener.names.first?.clientCA?.hasSuffix("/ca.pem") == true)
    }

    static let senders: [Refusal] = [
        Refusal("senders/acme.yaml", "scope: [a]", "1:1: unknown key 'scope' in a sender (did you mean 'scopes'?)"),
        Refusal("senders/acme.yaml", "scopes: ['a b']", "1:10: 'a b' is not a scope"),
        Refusal("senders/acme.yaml", "grants: [implicit]", "1:10: 'implicit' is not one of client_credentials, password"),
        Refusal("senders/acme.yaml", "networks: []", "1:11: must not be empty"),
        Refusal("senders/acme.yaml", "networks: [203.0.113.256]", "1:12: '203.0.113.256' is not a network"),
        Refusal("senders/acme.yaml", "password: hunter2hunter2", "1:1: unknown key 'password': policy never holds a secret"),
        Refusal("senders/acme.yaml", "scopes: [whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw]", "1:10: policy never holds a secret"),
        Refusal("senders/acme.yaml", "assertion-lifetime: 0s", "1:21: must be more than zero"),
        Refusal("senders/handler.yaml", "", "1:1: no sender can be named 'handler'"),
    ]

    @Test("senders are refused likewise", arguments: senders)
    func senderRefused(_ refusal: Refusal) throws { try refusal.check() }

    @Test("a secret in policy is never repeated in the message")
    func secretNotShown() throws {
        let errors = try TemporaryPolicy([
            "senders/acme.yaml": "password: hunter2hunter2\naudiences: [whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw]"
        ]).errors()
        #expect(!errors.isEmpty)
        #expect(!errors.contains { $0.contains("hunter2") || $0.contains("MfKQ9r8") })
        let url = try TemporaryPolicy(["gateway.yaml": Self.listen + "public-url: https://bob:hunter2hunter2@localhost"]).errors()
        #expect(url.count == 1 && !url.contains { $0.contains("hunter2") })
    }
}
