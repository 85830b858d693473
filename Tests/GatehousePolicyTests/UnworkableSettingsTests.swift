import Foundation
import Testing

@testable import GatehousePolicy

@Suite("settings that are well formed and cannot work")
struct UnworkableSettingsTests {
    private func endpoint(to handler: String, _ more: String = "") -> String {
        "path: /a\nsenders: [acme]\nauthenticate: [{ signature: stripe }]\ndeliver: [{ to: \"\(handler)\" }]\n\(more)"
    }

    @Test("a file: handler needs its folder, and is no folder itself")
    func files() throws {
        let policy = try TemporaryPolicy()
        for name in ["server.pem", "server.key"] { try policy.write(name, []) }
        for (handler, expected) in [
            ("file:../missing/events.jsonl", "there is no folder '\(policy.path)/endpoints/../missing'"),
            ("file:../senders", "'\(policy.path)/endpoints/../senders' is a directory"), ("file:events/", "is a directory"),
        ] {
            try policy.write("endpoints/acme.yaml", Array(endpoint(to: handler).utf8))
            let errors = policy.errors(checkingFiles: true)
            let shown = expected.replacingOccurrences(of: policy.path + "/", with: "")
            #expect(errors.count == 1 && errors[0].hasPrefix("endpoints/acme.yaml:4:17: ") && errors[0].contains(shown), "said: \(errors)")
            #expect(policy.errors() == [])
        }
        for handler in ["file:../events.jsonl", "file:events.jsonl", "file:/events.jsonl"] {
            try policy.write("endpoints/acme.yaml", Array(endpoint(to: handler).utf8))
            #expect(policy.errors(checkingFiles: true) == [])
        }
    }

    @Test("a swift: handler is one that the program has")
    func swiftHandlers() throws {
        let policy = try TemporaryPolicy(["endpoints/acme.yaml": endpoint(to: "swift:orders")])
        #expect(policy.errors() == [])
        for (known, hint) in [([], "the program that embeds the gateway"), (["order"], "did you mean 'order'?")] as [(Set<String>, String)]
        {
            let error = #expect(throws: PolicyError.self) {
                try Policy.load(directory: policy.path, Reading(checksFiles: false, swiftHandlers: known))
            }
            let said = error?.diagnostics.map(\.description) ?? []
            #expect(
                said.count == 1 && said[0].contains("acme.yaml:4:17: this program has no handler named 'orders' (\(hint)"), "said: \(said)")
        }
        #expect(throws: Never.self) { try Policy.load(directory: policy.path, Reading(checksFiles: false, swiftHandlers: ["orders"])) }
    }

    @Test(
        "two listeners cannot have one port",
        arguments: [
            ("0.0.0.0:8443", "127.0.0.1:8443", true), ("[::]:8443", "127.0.0.1:8443", true), ("127.0.0.1:8443", "127.0.0.1:8443", true),
            ("127.0.0.1:8443", "127.0.0.2:8443", false), ("0.0.0.0:8443", "[::1]:8443", false), ("127.0.0.1:0", "127.0.0.1:0", false),
        ])
    func ports(_ listener: String, _ other: String, _ collides: Bool) throws {
        let identity = "certificate: server.pem, private-key: server.key"
        let admin = try TemporaryPolicy([
            "gateway.yaml": "listen:\n  - { address: \"\(listener)\", \(identity) }\nadmin: { address: \"\(other)\" }"
        ]).errors()
        #expect((admin.count == 1 && admin[0].hasPrefix("gateway.yaml:3:8: the admin listener on \(other)")) == collides, "said: \(admin)")
        let two = try TemporaryPolicy([
            "gateway.yaml":
                "listen:\n  - { address: \"\(listener)\", \(identity) }\n  - { address: \"\(other)\", certificate: other.pem, private-key: other.key }"
        ]).errors()
        #expect((two.count == 1 && two[0].hasPrefix("gateway.yaml:2:3: ")) == collides, "said: \(two)")
    }

    @Test("a certificate that a listener has twice is refused")
    func certificates() throws {
        let errors = try TemporaryPolicy([
            "gateway.yaml": """
            listen:
              - address: 0.0.0.0:8443
                certificate: server.pem
                private-key: server.key
                names:
                  - { certificate: other.pem, private-key: other.key }
                  - { certificate: server.pem, private-key: server.key }
            """
        ]).errors()
        #expect(errors.count == 1 && errors[0].hasPrefix("gateway.yaml:7:9: certificate '"), "said: \(errors)")
    }

    @Test("files and folders that every user can change are said")
    func worldWritable() throws {
        let policy = try TemporaryPolicy()
        #expect(try policy.warnings() == [])
        for name in ["endpoints/acme.yaml", "senders"] { #expect(chmod(policy.path + "/" + name, 0o777) == 0) }
        let warnings = try policy.warnings()
        #expect(warnings.count == 2)
        #expect(warnings.allSatisfy { $0.contains(":1:1: every user of this machine can change it (chmod o-w ") }, "said: \(warnings)")
    }

    @Test(
        "a handler's events that the endpoint never accepts are said",
        arguments: [
            ("[\"order.*\"]", "[\"invoice.*\"]", 1), ("[\"order.*\"]", "[order.paid, \"*.paid\"]", 0),
            ("[order.paid]", "[order.paid, order.sent]", 1),
            ("[\"*\"]", "[order.paid]", 0), ("[order.paid]", "[\"*\"]", 0),
        ])
    func events(_ accept: String, _ events: String, _ count: Int) throws {
        let text = """
            path: /a
            senders: [acme]
            authenticate: [{ signature: stripe }]
            events: { accept: \(accept) }
            deliver:
              - { to: swift:a, events: \(events) }
            """
        let warnings = try TemporaryPolicy(["endpoints/acme.yaml": text]).warnings()
        #expect(
            warnings.count == count && warnings.allSatisfy { $0.hasPrefix("endpoints/acme.yaml:6:5: no event of type") },
            "said: \(warnings)")
    }

    @Test(
        "patterns overlap where some text matches both",
        arguments: [
            ("", "", true), ("", "*", true), ("a", "a", true), ("a", "b", false), ("a*", "*b", true), ("a*c", "b*", false),
            ("*a*", "*b*", true),
            ("a*b", "ab", true), ("a*b", "a", false), ("ab*", "a*c*d", true), ("a**b", "a*c", false), ("*x", "*y", false),
            ("x*", "y*", false),
            ("order.*", "*.paid", true), ("*", "", true), ("a*a", "a", false),
        ])
    func overlap(_ left: String, _ right: String, _ expected: Bool) {
        #expect(PatternOverlap.exists(left, right) == expected)
        #expect(PatternOverlap.exists(right, left) == expected)
    }
}
