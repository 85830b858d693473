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
        var (oldest, last) = ("", "")
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
                if number == 0 { oldest = last }
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
        let reader = try AuditReader(policies: site.policies)
        let gone = try #require(Reference(oldest))
        let deleted = try #require(try reader.deletion(of: gone))
        #expect(deleted.contains("were deleted at 20") && deleted.contains("says so"), "\(deleted)")
        #expect(try ExplainCommands(policies: site.policies).explain(gone) == nil)
        // One whose record is still there.
        let reference = try #require(Reference(last))
        #expect(try reader.deletion(of: reference) == nil)
        let late = try commands.checkpoint()
        #expect(try commands.verify(against: [late]).isGood)
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
        // An anchor that another key signed, and one whose signature is not its own.
        let other = try TestSite()
        try other.acme(to: "file:../../events")
        try await serving(other) { _ in }
        let stranger = try AuditCommands(policies: other.policies).key()
        #expect(try AuditCommands.verify(directory: copy, against: [], key: stranger).problem?.code == .anchor)
        let anchor = String(decoding: site.folder.read("copy/anchor"), as: UTF8.self)
        let signature = try #require(anchor.lastIndex(of: " "))
        var forged = anchor
        let digit = forged.index(signature, offsetBy: 30)
        forged.replaceSubrange(digit...digit, with: forged[digit] == "A" ? "B" : "A")
        try site.folder.write("copy/anchor", forged)
        let broken = try AuditCommands.verify(directory: copy, against: [], key: commands.key())
        #expect(broken.problem?.code == .anchor && broken.problem?.message.contains("is not signed by") == true)
        // Without a key nobody's signature is looked at, and the result says so.
        let unchecked = try AuditCommands.verify(directory: copy, against: [], key: nil)
        #expect(unchecked.isGood && !unchecked.signaturesChecked)
        try FileManager.default.removeItem(atPath: copy + "/anchor")
        let missing = try AuditCommands.verify(directory: copy, against: [], key: nil)
        #expect(missing.problem?.code == .anchor && missing.problem?.message.contains("\(copy)/anchor") == true)
        let again = try await LiveGateway.start(site)
        #expect(try await again.send(sender.request(id: "after", "{}")).status == 200)
        try await again.stop()
        #expect(try commands.verify().isGood)
    }
}
