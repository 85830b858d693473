import Foundation
import Testing

extension Operations {
    @Suite("A full disk", .enabled(if: geteuid() == 0, "only root can mount a small disk"))
    struct FullDiskTests {
        @Test(
            "stops or not as audit.on-failure says, readiness says so, and room again is enough to go on (SEC-75)",
            arguments: ["refuse", "allow"])
        func fullDisk(_ mode: String) async throws {
            let gateway = try Installation(gateway: "audit: { reserve: 4MiB, on-failure: \(mode) }", state: "../disk/state")
            let mounted = try await gateway.bash("mkdir disk && mount -t tmpfs -o size=16m,mode=755 gatehouse-test disk")
            guard mounted.status == 0 else { return }
            do {
                try await fill(gateway, mode)
            } catch {
                _ = try await gateway.bash("umount -l disk")
                throw error
            }
            let unmounted = try await gateway.bash("umount -l disk")
            #expect(unmounted.status == 0)
        }

        @Test(
            "is named where a start or a command cannot write the state, an old one or a new one (SEC-75)", arguments: ["state", "fresh"])
        func named(_ state: String) async throws {
            let gateway = try Installation(state: "../disk/state")
            let mounted = try await gateway.bash("mkdir disk && mount -t tmpfs -o size=6m,mode=700 gatehouse-test disk")
            guard mounted.status == 0 else { return }
            do {
                try await gateway.addSecret()
                try gateway.replace(in: "policies/gateway.yaml", "../disk/state", "../disk/\(state)")
                _ = try await gateway.bash("cat /dev/zero > disk/filling")
                for command in ["serve", "secret add acme/basic --value-file secret"] {
                    let result = try await gateway.bash("timeout 60 '\(Program.path)' \(command) --policies policies")
                    #expect(result.status == 1 && result.messages.contains("file system is full (0 KiB are free): make room"), "\(result)")
                }
            } catch {
                _ = try await gateway.bash("umount -l disk")
                throw error
            }
            let unmounted = try await gateway.bash("umount -l disk")
            #expect(unmounted.status == 0)
        }

        private func fill(_ gateway: Installation, _ mode: String) async throws {
            try await gateway.addSecret()
            try await gateway.start()
            let before = try await Load(gateway, ["--count", "20", "--accepted", gateway["accepted"]]).report()
            #expect(before.answers == ["200": 20], "\(before)")
            _ = try await gateway.bash("cat /dev/zero > disk/filling")
            // The space is looked at once a second; by then a record has met the full disk.
            try #require(
                await becomesTrue {
                    _ = try await Load(gateway, ["--count", "1"]).report()
                    return try await gateway.health().status == "503"
                })
            let reason = try await gateway.health().text
            #expect(reason.contains("audit journal fails"), "\(reason)")
            let handled = gateway.read("events.jsonl").split(separator: "\n").count
            let full = try await Load(gateway, ["--count", "10"]).report()
            let taken = gateway.read("events.jsonl").split(separator: "\n").count - handled
            if mode == "allow" {
                #expect(full.answers == ["200": 10] && taken == 10, "\(full)")
                let counted = try await gateway.bash(
                    "curl -s http://127.0.0.1:\(gateway.admin)/metrics | grep ^gatehouse_journal_unrecorded_total")
                #expect(Int(counted.output.split(separator: " ").last?.dropLast() ?? "") ?? 0 >= 10, "\(counted)")
            } else {
                #expect(full.answers == ["503": 10] && taken == 0, "\(full)")
                let answer = try await gateway.bash(gateway.send())
                #expect(answer.output.hasPrefix("HTTP/1.1 503") && answer.output.contains("Retry-After: "), "\(answer)")
            }
            let status = try await gateway.run("status")
            #expect(status.status == 1)

            _ = try await gateway.bash("rm disk/filling")
            #expect(try await becomesTrue { try await gateway.health().status == "200" })
            let after = try await Load(gateway, ["--count", "20", "--accepted", gateway["accepted"]]).report()
            #expect(after.answers == ["200": 20], "\(after)")
            let again = try await Load(gateway, ["--again", gateway["accepted"]]).report()
            #expect(again.answers == ["200": 40], "\(again)")
            let decisions = try gateway.records("disk/state/audit").suffix(40).compactMap { $0["decision"] as? String }
            #expect(Set(decisions) == ["duplicate"])
            let verified = try await gateway.run("audit", "verify")
            #expect(verified.status == 0, "\(verified)")
            let ended = try await gateway.stop()
            #expect(ended == 0)
        }
    }
}
