import Foundation
import Gatehouse
import GatehouseAudit
import GatehouseTesting
import GatehouseTime
import Testing

@Suite("Retention of a gateway's log", .serialized)
struct GatewayRetentionTests {
    @Test("a gateway cuts its log, goes on, restarts, proves and reviews what remains, and knows what it accepted")
    func trimmed() async throws {
        let site = try TestSite()
        try site.configure(gateway: "audit: { keep: 2s, segment: 64KiB }")
        try site.acme(to: "file:../../events")
        let sender = try site.acmeSender()
        let commands = try AuditCommands(policies: site.policies)
        var first: RawRequest?
        var last = ""
        var early: SignedCheckpoint?
        try await serving(site) { gateway in
            let connection = try await gateway.connect()
            for number in 0..<400 {
                let request = try sender.request(id: "msg_\(number)", "{}")
                first = first ?? request
                connection.post(request.bytes)
                let answer = try await connection.answer()
                #expect(answer.status == 200)
                last = answer.reference ?? ""
                if number == 10 { early = try commands.checkpoint() }
            }
            await connection.close()
        }
        let segments = site.folder.names(in: "var/audit").filter { $0.hasSuffix(".jsonl") }
        #expect(segments.count > 2)
        try await Task.sleep(for: .seconds(2))
        let gateway = try await LiveGateway.start(site)
        #expect(await eventually { !site.folder.names(in: "var/audit").contains(segments[0]) })
        #expect(await eventually { site.folder.names(in: "var/audit").filter { $0.hasSuffix(".jsonl") }.count <= 2 })
        #expect(site.folder.names(in: "var/audit").contains("anchor"))
        let whole = try commands.verify()
        #expect(whole.isGood && whole.first > 1)
        let old = try commands.verify(against: [try #require(early)])
        #expect(old.isGood && old.uncompared == 1)
        #expect(try commands.deletion() == "older records were deleted; the log begins with \(whole.first)")
        let late = try commands.checkpoint()
        #expect(try commands.verify(against: [late]).isGood)
        let reference = try #require(Reference(last))
        let proof = try #require(try commands.prove(reference))
        var line: [UInt8] = []
        try AuditReader(policies: site.policies).review(RecordFilter(reference: reference)) { record, _ in
            line = Array(record.bytes)
            return true
        }
        #expect(proof.problem(record: line) == nil)
        #expect(try proof.checkpoint.isSigned(by: commands.key()))
        #expect(throws: (any Error).self) { try commands.checkpoint(against: [try #require(early)]) }
        #expect(try ExplainCommands(policies: site.policies).explain(reference)?.reason == "ok")
        var said: [String] = []
        try AuditReader(policies: site.policies).review(RecordFilter(everyKind: true)) { record, _ in
            if record.text("action")?.elementsEqual("retention".utf8) == true { said.append(String(decoding: record.bytes, as: UTF8.self)) }
            return true
        }
        #expect(said.first?.contains("\"first\":1,") == true)
        // The first event's record is gone, and it is known all the same.
        #expect(try await gateway.send(try #require(first)).status == 200)
        #expect(try site.decisions().last?.decision == "duplicate")
        try await gateway.stop()
        #expect(try commands.verify().isGood)
        let copy = site.folder("copy")
        try FileManager.default.copyItem(atPath: site.folder("var/audit"), toPath: copy)
        #expect(try AuditCommands.verify(directory: copy, against: [late], key: commands.key()).isGood)
        try FileManager.default.removeItem(atPath: copy + "/anchor")
        let missing = try AuditCommands.verify(directory: copy, against: [], key: nil)
        #expect(missing.problem?.code == .anchor && missing.problem?.message.contains("\(copy)/anchor") == true)
        let again = try await LiveGateway.start(site)
        #expect(try await again.send(sender.request(id: "after", "{}")).status == 200)
        try await again.stop()
        #expect(try commands.verify().isGood)
    }
}
