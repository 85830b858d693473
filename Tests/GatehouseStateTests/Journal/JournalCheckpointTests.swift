import GatehouseAudit
import GatehouseCrypto
import GatehouseTime
import Testing

@testable import GatehouseState

@Suite("Checkpoints of a journal")
struct JournalCheckpointTests {
    private let signer: CheckpointSigner

    init() throws { signer = try CheckpointSigner(origin: "gatehouse/n", seed: Secret(Array(1...32))) }

    private func open(_ disk: JournalDisk, _ kept: (head: ChainHead, tree: MerkleFrontier)? = nil) throws -> Journal {
        try Journal.open(
            storage: disk, node: "n", expected: kept?.head, tree: kept?.tree, options: JournalOptions(segmentBytes: 100_000, signer: signer)
        ).0
    }

    private func checkpoints(_ disk: JournalDisk) throws -> [(record: UInt64, checkpoint: SignedCheckpoint)] {
        var found: [(UInt64, SignedCheckpoint)] = []
        try AuditLog(storage: disk).review(RecordFilter(everyKind: true)) { line, _ in
            if let record = LogRecord(line: line.bytes), record.action == "checkpoint",
                let signed = record.value["details"]?["note"]?.string.flatMap({ SignedCheckpoint($0) })
            {
                found.append((line.sequence, signed))
            }
            return true
        }
        return found
    }

    @Test("a checkpoint stands in the log after each thousand records and at close, and each is right")
    func regular() throws {
        let disk = JournalDisk()
        let journal = try open(disk)
        for batch in 0..<25 {
            journal.submit((1...100).map { journalEntry(batch * 100 + $0) })
            try journal.recordAndWait(SystemRecord(.reload).members, at: journalStart)
        }
        journal.close()
        let found = try checkpoints(disk)
        #expect(found.count == 3)
        for (record, signed) in found {
            #expect(signed.checkpoint.size == record - 1)
            #expect(signed.isSigned(by: signer.key))
            #expect(try AuditLog(storage: disk).root(of: signed.checkpoint.size) == signed.checkpoint.root)
        }
        let outcome = try AuditLog(storage: disk).verify(
            synced: journal.head, checkpoints: found.map(\.checkpoint.checkpoint), key: signer.key)
        #expect(outcome.isGood && outcome.checkpoints == 3)
    }

    @Test("one is made when it is asked for, and the same again while nothing is added")
    func asked() throws {
        let disk = JournalDisk()
        let journal = try open(disk)
        try journal.recordAndWait(SystemRecord(.start).members, at: journalStart)
        let first = try journal.checkpoint()
        #expect(first.checkpoint.size == 1)
        #expect(try journal.checkpoint() == first)
        try journal.recordAndWait(SystemRecord(.reload).members, at: journalStart)
        #expect(try journal.checkpoint().checkpoint.size == 3)
        journal.close()
        #expect(try checkpoints(disk).count == 2)
    }

    @Test("a restart goes on with the tree it kept, and without it reads the log again")
    func restart() throws {
        let disk = JournalDisk()
        var journal = try open(disk)
        journal.submit((1...300).map { journalEntry($0) })
        try journal.recordAndWait(SystemRecord(.reload).members, at: journalStart)
        journal.close()
        let kept = journal.progress
        #expect(kept.tree.size == kept.head.sequence)
        journal = try open(disk, kept)
        #expect(journal.progress == kept)
        try journal.recordAndWait(SystemRecord(.start).members, at: journalStart)
        let signed = try journal.checkpoint()
        journal.close()
        #expect(try AuditLog(storage: disk).root(of: signed.checkpoint.size) == signed.checkpoint.root)
        let again = try Journal.open(storage: disk, node: "n", expected: journal.head, tree: nil).0
        #expect(again.progress == journal.progress)
        again.close()
    }

    @Test("five hundred torn tails are cut off without an alarm (SEC-79)")
    func tornTails() throws {
        var random = SystemRandomNumberGenerator()
        let disk = JournalDisk()
        var journal = try open(disk)
        var kept = journal.progress
        for round in 0..<500 {
            journal.submit((1...3).map { journalEntry(round * 3 + $0) })
            try journal.recordAndWait(SystemRecord(.reload).members, at: journalStart)
            if round % 2 == 0 { kept = journal.progress }
            journal.close()
            // What a crash leaves of a batch that nobody was told of.
            disk.tear(Int.random(in: 0..<300, using: &random), noise: Int.random(in: 0..<3, using: &random) == 0)
            if kept.head.sequence > 0 {
                let outcome = try AuditLog(storage: disk).verify(synced: kept.head, key: signer.key)
                try #require(outcome.isGood, "round \(round): \(String(describing: outcome.problem))")
            }
            journal = try open(disk, kept)
        }
        journal.close()
        #expect(try AuditLog(storage: disk).verify(synced: journal.head, key: signer.key).isGood)
    }
}

extension JournalDisk {
    /// Half a record at the end, and with `noise` a page that was never written.
    fileprivate func tear(_ count: Int, noise: Bool) {
        let tail = Array(bytes.prefix(count)) + (noise ? [UInt8](repeating: 0, count: 100) + [0x0a] : [])
        with { contents in
            guard let name = contents.files.keys.max() else { return }
            contents.files[name]?.current += tail
            contents.files[name]?.durable += tail
        }
    }
}
