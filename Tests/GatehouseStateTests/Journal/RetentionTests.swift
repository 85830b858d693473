import GatehouseAudit
import GatehouseCrypto
import GatehouseTime
import Testing

@testable import GatehouseState

@Suite("Retention of a log")
struct RetentionTests {
    private let signer: CheckpointSigner
    /// Ten segments of 13 records each, one an hour, and one with the checkpoint that closing writes.
    private let written: JournalDisk
    private let progress: (head: ChainHead, tree: MerkleFrontier)

    init() throws {
        signer = try CheckpointSigner(origin: "gatehouse/n", seed: Secret(Array(1...32)))
        written = JournalDisk()
        let clock = JournalClock()
        let (journal, _) = try Journal.open(
            storage: written, node: "n", expected: nil, options: JournalOptions(segmentBytes: 4_000, signer: signer), clock: clock)
        for hour in 0..<10 {
            if hour > 0 { clock.advance(seconds: 3_600) }
            // In one batch, and so in one segment.
            var entries = (1...13).map { journalEntry(hour * 13 + $0, time: journalStart + .seconds(hour * 3_600)) }
            let done = Handover<Bool>()
            entries[12].completion = { outcome in done.put((try? outcome.get()) != nil) }
            journal.submit(entries)
            #expect(done.take())
        }
        journal.close()
        progress = journal.progress
    }

    private struct Stop: Error {}

    /// Everything older than that many hours before the last record may go.
    @discardableResult
    private func run(
        _ disk: JournalDisk, hours: Int, needed: UInt64? = nil, record: ((SystemRecord) throws -> Void)? = nil
    ) throws -> Retention.Outcome? {
        try Retention(storage: disk, signer: signer).run(
            keep: .seconds(hours * 3_600), now: journalStart + .seconds(9 * 3_600 + 1), needed: needed ?? progress.head.sequence,
            record: record ?? { _ in })
    }

    private func verify(_ disk: JournalDisk, against checkpoints: [Checkpoint] = []) throws -> LogVerification {
        try AuditLog(storage: disk).verify(synced: progress.head, checkpoints: checkpoints, key: signer.key)
    }

    private func open(_ disk: JournalDisk, tree: Bool = true) throws -> Journal {
        try Journal.open(
            storage: disk, node: "n", expected: progress.head, tree: tree ? progress.tree : nil,
            options: JournalOptions(segmentBytes: 4_000, signer: signer)
        ).0
    }

    @Test("whole old segments go, a record says which, and the rest verifies, opens and goes on")
    func trimmed() throws {
        let disk = written.afterKill()
        let segments = try disk.segments()
        var records: [SystemRecord] = []
        let outcome = try #require(try run(disk, hours: 5) { records.append($0) })
        #expect(outcome.segments == 4 && outcome.first == 1)
        #expect(try disk.segments() == Array(segments.dropFirst(4)))
        #expect(
            records.first?.event == .retention && records.first?.details.first { $0.name == "last" }?.value == .number(Int64(outcome.last)))
        let verification = try verify(disk)
        #expect(verification.isGood && verification.first == outcome.last + 1 && verification.head == progress.head)
        #expect(verification.json.contains("\"first\":\(outcome.last + 1)"))
        for tree in [true, false] {
            let copy = disk.afterKill()
            let journal = try open(copy, tree: tree)
            #expect(journal.progress.tree == progress.tree)
            try journal.recordAndWait(SystemRecord(.start).members, at: journalStart + .seconds(40_000))
            journal.close()
            #expect(try AuditLog(storage: copy).verify(synced: journal.head, key: signer.key).isGood)
        }
        #expect(try run(disk, hours: 5) == nil)
        let again = try #require(try run(disk, hours: 2))
        #expect(again.first == outcome.last + 1 && again.segments == 3)
        #expect(try verify(disk).isGood)
    }

    @Test("nothing is deleted of what is needed, of the newest segment, or within the time")
    func kept() throws {
        let disk = written.afterKill()
        #expect(try run(disk, hours: 10) == nil)
        #expect(try run(disk, hours: 0, needed: 13) == nil)
        let outcome = try #require(try run(disk, hours: 0, needed: 14))
        #expect(outcome.last == 13)
        #expect(try #require(try run(disk, hours: 0, needed: .max)).last < progress.head.sequence)
        #expect(try disk.segments().count == 1)
        #expect(try verify(disk).isGood)
    }

    @Test("a checkpoint from before the cut is compared where its last record is kept, and counted as not compared where it is not")
    func checkpoints() throws {
        let disk = written.afterKill()
        let log = AuditLog(storage: disk)
        let made = try [5, 60, 100].map { Checkpoint(origin: "gatehouse/n", size: $0, root: try #require(try log.root(of: $0))) }
        let forged = Checkpoint(origin: "gatehouse/n", size: 100, root: made[0].root)
        try run(disk, hours: 5)
        let verification = try verify(disk, against: made)
        #expect(verification.isGood && verification.uncompared == 1)
        #expect(try verify(disk, against: [forged]).problem?.code == .rewritten)
        #expect(try log.root(of: 60) == made[1].root)
        #expect(try log.root(of: 5) == nil)
    }

    @Test("inclusion and consistency of what remains are still proved")
    func proofs() throws {
        let disk = written.afterKill()
        let log = AuditLog(storage: disk)
        let whole = try #require(try log.root(of: 120))
        let earlier = try #require(try log.root(of: 77))
        try run(disk, hours: 5)
        try log.forEachLine(after: 0, through: 120) { line in
            let path = try? log.roots(MerkleProof.inclusion(of: line.sequence - 1, in: 120))
            #expect(path.map { MerkleProof.includes(line.hash ?? .zero, at: line.sequence - 1, size: 120, root: whole, path: $0) } == true)
            return true
        }
        let path = try #require(try log.roots(MerkleProof.consistency(from: 77, to: 120)))
        #expect(MerkleProof.isConsistent(from: 77, root: earlier, to: 120, root: whole, path: path))
        #expect(try log.roots(MerkleProof.inclusion(of: 3, in: 120)) == nil)
    }

    @Test("an anchor that is missing, changed, of another log or of another place is found (SEC-77)")
    func anchors() throws {
        let disk = written.afterKill()
        try run(disk, hours: 5)
        let anchor = try #require(try disk.read(LogAnchor.fileName))
        func with(_ bytes: [UInt8]?) -> JournalDisk {
            let copy = disk.afterKill()
            copy.with { contents in
                contents.files[LogAnchor.fileName] = bytes.map { JournalDisk.File(current: $0, durable: $0, isNameDurable: true) }
            }
            return copy
        }
        func problem(_ bytes: [UInt8]?) throws -> LogProblem? {
            let copy = with(bytes)
            #expect(throws: JournalError.self) { try run(copy, hours: 1) }
            #expect(throws: JournalError.self) { try open(copy, tree: false) }
            return try verify(copy).problem
        }
        let missing = try #require(try problem(nil))
        #expect(missing.code == .anchor && missing.sequence == 1 && missing.message.contains("disk/anchor"))
        for index in stride(from: 0, to: anchor.count, by: 3) {
            var changed = anchor
            changed[index] ^= 0x02
            #expect(try problem(changed) != nil, "byte \(index)")
        }
        let stranger = try CheckpointSigner(origin: "gatehouse/n", seed: Secret(Array(2...33)))
        let own = try #require(LogAnchor(String(decoding: anchor, as: UTF8.self)))
        #expect(try problem(Array(try LogAnchor(own.head, tree: own.tree, signer: stranger).description.utf8))?.code == .anchor)
        let other = try LogAnchor(ChainHead(sequence: own.head.sequence, hash: .zero), tree: own.tree, signer: signer)
        #expect(try problem(Array(other.description.utf8))?.code == .unlinked)
        // Of a later cut that a crash kept from deleting, and of an earlier one than was deleted.
        let later = written.afterKill()
        try run(later, hours: 2)
        #expect(try verify(with(later.read(LogAnchor.fileName))).isGood)
        later.with { $0.files[LogAnchor.fileName] = JournalDisk.File(current: anchor, durable: anchor, isNameDurable: true) }
        #expect(try verify(later).problem?.code == .removed)
    }

    @Test("a log that does not verify is not cut: it would be the evidence")
    func evidence() throws {
        let disk = written.afterKill()
        let name = try #require(try disk.segments().dropFirst().first)
        disk.with { $0.files[name]?.current[700] ^= 1 }
        let segments = try disk.segments()
        #expect(throws: JournalError.self) { try run(disk, hours: 5) }
        #expect(try disk.segments() == segments)
        #expect(try disk.read(LogAnchor.fileName) == nil)
    }

    @Test(
        "a segment that does not begin with a record stops the deletion and says so, and one that was just made does not",
        arguments: [0, 1, 2])
    func beginnings(index: Int) throws {
        let disk = written.afterKill()
        let names = try disk.segments()
        disk.with { $0.files[names[index]]?.current.replaceSubrange(0..<7, with: "garbage".utf8) }
        if index == 2 {
            // The first is deleted by what the second says; the second stays.
            #expect(try run(disk, hours: 5)?.segments == 1)
        }
        let error = #expect(throws: JournalError.self) { try run(disk, hours: 5) }
        #expect(error?.code == .tampered && error?.message.contains("\(names[index]) does not begin with a record") == true)
    }

    @Test("what is laid below the anchor is found, shown by no reader and deleted by nobody")
    func strangers() throws {
        let disk = written.afterKill()
        try run(disk, hours: 5)
        let old = try #require(try written.segments().first)
        let oldBytes = try #require(written.with { $0.files[old]?.current })
        var chain = Chain(node: "n", head: ChainHead(sequence: 30, hash: .zero))
        var invented: [UInt8] = []
        chain.finish(journalEntry(500).members, time: journalStart + .seconds(9 * 3_600), into: &invented)
        let plants: [(String, [UInt8])] = [
            ("0000000000000000031-20261124T080000Z.jsonl", invented), ("0000000000000000031-20261124T080000Z.jsonl", []),
            ("0000000000000000031-20261124T080000Z.jsonl", Array("no record\n".utf8)), (old, oldBytes),
            ("0000000000000000001-20261124T080000Z.jsonl", oldBytes.dropLast(40) + [0x0a]),
        ]
        for (name, bytes) in plants {
            let copy = disk.afterKill()
            copy.with { $0.files[name] = JournalDisk.File(current: bytes, durable: bytes, isNameDurable: true) }
            let problem = try #require(try verify(copy).problem)
            #expect(problem.code == .inserted && problem.message.contains(name))
            #expect(try AuditLog(storage: copy).verify(synced: nil).problem == problem)
            var seen: [UInt64] = []
            try AuditLog(storage: copy).review(RecordFilter(everyKind: true)) { line, _ in
                seen.append(line.sequence)
                return true
            }
            var lines: [UInt64] = []
            try AuditLog(storage: copy).forEachLine(after: 0) { line in
                lines.append(line.sequence)
                return true
            }
            var cursor = LogCursor(AuditLog(storage: copy), after: 0)
            var first: UInt64?
            _ = try cursor.read(through: .max, bytes: 4_000) { first = first ?? $0.sequence }
            let wanted = try verify(disk).first
            #expect(seen.first == wanted && lines == seen && first == wanted)
            #expect(throws: JournalError.self) { try run(copy, hours: 2) }
            #expect(try copy.segments().contains(name))
        }
    }

    @Test("segments that a crash left below the anchor fit, and go with the next run; where one of them was changed it stays")
    func leftovers() throws {
        let disk = written.afterKill()
        try run(disk, hours: 7)
        let whole = disk.afterKill()
        try run(disk, hours: 4)
        let anchor = try #require(disk.with { $0.files[LogAnchor.fileName] })
        whole.with { $0.files[LogAnchor.fileName] = anchor }
        #expect(try verify(whole).isGood)
        let changed = whole.afterKill()
        let name = try #require(try changed.segments().first)
        changed.with { $0.files[name]?.current[700] ^= 1 }
        #expect(try verify(changed).problem?.code == .inserted)
        #expect(throws: JournalError.self) { try run(changed, hours: 4) }
        #expect(try changed.segments().contains(name))
        #expect(try run(whole, hours: 4)?.segments == 3)
        #expect(try verify(whole).isGood)
    }

    @Test(
        "a crash or failure at any step leaves a log that opens and verifies, and the next run finishes",
        arguments: JournalDisk.Fault.allCases)
    func crashes(_ kind: JournalDisk.Fault) throws {
        var step = 0
        while true {
            // The second cut, so that there is an older anchor to be replaced.
            let disk = written.afterKill()
            try run(disk, hours: 7)
            disk.with { $0.fault = (step, kind) }
            let isDone = (try? run(disk, hours: 4)) != nil
            disk.with { $0.fault = nil }
            for after in [disk.afterKill(), disk.afterPowerCut()] {
                #expect(try verify(after).isGood, "step \(step)")
                for tree in [true, false] {
                    let copy = after.afterKill()
                    let journal = try open(copy, tree: tree)
                    journal.close()
                    #expect(try AuditLog(storage: copy).verify(synced: journal.head, key: signer.key).isGood, "step \(step)")
                }
                var said = 0
                _ = try run(after, hours: 4) { _ in said += 1 }
                #expect(try verify(after).isGood && after.segments().count == 6, "step \(step)")
            }
            if isDone, kind == .lost || step > 200 { break }
            step += 1
            guard step < 400 else { break }
        }
        #expect(step > 10)
        // And where the record cannot be made.
        let disk = written.afterKill()
        let segments = try disk.segments()
        #expect(throws: Stop.self) { try run(disk, hours: 5) { _ in throw Stop() } }
        #expect(try disk.segments() == segments)
        #expect(try verify(disk).isGood)
    }

    @Test("a segment that was begun long ago is followed by a new one before it is full")
    func age() throws {
        let disk = JournalDisk()
        let (journal, _) = try Journal.open(storage: disk, node: "n", expected: nil, options: JournalOptions(segmentAge: .seconds(3_600)))
        for hour in [0, 0, 2, 2, 9] { try journal.recordAndWait(SystemRecord(.reload).members, at: journalStart + .seconds(hour * 3_600)) }
        journal.close()
        #expect(try disk.segments().map { SegmentName.first($0) } == [1, 3, 5])
    }
}
