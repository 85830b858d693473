import GatehouseAudit
import GatehouseTime
import Testing

@testable import GatehouseState

@Suite("Opening a journal")
struct JournalStartTests {
    /// Twelve records in segments of about three.
    private func written() throws -> (JournalDisk, [ChainHead]) {
        let disk = JournalDisk()
        let (journal, report) = try Journal.open(storage: disk, node: "n", expected: nil, options: JournalOptions(segmentBytes: 1_200))
        #expect(report.isNew && report.head == .empty)
        for number in 1...12 { try journal.recordAndWait(journalEntry(number).members, at: journalStart) }
        journal.close()
        return (disk, [.empty] + journalRecords(disk.bytes).map(\.head))
    }

    @Test("a log is continued from its last record, whichever synced head is known")
    func goesOn() throws {
        let (disk, heads) = try written()
        for expected in heads {
            let copy = disk.afterPowerCut()
            let (journal, report) = try Journal.open(storage: copy, node: "n", expected: expected)
            #expect(report.head == heads[12] && report.cutBytes == 0 && report.recordsBeyond == 12 - expected.sequence)
            #expect(try journal.recordAndWait(journalEntry(13).members, at: journalStart) == 13)
            journal.close()
            #expect(try AuditLog(storage: copy).verify(synced: journal.head).records == 13)
        }
    }

    @Test("a tail torn at any byte is cut off, and a system record says so (SEC-79)")
    func tornTail() throws {
        let (disk, heads) = try written()
        let name = try #require(try disk.segments().last)
        let whole = disk.with { $0.files[name]?.current ?? [] }
        let lines = whole.split(separator: 0x0a, omittingEmptySubsequences: false).dropLast().map { Array($0) + [0x0a] }
        let kept = whole.count - (lines.last?.count ?? 0)
        for length in kept..<whole.count {
            let copy = disk.afterPowerCut()
            copy.with { $0.files[name]?.current.removeLast(whole.count - length) }
            let (journal, report) = try Journal.open(storage: copy, node: "n", expected: heads[10])
            journal.close()
            #expect(report.cutBytes == length - kept, "\(length)")
            let records = journalRecords(copy.bytes)
            if length == kept {
                #expect(records.count == 11 && report.head == heads[11])
            } else {
                #expect(records.last?.value["action"] == .string("journal-repaired"))
                #expect(records.last?.value["details"]?["cut_bytes"] == .integer(Int64(length - kept)))
                #expect(records.count == 12 && report.head == records.last?.head)
            }
            #expect(try AuditLog(storage: copy.afterPowerCut()).verify(synced: report.head).isGood)
        }
    }

    @Test("pages lost by a power cut beyond the synced head are cut off, whole records after them too (SEC-79)")
    func lostPages() throws {
        let (disk, heads) = try written()
        let name = try #require(try disk.segments().last)
        disk.with { contents in
            for index in 100..<600 { contents.files[name]?.current[index] = 0 }
        }
        let first = try SegmentReader(file: disk.open(name, creating: false)).firstSequence()
        let before = Int(try #require(first)) - 1
        let (journal, report) = try Journal.open(storage: disk, node: "n", expected: heads[before])
        journal.close()
        #expect(report.head.sequence == UInt64(before) + 1 && report.cutBytes > 0)
        #expect(try AuditLog(storage: disk).verify(synced: report.head).isGood)
    }

    @Test("a log that lacks its synced head, or has another one, is not opened (SEC-77, SEC-79)")
    func tampered() throws {
        let (disk, heads) = try written()
        let names = try disk.segments()
        let last = try #require(names.last)

        func refused(_ expected: ChainHead, _ change: (inout JournalDisk.Contents) -> Void) {
            let copy = disk.afterPowerCut()
            copy.with(change)
            let before = copy.bytes
            #expect {
                _ = try Journal.open(storage: copy, node: "n", expected: expected)
            } throws: { error in
                (error as? JournalError)?.code == .tampered && "\(error)".contains("gatehouse audit verify")
            }
            #expect(copy.bytes == before, "nothing was changed")
        }

        refused(heads[12]) { $0.files[last]?.current.removeLast(1) }
        refused(heads[12]) { $0.files[last]?.current.removeLast(200) }
        refused(heads[12]) { $0.files[last] = nil }
        refused(heads[12]) { $0.files = [:] }
        refused(heads[12]) { $0.files[last]?.current = [] }
        refused(ChainHead(sequence: 13, hash: heads[12].hash)) { _ in }
        refused(ChainHead(sequence: 12, hash: heads[11].hash)) { _ in }
        refused(heads[12]) { contents in
            let count = contents.files[last]?.current.count ?? 0
            contents.files[last]?.current[count - 300] ^= 1
        }
        // Beyond the known head, but before a later segment: that one was begun only after everything before it was synced.
        refused(heads[1]) { $0.files[names[0]]?.current.removeLast(40) }
        refused(heads[1]) { $0.files[names[1]] = nil }
        refused(.empty) { $0.files[names[0]] = nil }
    }

    @Test("a start reads no more than the records from the synced head on")
    func readsLittle() throws {
        let (disk, heads) = try written()
        let copy = disk.afterPowerCut()
        copy.with { contents in
            for name in contents.files.keys.sorted().dropLast(2) { contents.files[name]?.current[50] ^= 1 }
        }
        var tree = MerkleFrontier()
        for head in heads[1...12] { tree.append(head.hash, MerkleHasher()) }
        let (journal, report) = try Journal.open(storage: copy, node: "n", expected: heads[12], tree: tree)
        journal.close()
        #expect(report.head == heads[12])
        #expect(try AuditLog(storage: copy).verify(synced: heads[12]).problem?.sequence == 1)
    }

    @Test("an empty last segment, left by a crash between its creation and its first record, is used")
    func emptySegment() throws {
        let (disk, heads) = try written()
        disk.with { $0.files["0000000000000000013-20270101T000000Z.jsonl"] = JournalDisk.File(isNameDurable: true) }
        let (journal, report) = try Journal.open(storage: disk, node: "n", expected: heads[12])
        #expect(report.head == heads[12])
        #expect(try journal.recordAndWait(journalEntry(13).members, at: journalStart) == 13)
        journal.close()
        #expect(disk.with { $0.files["0000000000000000013-20270101T000000Z.jsonl"]?.current.isEmpty } == false)
        #expect(try AuditLog(storage: disk).verify(synced: journal.head).isGood)
    }

    @Test("what a kill left in memory only is synced before it counts")
    func syncsFirst() throws {
        let (disk, heads) = try written()
        let copy = disk.afterPowerCut()
        _ = try JournalStart(storage: copy, expected: heads[12], tree: nil).open()
        #expect(copy.calls.suffix(2) == ["sync", "directory"])
    }

    @Test(
        "a start that cannot read, cut or sync says so and leaves no writer behind",
        arguments: ["list", "open", "read", "size", "sync", "directory"])
    func unreadable(call: String) throws {
        let (disk, heads) = try written()
        disk.with { $0.broken = [call] }
        #expect(throws: JournalError(.system, "\(call): input/output error")) {
            _ = try Journal.open(storage: disk, node: "n", expected: heads[12])
        }
    }
}
