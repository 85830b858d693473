import Foundation
import Testing

@testable import GatehousePolicy

@Suite("a policy directory")
struct PolicyLoadTests {
    @Test(
        "copies of the log go to one place or several, refused requests are kept where policy says so, and a warning says what that means")
    func audit() throws {
        func load(_ audit: String) throws -> (GatewayPolicy.Audit, [String]) {
            let folder = try TemporaryPolicy([
                "gateway.yaml": "listen: [{ address: 0.0.0.0:8443, certificate: a.pem, private-key: a.key }]\naudit: \(audit)"
            ])
            let policy = try folder.load()
            return (policy.gateway.audit, policy.warnings.map(\.description))
        }
        let (none, quiet) = try load("{ keep: 30d }")
        #expect(none.keepRejected == nil && none.keepRejectedSize == 64 << 20 && none.forward == [] && quiet == [])
        let (one, warned) = try load("{ keep-rejected: 24h, keep-rejected-size: 1MiB, forward: \"syslog+tls://siem.example\" }")
        #expect(one.keepRejected == .seconds(86_400) && one.keepRejectedSize == 1 << 20)
        #expect(one.forward == [AuditForward(.syslog(host: "siem.example", port: 6_514))])
        #expect(warned.count == 1 && warned[0].contains("personal data"))
        let (two, _) = try load("{ forward: [{ to: \"syslog+tls://[::1]:1\", ca: /ca.pem }, \"file:/var/log/a\"] }")
        #expect(two.forward == [AuditForward(.syslog(host: "::1", port: 1), ca: "/ca.pem"), AuditForward(.file("/var/log/a"))])
        #expect(two.forward.map(\.description) == ["syslog+tls://[::1]:1", "file:/var/log/a"])
    }

    @Test("gateway.yaml needs nothing but a listener")
    func defaults() throws {
        let policy = try TemporaryPolicy()
        let gateway = try policy.load().gateway
        #expect(gateway.publicURL == "https://localhost:8443")
        #expect(gateway.state == policy.path + "/../var")
        #expect(gateway.admin.address.description == "127.0.0.1:9180")
        #expect(gateway.listeners.map(\.identity.certificate) == [policy.path + "/server.pem"])
        #expect(gateway.limits.headers == 16_384 && gateway.limits.failures == Rate(events: 50, per: .seconds(1)))
        #expect(gateway.audit.keep == .seconds(400 * 86_400) && gateway.secrets.overlap == .seconds(86_400))
    }

    @Test("every key of the reference is read")
    func everyKey() throws {
        let policy = try TemporaryPolicy([
            "gateway.yaml": """
            listen:
              - address: 0.0.0.0:8443
                certificate: ../certs/server.pem
                private-key: ../certs/server.key
                client-ca: ../certs/clients-ca.pem
                minimum-tls: "1.3"
                client-crl: crl.pem
                names: [{ certificate: /b.pem, private-key: /b.key }]
                forwarded-by: proxy-v2
            public-url: https://hooks.example.com/
            state: ../var
            cluster: nats://a:4222, nats://b:4222
            admin: { address: 10.0.0.1:9180, certificate: a.pem, private-key: a.key }
            oauth: { token-lifetime: 5m, signing: PS256, format: opaque }
            limits: { connections: 10, per-peer: 5, headers: 8KiB, body: 2MiB, header-timeout: 1s, body-timeout: 2s,
              idle-timeout: 3s, failures: 5/m, drain: 0s }
            trusted-proxies: [10.0.0.0/8, "::1"]
            audit: { on-failure: refuse, segment: 1MiB, keep: 7d, reserve: 0B }
            log: { level: debug, format: json }
            secrets: { overlap: 1h, quiet: 2h, keep-retired: 3d }
            """,
            "senders/acme.yaml": """
            scopes: [events:write]
            grants: [client_credentials]
            audiences: [https://localhost:8443]
            token-authentication: [client_secret_basic, client_secret_post, private_key_jwt, tls_client_auth]
            assertion-audience: token-endpoint
            assertion-lifetime: 30m
            networks: [203.0.113.0/24]
            """,
            "endpoints/acme.yaml": """
            path: /hooks/acme
            methods: [POST, PUT]
            media-types: [application/json, text/*]
            senders: [acme]
            public-url: null
            authenticate:
              - signature: standard-webhooks
              - oauth: [events:write]
              - oauth: { scopes: [a], audience: https://b }
              - basic
              - certificate
              - any: [basic, { oauth: [events:write] }]
            replay: { tolerance: 10m, future: 2m, remember: 24h, conflict: refuse, without-id: deliver }
            events: { accept: ["order.*"], otherwise: reject }
            limits: { body: 256KiB, rate: 100/s, rate-answer: 503 }
            deliver:
              - { to: http://127.0.0.1:9000/events?a=1, mode: relay, timeout: 1s, late: 10s, events: [order.accepted] }
              - { to: https://erp.internal/in, mode: queue, name: erp, sign: true, ca: ../certs/erp-ca.pem,
                  retry: { attempts: 3, first: 2s, longest: 1m } }
              - { to: http://10.0.0.1:81, mode: queue, allow-plain: true }
              - { to: exec:/bin/true, mode: queue, arguments: [a, "b c"] }
              - { to: file:../events.jsonl, mode: queue }
              - { to: nats://host/events.acme, mode: queue }
              - { to: swift:orders, mode: queue }
            """,
        ])
        #expect(policy.errors() == [])
        let loaded = try policy.load()
        let gateway = loaded.gateway
        #expect(gateway.publicURL == "https://hooks.example.com" && gateway.cluster == ["nats://a:4222", "nats://b:4222"])
        #expect(gateway.listeners.first?.minimumTLS == .v13 && gateway.listeners.first?.names.first?.certificate == "/b.pem")
        #expect(gateway.trustedProxies.count == 2 && gateway.limits.drain == .zero && gateway.oauth.format == .opaque)
        let endpoint = try #require(loaded.endpoints.first)
        #expect(endpoint.publicURL == "https://hooks.example.com/hooks/acme")
        #expect(endpoint.methods == ["POST", "PUT"] && endpoint.limits.rateAnswer == 503)
        #expect(endpoint.authenticate.count == 6)
        #expect(
            endpoint.deliver.map(\.to) == [
                .http(tls: false, host: "127.0.0.1", port: 9_000, path: "/events?a=1"),
                .http(tls: true, host: "erp.internal", port: 443, path: "/in"),
                .http(tls: false, host: "10.0.0.1", port: 81, path: "/"), .exec(["/bin/true", "a", "b c"]),
                .file(policy.path + "/endpoints/../events.jsonl"), .nats(host: "host", port: 4_222, subject: "events.acme"),
                .swift("orders"),
            ])
        #expect(endpoint.deliver.map(\.timeout) == [.seconds(1)] + Array(repeating: .seconds(30), count: 6))
        #expect(loaded.swiftHandlers == ["orders"])
        #expect(loaded.senders["acme"]?.assertionAudience == .tokenEndpoint)
    }

    @Test(
        "an endpoint's own URL with a path is taken as it is, one without gets the endpoint's path",
        arguments: [
            ("https://hooks.example.com", "https://hooks.example.com/hooks/acme"),
            ("https://hooks.example.com/", "https://hooks.example.com/hooks/acme"),
            ("https://hooks.example.com/in/7", "https://hooks.example.com/in/7"),
        ])
    func ownURL(_ given: String, _ expected: String) throws {
        let policy = try TemporaryPolicy(["endpoints/acme.yaml": TemporaryPolicy.endpoint + "\npublic-url: \(given)"])
        #expect(try policy.load().endpoints.first?.publicURL == expected)
    }

    @Test("all mistakes of all files are said at once, in the order of files and lines")
    func allAtOnce() throws {
        let policy = try TemporaryPolicy([
            "gateway.yaml": "listen: []\nlimit: {}",
            "senders/acme.yaml": "scope: []",
            "schemes/own.yaml": "algorithm: md5",
            "endpoints/acme.yaml": "path: x\nsenders: [b]\nauthenticate: []\ndeliver: []\nfoo: 1",
            "endpoints/bad.yaml": "a: [",
        ])
        let places = policy.errors().map { $0.split(separator: ":").prefix(3).joined(separator: ":") }
        #expect(
            places == [
                "endpoints/acme.yaml:1:7", "endpoints/acme.yaml:2:11", "endpoints/acme.yaml:3:15", "endpoints/acme.yaml:4:10",
                "endpoints/acme.yaml:5:1",
                "endpoints/bad.yaml:2:1", "gateway.yaml:1:9", "gateway.yaml:2:1", "schemes/own.yaml:1:1", "schemes/own.yaml:1:12",
                "senders/acme.yaml:1:1",
            ], "said: \(policy.errors())")
    }

    @Test("a missing directory and a missing gateway.yaml say what to do")
    func missing() throws {
        let policy = try TemporaryPolicy()
        try policy.remove("gateway.yaml")
        #expect(policy.errors().count == 1 && policy.errors()[0].hasPrefix("gateway.yaml:1:1: no such file (it needs one key: listen"))
        let error = #expect(throws: PolicyError.self) { try Policy.load(directory: policy.path + "/none") }
        #expect(
            error?.diagnostics.map(\.description).first?.contains(
                "no such directory, or it cannot be read (name the policy directory with --policies") == true)
    }

    @Test(
        "file names that cannot be names are refused",
        arguments: [
            ("senders/Acme.yaml", "senders/Acme.yaml:1:1: the file's name is the sender's, and 'Acme' cannot be one"),
            ("senders/a b.yaml", "senders/a b.yaml:1:1: the file's name is the sender's"),
            ("endpoints/-x.yaml", "endpoints/-x.yaml:1:1: the file's name is the endpoint's"),
            ("senders/acme.yml", "senders/acme.yml:1:1: two files are named 'acme' (remove one)"),
            ("senders/other.yml", "senders/other.yml:1:1: policy files end in .yaml (rename it to other.yaml)"),
            ("acme.yaml", "acme.yaml:1:1: not a policy file"),
        ])
    func names(_ file: String, _ expected: String) throws {
        let errors = try TemporaryPolicy([file: ""]).errors()
        #expect(errors.count == 1 && errors.allSatisfy { $0.hasPrefix(expected) }, "said: \(errors)")
    }

    @Test("a directory whose name is nearly right is refused, others are ignored")
    func directories() throws {
        let policy = try TemporaryPolicy(["senders/README.md": "x", "senders/acme.yaml.bak": "[", "senders/.hidden.yaml": "["])
        #expect(policy.errors() == [])
        try FileManager.default.createDirectory(atPath: policy.path + "/endpoint", withIntermediateDirectories: true)
        try FileManager.default.createDirectory(atPath: policy.path + "/documents", withIntermediateDirectories: true)
        #expect(policy.errors() == ["endpoint:1:1: directory 'endpoint' is not read (did you mean 'endpoints'?)"])
    }

    @Test("what is no file in the place of a file is refused")
    func notAFile() throws {
        let policy = try TemporaryPolicy()
        try FileManager.default.createDirectory(atPath: policy.path + "/senders/b.yaml", withIntermediateDirectories: true)
        #expect(mkfifo(policy.path + "/senders/c.yaml", 0o600) == 0)
        #expect(policy.errors() == ["senders/b.yaml:1:1: not a regular file", "senders/c.yaml:1:1: not a regular file"])
    }

    @Test("certificates and programs must be there, where they are used")
    func files() throws {
        let deliver = "deliver: [{ to: exec:./handler }]"
        let policy = try TemporaryPolicy([
            "endpoints/acme.yaml": "path: /a\nsenders: [acme]\nauthenticate: [{ signature: stripe }]\n" + deliver,
            "endpoints/handler": "#!/bin/sh\n",
        ])
        #expect(
            policy.errors(checkingFiles: true).map { $0.replacingOccurrences(of: policy.path + "/", with: "") } == [
                "endpoints/acme.yaml:4:17: program 'endpoints/./handler' is not executable "
                    + "(an absolute path, or one relative to this file; arguments stand in 'arguments')",
                "gateway.yaml:2:43: 'server.pem' does not exist (a PEM chain, leaf first; 'gatehouse dev' makes one for trying out)",
                "gateway.yaml:2:68: 'server.key' does not exist (the PEM key of the certificate)",
            ])
        #expect(policy.errors() == [])
        #expect(chmod(policy.path + "/endpoints/handler", 0o700) == 0)
        for name in ["server.pem", "server.key"] { try policy.write(name, []) }
        #expect(policy.errors(checkingFiles: true) == [])
    }

    @Test("the digest names the content: another file, name or byte is another digest")
    func digest() throws {
        let first = try TemporaryPolicy().load().digest
        #expect(first.hasPrefix("sha256:") && first.utf8.count == 71)
        #expect(try TemporaryPolicy().load().digest == first)
        #expect(try TemporaryPolicy(["senders/acme.yaml": " "]).load().digest != first)
        #expect(try TemporaryPolicy(["senders/b.yaml": ""]).load().digest != first)
        let policy = try TemporaryPolicy(["senders/README.md": "x"])
        #expect(try policy.load().digest == first)
        #expect(
            try policy.load().files.map { $0.replacingOccurrences(of: policy.path, with: "") } == [
                "", "/endpoints", "/schemes", "/senders", "/gateway.yaml", "/endpoints/acme.yaml", "/senders/acme.yaml",
            ])
    }

    @Test(
        "remember is 30 days where neither time nor id is signed, else 72 hours",
        arguments: [
            ("[{ signature: github }]", 30), ("[{ signature: stripe }]", 3), ("[{ signature: razorpay }]", 30), ("[basic]", 30),
            ("[{ signature: typeform }]", 3), ("[{ signature: stripe }, { signature: github }]", 30),
        ])
    func remember(_ authenticate: String, _ days: Int) throws {
        let endpoint = "path: /a\nsenders: [acme]\nauthenticate: \(authenticate)\ndeliver: [{ to: swift:a }]"
        #expect(try TemporaryPolicy(["endpoints/acme.yaml": endpoint]).load().endpoints.first?.replay.remember == .seconds(days * 86_400))
    }

    @Test(
        "an overlap, a quiet period or a keeping of zero is allowed and said",
        arguments: [("overlap", "at once"), ("quiet", "safe to retire"), ("keep-retired", "wrongly signed")])
    func zeroSecrets(_ key: String, _ expected: String) throws {
        let gateway = """
            listen: [{ address: "127.0.0.1:8443", certificate: a.pem, private-key: a.key }]
            public-url: https://localhost:8443
            secrets: { \(key): 0s }
            """
        let warnings = try TemporaryPolicy(["gateway.yaml": gateway]).warnings()
        #expect(warnings.contains { $0.hasPrefix("gateway.yaml:3:") && $0.contains(expected) }, "said: \(warnings)")
    }

    @Test(
        "weak settings are allowed and said (SEC-33, SEC-60)",
        arguments: [
            ("[{ signature: github-sha1 }]", "scheme 'github-sha1' relies on SHA-1"),
            ("[{ signature: okta }]", "scheme 'okta' compares a value for equality and proves nothing about the request"),
            ("[{ signature: mailgun }]", "scheme 'mailgun' does not sign the body"),
            ("[{ signature: hubspot-v2 }]", "scheme 'hubspot-v2' is a plain hash over the secret, not an HMAC"),
            ("[basic]", "without a signature and without an event id, duplicates are not recognised"),
        ])
    func weak(_ authenticate: String, _ expected: String) throws {
        let endpoint = "path: /a\nsenders: [acme]\nauthenticate: \(authenticate)\ndeliver: [{ to: swift:a }]"
        let warnings = try TemporaryPolicy(["endpoints/acme.yaml": endpoint]).warnings()
        #expect(
            warnings.contains { $0.contains(expected) } && warnings.allSatisfy { $0.hasPrefix("endpoints/acme.yaml:3:") },
            "said: \(warnings)")
    }

    @Test(
        "a scheme that signs nothing says what is not known about duplicates",
        arguments: [
            ("gitlab-token", "", "a message without header:x-gitlab-event-uuid is handed over each time it comes"),
            ("auth0", "", "names no event id, so duplicates are not recognised"),
            ("auth0", "event: { id: json:log_id }", "a message without json:log_id is handed over each time it comes"),
        ])
    func withoutReplayProtection(_ scheme: String, _ more: String, _ expected: String) throws {
        let endpoint = "path: /a\nsenders: [acme]\nauthenticate: [{ signature: \(scheme) }]\ndeliver: [{ to: swift:a }]\n\(more)"
        let warnings = try TemporaryPolicy(["endpoints/acme.yaml": endpoint]).warnings()
        #expect(warnings.contains { $0.hasPrefix("endpoints/acme.yaml:3:") && $0.contains(expected) }, "said: \(warnings)")
    }

    @Test("the password grant, records that may be lost and proxies that nobody believes are warned about")
    func otherWarnings() throws {
        let policy = try TemporaryPolicy([
            "senders/acme.yaml": "grants: [password]",
            "gateway.yaml":
                "listen: [{ address: 0.0.0.0:1, certificate: a, private-key: b, forwarded-by: proxy-v2 }]\naudit: { on-failure: allow }",
        ])
        #expect(
            try policy.warnings().map { $0.split(separator: ":").prefix(3).joined(separator: ":") } == [
                "gateway.yaml:1:9", "gateway.yaml:2:22", "senders/acme.yaml:1:9",
            ])
    }

    @Test("a log that is kept shorter than duplicates are known is warned about")
    func keepAndRemember() throws {
        let gateway = "listen: [{ address: 0.0.0.0:1, certificate: a, private-key: b }]\naudit: { keep: 1h }"
        let warnings = try TemporaryPolicy(["gateway.yaml": gateway]).warnings()
        #expect(warnings.contains { $0.contains("audit.keep 1h is less than remember") }, "said: \(warnings)")
    }

    @Test("the certificate item needs a client-ca, on a listener or one of its names")
    func certificateItem() throws {
        let endpoint = "path: /a\nsenders: [acme]\nauthenticate: [certificate]\nevent: { id: json:id }\ndeliver: [{ to: swift:a }]"
        let names =
            "listen: [{ address: 0.0.0.0:1, certificate: a, private-key: b, names: [{ certificate: c, private-key: d, client-ca: e }] }]"
        #expect(try TemporaryPolicy(["endpoints/acme.yaml": endpoint, "gateway.yaml": names]).errors() == [])
    }
}
