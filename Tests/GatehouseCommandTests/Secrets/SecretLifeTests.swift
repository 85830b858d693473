import Foundation
import Testing

/// One JSON object of a command's answer.
private func object(_ text: String) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
}

@Suite("The life of a secret, by its commands", .serialized)
struct SecretLifeTests {
    /// Sends one event signed with the secret in `file`; the status.
    private func send(_ site: Installation, _ file: String) async throws -> String {
        let result = try await site.run(
            "send", "https://localhost:\(site.port)/hooks/acme", "--scheme", "standard-webhooks", "--secret-file", site[file], "--data",
            site["event"],
            "--ca", site["ca.pem"])
        return result.status == 0 ? "accepted" : "refused"
    }

    private func versions(_ site: Installation) async throws -> [[String: Any]] {
        let result = try await site.run("secret", "status", "acme/signing", "--json")
        return try #require(try object(result.output)["versions"] as? [[String: Any]])
    }

    private func site() async throws -> Installation {
        let site = try Installation()
        try site.write("event", "{\"type\":\"order.created\"}")
        try await site.addSecret()
        return site
    }

    @Test("a running gateway takes old and new in the overlap, counts both, and says when the old one can go")
    func rotation() async throws {
        let site = try await site()
        try await site.start()
        #expect(try await send(site, "secret") == "accepted")
        let rotated = try await site.run("secret", "rotate", "acme/signing", "--overlap", "1h", "--json")
        let answer = try object(rotated.output)
        try site.write("new", try #require(answer["secret"] as? String), mode: 0o600)
        #expect(answer["version"] as? Int == 2)
        #expect(try await send(site, "secret") == "accepted")
        #expect(try await send(site, "new") == "accepted")
        let status = try await versions(site)
        #expect(status.map { $0["uses"] as? Int } == [1, 2])
        #expect(status.map { $0["state"] as? String } == ["active", "retiring"])
        let retired = try await site.run("secret", "retire", "acme/signing", "1")
        #expect(retired.status == 1 && retired.messages.contains("in use") && retired.messages.contains("127.0.0.1"))
        #expect(try await site.run("secret", "retire", "acme/signing", "1", "--force").status == 0)
        #expect(try await send(site, "secret") == "refused")
        #expect(try await site.stop() == 0)
        let records = try site.records()
        #expect(records.contains { $0["reason"] as? String == "signed-with-retired" && $0["answer"] as? Int == 401 })
        let admin = records.filter { $0["kind"] as? String == "admin" }
        #expect(admin.map { $0["result"] as? String } == ["ok", "ok", "in-use", "ok"])
        #expect(admin.allSatisfy { $0["uid"] != nil })
        let ended = try await versions(site).last
        #expect(ended?["state"] as? String == "retired" && ended?["verdict"] is NSNull)
        // Exact after a clean stop, on the state of a stopped gateway.
        #expect(try await versions(site).map { $0["uses"] as? Int } == [1, 2])
    }

    @Test("what a version is worth is said alike by its status, the calendar and retire")
    func verdicts() async throws {
        let site = try Installation(gateway: "secrets: { quiet: 100ms }\n")
        try site.write("event", "{\"type\":\"order.created\"}")
        let added = try await site.run("secret", "add", "acme/signing", "--value-file", site["secret"], "--json")
        #expect(try object(added.output)["secret"] is NSNull)
        try await site.start()
        #expect(try await send(site, "secret") == "accepted")
        let alone = try await site.run("secret", "retire", "acme/signing", "1")
        #expect(alone.status == 1 && alone.messages.contains("in use"))
        let rotated = try await site.run("secret", "rotate", "acme/signing", "--overlap", "1h", "--json")
        try site.write("new", try #require(try object(rotated.output)["secret"] as? String), mode: 0o600)
        #expect(try await site.run("secret", "retire", "acme/signing", "1").status == 1)
        #expect(try await site.run("secret", "retire", "acme/signing", "2").messages.contains("no other version"))
        #expect(try await send(site, "new") == "accepted")
        #expect(try await becomesTrue { try await versions(site).last?["verdict"] as? String == "safe-to-retire" })
        let expiring = try await site.run("secret", "status", "--expiring", "--json").output
        let calendar = try expiring.split(separator: "\n").map { try object(String($0)) }
        #expect(calendar.first { $0["what"] as? String == "overlap" }?["verdict"] as? String == "safe-to-retire")
        #expect(try await site.run("secret", "retire", "acme/signing", "1").status == 0)
        let revoked = try await site.run("secret", "revoke", "acme/signing")
        #expect(revoked.status == 0 && revoked.messages.contains("version 2 is no longer accepted"), "\(revoked.messages)")
    }

    @Test("an overlap that ends while the gateway is stopped has ended")
    func overlapWhileStopped() async throws {
        let site = try await site()
        _ = try await site.run("secret", "rotate", "acme/signing", "--overlap", "500ms")
        #expect(try await becomesTrue { try await versions(site).last?["state"] as? String == "retired" })
        try await site.start()
        #expect(try await send(site, "secret") == "refused")
    }

    @Test("with keep-retired: 0s the value goes with its overlap, and what was signed with it is a mismatch again, seconds later")
    func keptNotAtAll() async throws {
        let site = try Installation(gateway: "secrets: { keep-retired: 0s }\n")
        try site.write("event", "{\"type\":\"order.created\"}")
        try await site.addSecret()
        try await site.start()
        // Ends behind what is done at the start, and long before what is done a minute later.
        #expect(try await site.run("secret", "rotate", "acme/signing", "--overlap", "2s").status == 0)
        let rotated = ContinuousClock.now
        #expect(
            try await becomesTrue {
                _ = try await send(site, "secret")
                return try site.records().last { $0["kind"] as? String == "decision" }?["reason"] as? String == "signature-mismatch"
            })
        #expect(ContinuousClock.now - rotated < .seconds(20))
    }

    @Test("what is wrong with a value is said, with what was expected")
    func input() async throws {
        let site = try await site()
        let key = try await site.bash("openssl genpkey -algorithm ed25519 2>/dev/null").output
        let cases: [(String, String, String)] = [
            ("acme/basic", "no colon at all", "expected acme:PASSWORD"), ("acme/basic", "acme:short", "at least 12"),
            ("acme/oauth", "short", "at least 12"), ("acme/key", key, "private key"), ("acme/key", "no key", "expected a public key"),
            ("acme/certificate", "no subject", "expected a subject"), ("acme/certificate", site.read("ca.pem"), "not the file itself"),
            ("other/signing", site.read("ca.pem"), "certificate"), ("other/signing", "short", "at least 12"),
            ("other/signing", "", "empty"),
            ("other/signing", String(repeating: "x", count: 9_000), "at most"),
            ("other/signing", Installation.secret, "acme/signing already"),
        ]
        for (credential, value, expected) in cases {
            let result = try await site.run("secret", "add", credential, "--value-file", "-", input: value)
            #expect(result.status == 1 && result.messages.contains(expected), "\(credential): \(result.messages)")
            #expect(value.count < 4 || !result.messages.contains(value))
        }
        #expect(try await site.run("secret", "add", "acme/signing").messages.contains("secret rotate"))
        #expect(try await site.run("secret", "add", "acme/oauth", "--value-file", "-", input: "the very same value").status == 0)
        let shared = try await site.run("secret", "add", "other/oauth", "--value-file", "-", input: "the very same value")
        #expect(shared.status == 1 && shared.messages.contains("acme/oauth already"))
    }

    @Test("the master key is replaced while the gateway runs, and a backup of that moment restores to a gateway that waits")
    func masterKeyAndBackup() async throws {
        let site = try await site()
        try await site.start()
        #expect(try await send(site, "secret") == "accepted")
        let before = try Data(contentsOf: URL(fileURLWithPath: site["state/master.key"]))
        #expect(try await site.run("master-key", "rotate").status == 0)
        #expect(try Data(contentsOf: URL(fileURLWithPath: site["state/master.key"])) != before)
        #expect(try await send(site, "secret") == "accepted")
        let backup = try await site.run("state", "backup", site["backup"], "--json")
        #expect(backup.status == 0, "\(backup.messages)")
        #expect(try await site.run("state", "backup", site["backup"]).status == 1)
        #expect(try await site.stop() == 0)
        try FileManager.default.moveItem(atPath: site["state"], toPath: site["lost"])
        #expect(try await site.run("state", "restore", site["backup"]).status == 1)
        for command in ["backup", "restore"] {
            let stream = try await site.run("state", command, "-")
            #expect(stream.status == 64 && stream.messages.contains("./-"), "\(stream)")
        }
        _ = try await site.bash("chmod 640 lost/master.key")
        let restored = try await site.run("state", "restore", site["backup"], "--key-file", site["lost/master.key"])
        #expect(restored.status == 0 && restored.messages.contains("has mode 0640"), "\(restored.messages)")
        #expect(try await site.run("audit", "verify").status == 0)
        try await site.start()
        #expect(try await send(site, "secret") == "refused")
        let records = try site.records()
        #expect(records.contains { $0["action"] as? String == "restored" && $0["kind"] as? String == "system" })
        #expect(records.last { $0["kind"] as? String == "decision" }?["answer"] as? Int == 503)
        let refused = try #require(records.last { $0["kind"] as? String == "decision" })
        #expect(refused["reason"] as? String == "unavailable")
        #expect((refused["detail"] as? String)?.contains("refused until") == true)
        // What refuses still answers, with a time: a load balancer is to leave it in.
        #expect(try await site.health().status == "200")
        #expect(try await site.metrics().contains(#/gatehouse_restored_wait_seconds [1-9]/#))
        let reference = try #require(refused["reference"] as? String)
        let explained = try await site.run("explain", reference)
        #expect(explained.output.contains("restored from a backup") && explained.output.contains("refused until"), "\(explained)")
    }

    @Test("a backup made while secrets are rotated is of one moment: its newest version is the last that its log tells of")
    func backupUnderWay() async throws {
        let site = try await site()
        try await site.start()
        let command = "'\(Program.path)' secret rotate acme/signing --overlap 0 --policies policies >/dev/null 2>&1"
        let rotations = try RunningProgram(["-c", "while [ ! -e enough ]; do \(command); done"], in: site.place, executable: "/bin/bash")
        try #require(try await becomesTrue { try await versions(site).count > 3 })
        var counts: [Int] = []
        for number in 0..<3 {
            let backup = try await site.run("state", "backup", site["backup\(number)"], "--json")
            counts.append(try #require(try object(backup.output)["records"] as? Int))
        }
        try site.write("enough", "")
        #expect(try await rotations.end() == 0)
        #expect(try await site.stop() == 0)
        try FileManager.default.moveItem(atPath: site["state"], toPath: site["lost"])
        for (number, count) in counts.enumerated() {
            let restored = try await site.run("state", "restore", site["backup\(number)"], "--key-file", site["lost/master.key"], "--json")
            #expect(try object(restored.output)["records"] as? Int == count, "\(restored)")
            let records = try site.records()
            #expect(records.firstIndex { $0["action"] as? String == "restored" } == count)
            let last = records.last { $0["command"] as? String == "secret rotate" }?["version"] as? Int
            #expect(try await versions(site).compactMap { $0["version"] as? Int }.max() == last)
            #expect(try await site.run("audit", "verify").status == 0)
            try FileManager.default.removeItem(atPath: site["state"])
        }
    }

    @Test("what killed commands and backups left in the state is gone after the next start")
    func leftovers() async throws {
        let site = try await site()
        let own = "value-\(getpid())-" + String(repeating: "a", count: 32)
        // No process has this number: it is above the highest that Linux gives.
        let left = [
            "value-4194305-" + String(repeating: "b", count: 32), "backup-4194305-aa.db", "backup-4194305-aa.sealed",
            "backup-4194305-aa.sealed.part",
        ]
        let made = try await site.bash("cd state && mkfifo \(own) \(left[0]) && touch \(left.dropFirst().joined(separator: " "))")
        try #require(made.status == 0, "\(made)")
        try await site.start()
        for name in left { #expect(!FileManager.default.fileExists(atPath: site["state/\(name)"]), "\(name)") }
        #expect(FileManager.default.fileExists(atPath: site["state/\(own)"]))
    }

    @Test(
        "a value that was revoked, or rotated away without overlap, is in no file of the state (SEC-69)", arguments: ["revoke", "rotate"])
    func destroyed(by command: String) async throws {
        let site = try await site()
        try await site.start()
        #expect(try await send(site, "secret") == "accepted")
        let sealed = try await site.bash("sqlite3 '\(site["state/gatehouse.db"])' 'SELECT hex(sealed) FROM credential' 2>/dev/null || true")
            .output
        let result =
            command == "revoke"
            ? try await site.run("secret", "revoke", "acme/signing", "1")
            : try await site.run("secret", "rotate", "acme/signing", "--overlap", "0")
        #expect(result.status == 0)
        #expect(try await send(site, "secret") == "refused")
        let bytes = Data(sealed.trimmingCharacters(in: .whitespacesAndNewlines).hexBytes)
        for name in ["gatehouse.db", "gatehouse.db-wal"] where bytes.count > 28 {
            let file = (try? Data(contentsOf: URL(fileURLWithPath: site["state/\(name)"]))) ?? Data()
            #expect(file.range(of: bytes) == nil && file.range(of: bytes.dropFirst(12).prefix(16)) == nil)
        }
        let wal = try FileManager.default.attributesOfItem(atPath: site["state/gatehouse.db-wal"])[.size] as? Int ?? 0
        // Truncated, and since then only what a second's progress takes.
        #expect(wal < 64 * 1024)
    }
}

extension String {
    fileprivate var hexBytes: [UInt8] {
        stride(from: 0, to: utf8.count - 1, by: 2).compactMap { offset in
            UInt8(self[index(startIndex, offsetBy: offset)..<index(startIndex, offsetBy: offset + 2)], radix: 16)
        }
    }
}
