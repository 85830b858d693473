import Foundation
import Testing

extension Operations {
    @Suite("A start that is refused")
    struct StateRefusalTests {
        /// What is broken before the start, and what the message must hold.
        struct Case: Sendable, CustomTestStringConvertible {
            var name: String
            var breaking: String
            var message: [String]
            /// `serve` runs as the user nobody, to whom the folder belongs.
            var asNobody = false
            var testDescription: String { name }
        }

        static let cases = [
            Case(
                name: "the parent of the state is missing", breaking: "sed -i 's#^state:.*#state: ../a/b#' policies/gateway.yaml",
                message: ["mkdir -p", "/a'"]),
            Case(name: "the state is a file", breaking: "mv state away; touch state", message: ["is no directory", "`state`"]),
            Case(name: "others can reach the state", breaking: "chmod 750 state", message: ["0750", "chmod 700"]),
            Case(name: "others can read the master key", breaking: "chmod 640 state/master.key", message: ["0640", "chmod 600"]),
            Case(
                name: "the master key is another's", breaking: "head -c 32 /dev/urandom > state/master.key",
                message: ["not the key that sealed", "backup"]),
            Case(name: "the master key is missing", breaking: "rm state/master.key", message: ["is missing", "backup"]),
            Case(name: "the master key is empty", breaking: ": > state/master.key", message: ["no master key", "0 bytes"]),
            Case(name: "the database is missing", breaking: "rm state/gatehouse.db", message: ["is missing", "backup"]),
            Case(
                name: "the database is something else", breaking: "head -c 9000 /dev/urandom > state/gatehouse.db",
                message: ["gatehouse.db", "backup"]),
            Case(
                name: "the key is not the certificate's", breaking: "cp other.key server.key",
                message: ["is not the key of", "replace both"]),
            Case(name: "others can read the key", breaking: "chmod 644 server.key", message: ["chmod 600"]),
            Case(name: "the certificate is something else", breaking: "echo x > server.pem", message: ["server.pem", "certificate"]),
            Case(name: "the key is something else", breaking: "echo x > server.key", message: ["server.key", "private key"]),
            Case(name: "the certificate is missing", breaking: "rm server.pem", message: ["gateway.yaml:3:", "does not exist"]),
            Case(name: "the policy is broken", breaking: "echo 'limits: { body: 0 }' >> policies/gateway.yaml", message: ["gateway.yaml:"]),
            Case(
                name: "the last records are gone", breaking: "f=$(ls state/audit/*.jsonl); sed -i '$d' $f",
                message: ["audit verify", "does not start"]),
            Case(name: "the state belongs to somebody else", breaking: "chown 65534 state", message: ["chown"]),
            Case(name: "the state cannot be written", breaking: "chmod 500 state", message: ["gatehouse.db", "chmod 700"], asNobody: true),
            Case(
                name: "a new state cannot be written", breaking: "rm -r state; mkdir -m 500 state; chown 65534 state",
                message: ["cannot open", "chmod 700"], asNobody: true),
            Case(
                name: "the state cannot be made",
                breaking: "mkdir -m 555 closed; sed -i 's#^state:.*#state: ../closed/state#' policies/gateway.yaml",
                message: ["cannot create", "install -d -m 700"], asNobody: true),
        ]

        @Test("says what to do and changes nothing", arguments: cases)
        func refusals(_ item: Case) async throws {
            let isRoot = geteuid() == 0
            guard isRoot || (!item.asNobody && !item.breaking.contains("chown")) else { return }
            let gateway = try Installation()
            try gateway.issue("other")
            try await gateway.addSecret()
            let prepared = try await gateway.bash((item.asNobody ? "chmod 755 . && chown -R 65534 . && " : "") + item.breaking)
            try #require(prepared.status == 0, "\(prepared)")
            let before = try await gateway.bash(Self.listing)
            let command = "'\(Program.path)' serve --policies policies"
            let user = item.asNobody ? "setpriv --reuid=65534 --regid=65534 --clear-groups " : ""
            let result = try await gateway.bash("timeout 60 \(user)\(command)")
            #expect(result.status == 1, "\(result)")
            let said = Self.refusals(in: result.messages).joined(separator: "\n")
            for part in item.message { #expect(said.contains(part), "\(said)") }
            let after = try await gateway.bash(Self.listing)
            #expect(after.output == before.output)
        }

        /// The log is in JSON, and so is what ends the start, but for mistakes in the policy, which says so.
        private static func refusals(in messages: String) -> [String] {
            messages.split(separator: "\n").compactMap { line in
                guard line.hasPrefix("{") else { return String(line) }
                let members = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
                return members?["level"] as? String == "critical" ? members?["message"] as? String : nil
            }
        }

        @Test("is said in the form of the log, once the policy has told it", arguments: ["json", "text"])
        func form(_ form: String) async throws {
            let gateway = try Installation(gateway: "log: { format: \(form), level: critical }", state: "../none/state")
            let started = try await gateway.run("serve")
            let lines = started.messages.split(separator: "\n")
            #expect(started.status == 1 && lines.count == 1, "\(started)")
            #expect(started.messages.hasPrefix(form == "json" ? "{\"time\":\"" : "error: ") && started.messages.contains("mkdir -p"))
            try gateway.write("policies/senders/acme.yaml", "scops: [a]\n")
            let broken = try await gateway.run("serve")
            #expect(broken.status == 1 && broken.messages.hasPrefix("error: "), "\(broken)")
        }

        @Test("another user's command names the user that it can be run as", .enabled(if: geteuid() == 0, "only root can be another user"))
        func otherUser() async throws {
            let gateway = try Installation()
            try await gateway.addSecret()
            try await gateway.start()
            for command in ["status", "secret status"] {
                let result = try await gateway.bash(
                    "chmod 755 . && setpriv --reuid=65534 --regid=65534 --clear-groups '\(Program.path)' \(command) --policies policies")
                #expect(
                    result.status == 1 && result.messages.contains("Permission denied. Run this as the gateway's user, root"), "\(result)")
            }
        }

        /// Everything but the database, whose file SQLite may touch, the lock, which holds the last holder's number, and the replay memory's
        /// folder, which may be made empty.
        private static let listing = """
            find . -type f ! -name 'gatehouse.db*' ! -name lock ! -path '*/replay/*' -exec sha256sum {} + | sort -k2
            find . ! -name 'gatehouse.db-*' ! -path '*/replay*' -printf '%p %m %U\\n' | sort
            """

        @Test("a state that is in use, and ports that are taken, are named")
        func inUse() async throws {
            let gateway = try Installation()
            try await gateway.addSecret()
            let running = try await gateway.start()
            let second = try await gateway.bash("timeout 60 '\(Program.path)' serve --policies policies")
            #expect(second.status == 1)
            #expect(second.messages.contains("in use by process \(running.identifier)"), "\(second)")

            let other = try Installation()
            try await other.addSecret()
            let policy = other.read("policies/gateway.yaml")
            for (own, taken, setting) in [(other.port, gateway.port, "listen"), (other.admin, gateway.admin, "admin")] {
                try other.write("policies/gateway.yaml", policy.replacingOccurrences(of: "127.0.0.1:\(own)", with: "127.0.0.1:\(taken)"))
                let result = try await other.bash("timeout 60 '\(Program.path)' serve --policies policies")
                #expect(result.status == 1)
                #expect(result.messages.contains("127.0.0.1:\(taken): the port is taken by another program"), "\(result)")
                #expect(result.messages.contains("another port in `\(setting)`"))
            }
            try other.write("policies/gateway.yaml", policy)
            try await other.start()
            let status = try await other.stop()
            #expect(status == 0)
            // The first one never noticed.
            let load = try await Load(gateway, ["--count", "4"]).report()
            #expect(load.answers == ["200": 4], "\(load)")
        }
    }
}
