import Foundation
import Testing

extension Operations {
    @Suite("Watching a gateway")
    struct MonitoringTests {
        @Test("after traffic the metrics page parses, adds up and names the endpoint")
        func metrics() async throws {
            let gateway = try Installation()
            try await gateway.addSecret()
            try await gateway.start()
            let load = try await Load(gateway, ["--count", "25", "--accepted", gateway["accepted"]]).report()
            #expect(load.answers == ["200": 25])
            _ = try await Load(gateway, ["--again", gateway["accepted"]]).report()
            _ = try await gateway.bash("curl -s --cacert ca.pem -d x https://localhost:\(gateway.port)/hooks/acme")
            let page = try await gateway.bash("curl -s -f http://127.0.0.1:\(gateway.admin)/metrics | python3 '\(Load.tool("metrics.py"))'")
            #expect(page.status == 0, "\(page)")
            let values = try JSONDecoder().decode([String: Double].self, from: Data(page.output.utf8))
            func decisions(_ decision: String) -> Double {
                values.filter {
                    $0.key.hasPrefix("gatehouse_decisions_total{") && $0.key.contains("decision=\"\(decision)\"")
                        && $0.key.contains("endpoint=\"acme\"")
                }
                .values.reduce(0, +)
            }
            #expect(decisions("accepted") == 25 && decisions("duplicate") == 25 && decisions("rejected") == 1, "\(values)")
            #expect(values["gatehouse_journal_failing"] == 0)
            let (batches, syncs) = ("gatehouse_journal_batch_duration_seconds", "gatehouse_journal_sync_duration_seconds")
            #expect(values["\(batches)_count"] ?? 0 > 0 && values["\(batches)_sum"] ?? 0 > 0 && values["\(syncs)_count"] ?? 0 > 0)
            #expect(values["gatehouse_journal_sequence"] == Double(try gateway.records().count))
        }

        @Test(
            "every line of the log is JSON with time and level, decisions carry the reference of their answer, and no secret or body is in any (SEC-70)"
        )
        func logs() async throws {
            let gateway = try Installation(gateway: "log: { format: json, level: debug }")
            try await gateway.addSecret()
            for (kind, value) in [("basic", "acme:canary-password-7261"), ("oauth", "canary-oauth-7261-0123456789")] {
                let added = try await gateway.run("secret", "add", "acme/\(kind)", "--value-file", "-", input: value)
                #expect(added.status == 0, "\(added)")
            }
            try gateway.endpoint("both", authenticate: "[{ signature: standard-webhooks }, basic]", deliver: "file:../../both.jsonl")
            let running = try await gateway.start()
            _ = try await Load(gateway, ["--count", "5"]).report()
            let refused = try await gateway.bash(
                """
                curl -s -i --cacert ca.pem -u acme:canary-guess-7261 -H 'webhook-id: m1' -H "webhook-timestamp: $(date +%s)" -H 'webhook-signature: v1,Y2FuYXJ5LXNpZy03MjYx' \
                    -d '{"body":"canary-body-7261"}' "https://localhost:\(gateway.port)/hooks/both?token=canary-query-7261"
                """)
            #expect(refused.output.hasPrefix("HTTP/1.1 401"), "\(refused)")
            let reference = try #require(
                refused.output.split(separator: "\r\n").first { $0.hasPrefix("Gatehouse-Reference: ") }?.dropFirst(21))
            let metrics = try await gateway.metrics()
            let status = try await gateway.run("status", "--json")
            let listed = try await gateway.run("secret", "status")
            let ended = try await gateway.stop()
            #expect(ended == 0)

            let lines = running.text.split(separator: "\n")
            var found = false
            for line in lines {
                let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
                #expect(object?["time"] is String && object?["level"] is String && object?["message"] is String, "\(line)")
                if object?["message"] as? String == "rejected" { found = found || object?["reference"] as? String == String(reference) }
                if ["accepted", "rejected", "failed"].contains(object?["message"] as? String) {
                    #expect(object?["reference"] is String, "\(line)")
                }
            }
            #expect(found)
            let audit = try await gateway.bash("cat state/audit/*")
            // A refused record holds the signature that was received; nothing else that was sent, and none of it is anywhere else.
            for text in [running.text, metrics, status.output, listed.output, audit.output] {
                #expect(!text.contains("canary") && !text.contains(Installation.secret.dropFirst(6)))
            }
            for text in [running.text, metrics, status.output, listed.output] { #expect(!text.contains("Y2FuYXJ5")) }
        }

        @Test("the bytes of verified events are those handed over and those withheld, however often an event came")
        func bytes() async throws {
            let gateway = try Installation()
            try await gateway.addSecret()
            try await gateway.start()
            for (id, status) in [("msg_a", "200"), ("msg_a", "200"), ("msg_b", "200"), ("msg_a", "200")] {
                #expect(try await gateway.bash(gateway.send(id: id)).output.hasPrefix("HTTP/1.1 \(status)"))
            }
            let metrics = try await gateway.metrics()
            let bytes = 2 * "{\"type\":\"order.accepted\"}".utf8.count
            #expect(metrics.contains("\ngatehouse_verified_bytes_total \(2 * bytes)\n"))
            #expect(metrics.contains("\ngatehouse_handed_over_bytes_total \(bytes)\n"))
            #expect(metrics.contains("\ngatehouse_withheld_bytes_total \(bytes)\n"))
        }

        @Test("check says what is good and what is not, as text and as JSON")
        func check() async throws {
            let gateway = try Installation()
            let good = try await gateway.run("check", "--json")
            #expect(good.status == 0)
            let object = try JSONSerialization.jsonObject(with: Data(good.output.utf8)) as? [String: Any]
            #expect(object?["ok"] as? Bool == true && (object?["openssl"] as? String)?.hasPrefix("OpenSSL 3") == true)
            try gateway.replace(in: "policies/endpoints/acme.yaml", "senders: [acme]", "senders: [acme, nobody]\nnonsense: 1")
            let bad = try await gateway.run("check", "--json")
            #expect(bad.status == 1)
            let report = try JSONSerialization.jsonObject(with: Data(bad.output.utf8)) as? [String: Any]
            let errors = report?["errors"] as? [[String: Any]]
            #expect(
                errors?.count == 2
                    && errors?.allSatisfy { ($0["line"] as? Int ?? 0) > 0 && ($0["file"] as? String)?.hasSuffix("acme.yaml") == true }
                        == true,
                "\(bad)")
            let text = try await gateway.run("check")
            #expect(text.status == 1 && text.messages.contains("endpoints/acme.yaml:2:") && text.messages.contains("nobody"), "\(text)")
        }

        @Test("status shows what runs, and health needs no name in the request")
        func status() async throws {
            let gateway = try Installation()
            let running = try await gateway.start()
            let status = try await gateway.run("status", "--json")
            #expect(status.status == 0)
            let object = try #require(try JSONSerialization.jsonObject(with: Data(status.output.utf8)) as? [String: Any])
            #expect(object["pid"] as? Int == Int(running.identifier) && object["ready"] as? Bool == true)
            #expect(
                object["listeners"] as? [String] == ["127.0.0.1:\(gateway.port)"]
                    && object["admin"] as? String == "127.0.0.1:\(gateway.admin)")
            #expect((object["libraries"] as? [String: String])?["openssl"]?.hasPrefix("OpenSSL 3") == true)
            // As load balancers ask: by address, or in HTTP/1.0 without a Host.
            for options in ["-0 -H Host:", "-H 'Host: 192.0.2.1:9180'"] {
                let health = try await gateway.bash(
                    "curl -s -o /dev/null -w '%{http_code}' \(options) http://127.0.0.1:\(gateway.admin)/health/ready")
                #expect(health.output == "200", "\(options)")
            }
            let metrics = try await gateway.bash(
                "curl -s -o /dev/null -w '%{http_code}' -H 'Host: evil.example' http://127.0.0.1:\(gateway.admin)/metrics")
            #expect(metrics.output == "421")
        }
    }
}
