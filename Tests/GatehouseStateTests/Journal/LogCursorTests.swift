import GatehouseAudit
import GatehouseTime
import Testing

@testable import GatehouseState

@Suite("Reading on in a log")
struct LogCursorTests {
    private func journal(_ disk: JournalDisk, _ expected: ChainHead? = nil) throws -> Journal {
        try Journal.open(storage: disk, node: "n", expected: expected, options: JournalOptions(segmentBytes: 6_000)).0
    }

    @Test(
        "every record comes once and in order, in pieces of any size, from any record on, over segments and while it grows",
        arguments: [1, 700, 5_000, 1 << 20])
    func pieces(_ bytes: Int) throws {
        let disk = JournalDisk()
        let journal = try journal(disk)
        var cursor = LogCursor(AuditLog(storage: disk), after: 7)
        var seen: [UInt64] = []
        for round in 0..<6 {
            journal.submit((1...20).map { journalEntry(round * 20 + $0) })
            try journal.recordAndWait(SystemRecord(.reload).members, at: journalStart)
            // The last record of a round is left for the next.
            let last = journal.head.sequence - 1
            while try cursor.read(through: last, bytes: bytes, { seen.append($0.sequence) }) > 0 {}
            #expect(cursor.sequence == last)
        }
        while try cursor.read(through: journal.head.sequence, bytes: bytes, { seen.append($0.sequence) }) > 0 {}
        #expect(seen == Array(8...journal.head.sequence))
        #expect(try cursor.read(through: journal.head.sequence, bytes: bytes) { _ in } == 0)
        cursor.move(after: 100)
        var again: [UInt64] = []
        while try cursor.read(through: 110, bytes: bytes, { again.append($0.sequence) }) > 0 {}
        #expect(again == Array(101...110))
        journal.close()
    }

    @Test("records that were deleted meanwhile are passed over")
    func deleted() throws {
        let disk = JournalDisk()
        let journal = try journal(disk)
        for round in 0..<6 {
            journal.submit((1...20).map { journalEntry(round * 20 + $0) })
            try journal.recordAndWait(SystemRecord(.reload).members, at: journalStart)
        }
        var cursor = LogCursor(AuditLog(storage: disk), after: 0)
        _ = try cursor.read(through: 3, bytes: 1 << 20) { _ in }
        #expect(cursor.sequence == 3)
        let names = try disk.segments()
        for name in names.prefix(2) { try disk.remove(name) }
        var seen: [UInt64] = []
        for _ in 0..<40 { _ = try cursor.read(through: journal.head.sequence, bytes: 1 << 20) { seen.append($0.sequence) } }
        #expect(seen.first == SegmentName.first(names[2]) && seen.last == journal.head.sequence)
        journal.close()
    }
}
