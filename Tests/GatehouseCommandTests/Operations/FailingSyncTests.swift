import Foundation
import Testing

extension Operations {
    @Suite(
        "A disk whose syncs fail",
        .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/cc"), "a C compiler makes the failure"))
    struct FailingSyncTests {
        @Test("answers 503 and calls no handler, and records afterwards what was answered meanwhile (SEC-73, SEC-76)")
        func refuse() async throws {
            let gateway = try await Self.gateway("refuse")
            let before = try await gateway.answer(id: "first")
            #expect(before.status == "200", "\(before)")

            try gateway.write("failing", "")
            // Its handler takes it before the sync fails.
            let taken = try await gateway.answer(id: "taken")
            #expect(taken.status == "503", "\(taken)")
            try #require(await becomesTrue { try await gateway.health().status == "503" })
            var meanwhile: [(status: String, reference: String)] = []
            for number in 1...3 { meanwhile.append(try await gateway.answer(id: "meanwhile-\(number)")) }
            meanwhile.append(try await gateway.answer(id: "wrong", secret: "00"))
            meanwhile.append(try await gateway.tokenAnswer())
            #expect(meanwhile.map(\.status) == ["503", "503", "503", "503", "503"])
            #expect(gateway.handled == ["first", "taken"])

            try FileManager.default.removeItem(atPath: gateway["failing"])
            try #require(await becomesTrue { try await gateway.health().status == "200" })
            // What the handler took is known, though its record came late.
            let again = try await gateway.answer(id: "taken")
            #expect(again.status == "200", "\(again)")
            let free = try await gateway.answer(id: "meanwhile-1")
            #expect(free.status == "200", "\(free)")
            #expect(gateway.handled == ["first", "taken", "meanwhile-1"])

            let records = try gateway.records()
            for answer in [before, taken] + meanwhile + [again, free] {
                let found = records.filter { $0["reference"] as? String == answer.reference }
                #expect(found.count == 1 && found.first?["answer"] as? Int == Int(answer.status), "\(answer): \(found)")
            }
            let late = records.first { $0["reference"] as? String == taken.reference }
            #expect(
                late?["decision"] as? String == "failed" && late?["reason"] as? String == "unavailable"
                    && late?["instead_of"] as? String == "accepted")
            let recovered = records.first { $0["action"] as? String == "journal-recovered" }?["details"] as? [String: Any]
            #expect(recovered?["recorded_late"] as? Int == 6 && recovered?["unrecorded"] as? Int == 0, "\(recovered ?? [:])")
            try await Self.end(gateway)
        }

        @Test("with `on-failure: allow` goes on, and records afterwards the answers that were really sent")
        func allow() async throws {
            let gateway = try await Self.gateway("allow")
            try gateway.write("failing", "")
            var answers: [(status: String, reference: String)] = []
            for number in 1...3 { answers.append(try await gateway.answer(id: "msg_\(number)")) }
            answers.append(try await gateway.answer(id: "wrong", secret: "00"))
            #expect(answers.map(\.status) == ["200", "200", "200", "401"])
            try FileManager.default.removeItem(atPath: gateway["failing"])
            try #require(await becomesTrue { try await gateway.health().status == "200" })
            let records = try gateway.records()
            for answer in answers {
                let found = records.filter { $0["reference"] as? String == answer.reference }
                #expect(
                    found.count == 1 && found.first?["answer"] as? Int == Int(answer.status) && found.first?["instead_of"] == nil,
                    "\(answer): \(found)")
            }
            #expect(try await gateway.answer(id: "msg_1").status == "200")
            #expect(gateway.handled == ["msg_1", "msg_2", "msg_3"])
            try await Self.end(gateway)
        }

        private static func gateway(_ mode: String) async throws -> Installation {
            let gateway = try Installation(gateway: "audit: { reserve: 1MiB, on-failure: \(mode) }")
            let made = try await gateway.bash("cc -shared -fPIC -o failing-sync.so '\(Load.tool("failing-sync.c"))' -ldl")
            try #require(made.status == 0, "\(made)")
            try await gateway.addSecret()
            try await gateway.start(environment: ["LD_PRELOAD": gateway["failing-sync.so"], "FAILING_SYNC": gateway["failing"]])
            return gateway
        }

        private static func end(_ gateway: Installation) async throws {
            let verified = try await gateway.run("audit", "verify")
            #expect(verified.status == 0, "\(verified)")
            #expect(try await gateway.stop() == 0)
            let stopped = try await gateway.run("audit", "verify")
            #expect(stopped.status == 0, "\(stopped)")
        }
    }
}

extension Installation {
    fileprivate func answer(id: String, secret: String? = nil) async throws -> (status: String, reference: String) {
        Self.answer(try await bash(send(id: id, key: secret)))
    }

    fileprivate func tokenAnswer() async throws -> (status: String, reference: String) {
        Self.answer(
            try await bash("curl -s -i -m 60 --cacert ca.pem -d grant_type=client_credentials https://localhost:\(port)/oauth/token"))
    }

    private static func answer(_ curl: Program.Result) -> (status: String, reference: String) {
        let lines = curl.output.split(whereSeparator: \.isNewline)
        let reference = lines.first { $0.lowercased().hasPrefix("gatehouse-reference: ") }?.dropFirst(21)
        return (String(lines.first?.split(separator: " ").dropFirst().first ?? ""), String(reference ?? ""))
    }

    /// The ids of the events that the handler got.
    fileprivate var handled: [String] {
        read("events.jsonl").split(separator: "\n").compactMap { line in
            let object = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
            return (object?["event"] as? [String: Any])?["id"] as? String
        }
    }
}
