import Foundation
import Testing

@Suite("What secret commands say")
struct SecretCommandTests {
    @Test("an argument that may be a value typed in the wrong place is not repeated, and --value-file is named")
    func misplacedValue() async throws {
        let site = try Installation()
        let value = "whsec_bWlzcGxhY2VkIHZhbHVlIG9mIGEgc2VjcmV0"
        for arguments in [
            ["acme/signing", value], ["acme/signing", "--value-file=x", value], ["acme/signing", "--overlap", value], [value],
        ] {
            for command in ["add", "rotate"] {
                let result = try await Program.run(Program.path, ["secret", command] + arguments, in: site.place, input: nil)
                #expect(result.status == 64 && result.output.isEmpty)
                #expect(!result.messages.contains(value) && result.messages.contains("--value-file"), "\(result.messages)")
            }
        }
    }

    @Test(
        "a value that probably is not meant to end as it does is taken, with a warning",
        arguments: [
            ("a value of 24 bytes....\r\n", "carriage return"), ("a value of 24 bytes....\n\n", "second line break"),
            ("a value of 24 bytes.... ", "blank"),
        ])
    func endings(value: String, warning: String) async throws {
        let site = try Installation()
        let result = try await site.run("secret", "add", "other/signing", "--value-file", "-", input: value)
        #expect(result.status == 0 && result.messages.contains(warning), "\(result)")
        #expect(!result.messages.contains("24 bytes"))
    }

    @Test("a file with a secret that others can read is taken, with a warning; one with a public key without")
    func readableFile() async throws {
        let site = try Installation()
        try site.write("open", "a value of 24 bytes....", mode: 0o644)
        let secret = try await site.run("secret", "add", "other/signing", "--value-file", site["open"])
        #expect(secret.status == 0 && secret.messages.contains("0644"), "\(secret)")
        try site.write("key", "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=", mode: 0o644)
        let key = try await site.run("secret", "add", "other/key", "--value-file", site["key"])
        #expect(key.status == 0 && !key.messages.contains("0644"), "\(key)")
    }

    @Test("a name that looks like a value itself is not repeated; any other is, with what is wrong")
    func valueAsName() async throws {
        let site = try Installation()
        for value in ["whsec_MfKQ/9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "a-word-nobody-guesses", "eyJhbGciOiJFZERTQSJ9.eyJ9.sig"] {
            let result = try await site.run("secret", "add", "acme/signing", "--value-file", value)
            #expect(result.status == 1 && !result.messages.contains(value) && result.messages.contains("standard input"), "\(result)")
        }
        for name in ["new.secret", "./a-word-nobody-guesses", "none"] {
            let result = try await site.run("secret", "add", "acme/signing", "--value-file", name)
            #expect(result.status == 1 && result.messages.contains("\(name) cannot be read: No such file"), "\(result)")
        }
    }

    @Test("a public key whose own date has passed, or soon will, is taken with a warning; and its date is not shown as an overlap's end")
    func datedKey() async throws {
        let site = try Installation()
        func key(_ expires: Int) -> String {
            #"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","exp":\#(expires)}"#
        }
        let now = Int(Date.now.timeIntervalSince1970)
        let soon = try await site.run("secret", "add", "acme/key", "--value-file", "-", input: key(now + 86_400))
        #expect(soon.status == 0 && soon.messages.contains("within 30 days"), "\(soon)")
        #expect(try await site.run("secret", "revoke", "acme/key").status == 0)
        let late = try await site.run("secret", "add", "acme/key", "--value-file", "-", input: key(now + 86_400 * 31))
        #expect(late.status == 0 && !late.messages.contains("warning"), "\(late)")
        #expect(try await site.run("secret", "revoke", "acme/key").status == 0)
        try await site.start()
        let past = try await site.run("secret", "add", "acme/key", "--value-file", "-", input: key(now - 3 * 86_400))
        #expect(past.status == 0 && past.messages.contains("has passed"), "\(past)")
        let table = try await site.run("secret", "status", "acme/key").output
        #expect(table.contains("expired 3 days ago"), "\(table)")
    }

    @Test("a public key as PEM is taken as it is with other line ends, and refused with what to cut where text is before it")
    func layoutsOfPEM() async throws {
        let site = try Installation()
        let pem = try await site.bash("openssl genpkey -algorithm ed25519 2>/dev/null | openssl pkey -pubout").output
        let described = try await site.run("secret", "add", "acme/key", "--value-file", "-", input: "Public Key of acme\n\n" + pem)
        #expect(described.status == 1 && described.messages.contains("(2 lines): cut it"), "\(described)")
        let foreign = ("Public Key of acme\n\n" + pem).replacingOccurrences(of: "\n", with: "\r\n")
        let both = try await site.run("secret", "add", "acme/key", "--value-file", "-", input: foreign)
        #expect(both.status == 1 && both.messages.contains("(2 lines): cut it") && !both.messages.contains("warning"), "\(both)")
        let result = try await site.run(
            "secret", "add", "acme/key", "--value-file", "-", input: pem.replacingOccurrences(of: "\n", with: "\r\n"))
        #expect(result.status == 0 && !result.messages.contains("warning"), "\(result)")
    }

    @Test("a user who is not the gateway's is told whose it is", .enabled(if: geteuid() == 0, "only root may become another user"))
    func anotherUser() async throws {
        let site = try Installation()
        try await site.addSecret()
        let owner = try await site.bash("chmod 755 . && chown -R 65533:65533 state && stat -c %U state").output
            .trimmingCharacters(in: .newlines)
        let result = try await site.bash(
            "setpriv --reuid 65534 --regid 65534 --clear-groups '\(Program.path)' secret rotate acme/signing --policies policies")
        let expected = owner == "UNKNOWN" ? "#65533" : owner
        #expect(result.status == 1 && result.messages.contains("run this as its user, \(expected)"), "\(result)")
        #expect(!result.messages.contains(".."))
    }

    @Test("revoking the only active version while another is retiring says when nothing will be accepted any more")
    func lastActive() async throws {
        let site = try Installation()
        try await site.addSecret()
        #expect(try await site.run("secret", "rotate", "acme/signing", "--overlap", "1h").status == 0)
        let revoked = try await site.run("secret", "revoke", "acme/signing", "2")
        #expect(revoked.status == 0 && revoked.messages.contains("nothing is accepted from"), "\(revoked)")
        let all = try await site.run("secret", "revoke", "acme/signing")
        #expect(all.status == 0 && !all.messages.contains("nothing is accepted from"), "\(all)")
        let status = try await site.run("secret", "status", "acme/signing", "--json")
        let report = try #require(try JSONSerialization.jsonObject(with: Data(status.output.utf8)) as? [String: Any])
        for version in try #require(report["versions"] as? [[String: Any]]) {
            #expect(version["state"] as? String == "revoked")
            // Not the end of the overlap that it did not live to see.
            let end = try #require(version["accepted_until"] as? String)
            #expect(end < Date.now.addingTimeInterval(60).formatted(.iso8601))
        }
    }

    @Test("what cannot be is refused with what can: another kind of a handler's, a private key for a scheme's, an overlap of centuries")
    func refusals() async throws {
        let site = try Installation()
        try await site.addSecret()
        let handler = try await site.run("secret", "add", "handler/erp/basic")
        #expect(handler.status == 1 && handler.messages.contains("handler/erp/signing"), "\(handler)")
        try site.endpoint("keyed", authenticate: "[{ signature: standard-webhooks-ed25519 }]", deliver: "file:../../keyed.jsonl")
        let key = try await site.bash("openssl genpkey -algorithm ed25519 2>/dev/null").output
        let result = try await site.run("secret", "add", "acme/key", "--value-file", "-", input: key)
        #expect(result.status == 1 && result.messages.contains("private key"), "\(result)")
        let long = try await site.run("secret", "rotate", "acme/signing", "--overlap", "1000000d")
        #expect(long.status == 1 && long.messages.contains("3650 days"), "\(long)")
    }

    @Test("commands on a stopped state wait for one another")
    func manyAtOnce() async throws {
        let site = try Installation()
        try await site.addSecret()
        let command = "'\(Program.path)' secret add s$i/oauth --policies policies >/dev/null 2>said$i || echo failed"
        let result = try await site.bash("for i in 1 2 3 4 5 6; do (\(command)) & done; wait; cat said*")
        #expect(!result.output.contains("failed"), "\(result)")
        #expect(try await site.run("secret", "status", "--json").output.split(separator: "\n").count == 7)
    }

    @Test("a descriptor that the program was not given is no place of the master key, though the program has it open by then")
    func strangeDescriptor() async throws {
        let site = try Installation(gateway: "secrets: { master-key: \"fd:3\" }\n")
        let without = try await site.bash("'\(Program.path)' secret add acme/oauth --policies policies 3<&-")
        #expect(without.status == 1 && without.messages.contains("3<FILE"), "\(without)")
        let with = try await site.bash("openssl rand 32 >key; '\(Program.path)' secret add acme/oauth --policies policies 3<key")
        #expect(with.status == 0, "\(with)")
    }

    @Test("what ends next is in the metrics within a second of a change")
    func calendar() async throws {
        let site = try Installation()
        try await site.addSecret()
        try await site.start()
        let key = #"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","exp":4102444800}"#
        let started = ContinuousClock.now
        #expect(try await site.run("secret", "add", "acme/key", "--value-file", "-", input: key).status == 0)
        #expect(try await becomesTrue { try await site.metrics().contains("gatehouse_key_expiry_seconds{credential=\"acme/key\"") })
        #expect(ContinuousClock.now - started < .seconds(20))
    }
}
