import Foundation
import Testing

extension Operations {
    @Suite("Crashes and tampering")
    struct CrashTests {
        @Test("after kill -9 under load, five times, the log holds and every event that was answered 200 is known (SEC-63, SEC-79)")
        func kills() async throws {
            let gateway = try Installation()
            try await gateway.addSecret()
            var running = try await gateway.start()
            for round in 0..<5 {
                let load = try Load(gateway, ["--connections", "6", "--accepted", gateway["accepted"]])
                try #require(await load.proceeds(100))
                running.signal(SIGKILL)
                _ = try await running.end()
                let report = try await load.stop()
                #expect(Set(report.answers.keys) == ["200"], "\(report)")
                // A record that a crash cut off, every other time; the crash itself may leave one too.
                if round % 2 == 1 {
                    let torn = try await gateway.bash("printf '{\"seq\":99999,\"time\":\"20' >> $(ls state/audit/*.jsonl | tail -1)")
                    try #require(torn.status == 0)
                }
                running = try await gateway.start()
                if round % 2 == 1 { #expect(running.text.contains("torn tail")) }
                let verified = try await gateway.run("audit", "verify")
                #expect(verified.status == 0, "\(verified)")
            }
            let known = try gateway.records().count
            let again = try await Load(gateway, ["--again", gateway["accepted"]]).report()
            let sent = gateway.read("accepted").split(separator: "\n").count
            #expect(again.answers == ["200": sent], "\(again)")
            let decisions = try gateway.records().dropFirst(known).compactMap { $0["decision"] as? String }
            #expect(decisions.count == sent && Set(decisions) == ["duplicate"])
            let repairs = try gateway.records().filter { $0["action"] as? String == "journal-repaired" }
            #expect(repairs.count >= 2)
            let status = try await gateway.stop()
            #expect(status == 0)
        }

        @Test("audit verify finds what was changed, removed, inserted, reordered and cut off (SEC-77)")
        func tampering() async throws {
            let gateway = try Installation()
            try await gateway.addSecret()
            try await gateway.start()
            let load = try await Load(gateway, ["--count", "30"]).report()
            #expect(load.answers == ["200": 30])
            let status = try await gateway.stop()
            #expect(status == 0)
            let name = try #require(try FileManager.default.contentsOfDirectory(atPath: gateway["state/audit"]).first)
            let file = "state/audit/\(name)"
            let good = gateway.read(file)
            let lines = good.split(separator: "\n").map(String.init)
            var changed = lines
            changed[9] = changed[9].replacingOccurrences(of: "accepted", with: "rejected")
            var removed = lines
            removed.remove(at: 9)
            var inserted = lines
            inserted.insert(lines[8], at: 9)
            var reordered = lines
            reordered.swapAt(9, 10)
            let cases: [(String, [String], Int)] = [
                ("changed", changed, 10), ("removed", removed, 10), ("inserted", inserted, 10), ("reordered", reordered, 10),
                ("cut off", lines.dropLast(3), lines.count - 2), ("emptied", [], 1),
            ]
            for (what, bad, place) in cases {
                try gateway.write(file, bad.map { $0 + "\n" }.joined(), mode: 0o600)
                let result = try await gateway.run("audit", "verify", "--json")
                #expect(result.status == 1, "\(what): \(result)")
                #expect(result.output.contains("\"ok\":false,\"bad_record\":\(place),"), "\(what): \(result)")
            }
            try gateway.write(file, good, mode: 0o600)
            let result = try await gateway.run("audit", "verify", "--json")
            #expect(result.status == 0 && result.output.contains("{\"records\":\(lines.count),\"ok\":true"), "\(result)")
        }

        @Test("a log that cannot be read is exit status 2")
        func unreadable() async throws {
            let gateway = try Installation()
            let none = try await gateway.run("audit", "verify")
            #expect(none.status == 2, "\(none)")
            try await gateway.addSecret()
            let replaced = try await gateway.bash("f=$(ls state/audit/*.jsonl) && rm $f && mkdir $f")
            try #require(replaced.status == 0)
            let folder = try await gateway.run("audit", "verify")
            #expect(folder.status == 2 && folder.messages.contains("state/audit/"), "\(folder)")
        }
    }
}
