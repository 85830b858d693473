import GatehouseAudit
import GatehouseTime
import Testing

@testable import GatehouseState

@Suite("Reading a log's directory")
struct JournalReadingTests {
    private func written(_ count: Int, segmentBytes: Int) throws -> JournalDisk {
        let disk = JournalDisk()
        let (journal, _) = try Journal.open(storage: disk, node: "n", expected: nil, options: JournalOptions(segmentBytes: segmentBytes))
        for number in stride(from: 1, through: count, by: 50) {
            journal.submit((number..<min(number + 50, count + 1)).map { journalEntry($0) })
            try journal.recordAndWait(SystemRecord(.reload).members, at: journalStart)
        }
        journal.close()
        return disk
    }

    @Test("lines are handed over from any record on, across segments")
    func lines() throws {
        let disk = try written(300, segmentBytes: 20_000)
        let segments = try disk.segments().count
        #expect(segments > 3, "\(segments), \(disk.bytes.count)")
        let total: UInt64 = 306
        for after in [0, 1, 57, 150, 304, 305, 306, 1_000] as [UInt64] {
            var seen: [UInt64] = []
            try AuditLog(storage: disk).forEachLine(after: after) { line in
                seen.append(line.sequence)
                return true
            }
            #expect(seen == (after < total ? Array(after + 1...total) : []), "after \(after)")
        }
        var seen: [UInt64] = []
        try AuditLog(storage: disk).forEachLine(after: 100, through: 103) { line in
            seen.append(line.sequence)
            return true
        }
        #expect(seen == [101, 102, 103])
        seen = []
        try AuditLog(storage: disk).forEachLine(after: 200) { line in
            seen.append(line.sequence)
            return seen.count < 2
        }
        #expect(seen == [201, 202])
    }

    @Test("records are found from the end of a segment larger than a piece")
    func largeSegment() throws {
        let disk = try written(6_000, segmentBytes: 1 << 30)
        let name = try #require(try disk.segments().first)
        let size = disk.with { $0.files[name]?.current.count ?? 0 }
        #expect(size > 2 * SegmentReader.pieceBytes)
        let reader = SegmentReader(file: try disk.open(name, creating: false))
        for record in journalRecords(disk.bytes) where record.sequence % 97 == 1 || record.sequence > 6_110 {
            let start = try #require(try reader.start(of: record.sequence))
            #expect(try reader.end(of: record.head, at: start) != nil)
            #expect(try reader.end(of: ChainHead(sequence: record.sequence, hash: .zero), at: start) == nil)
        }
        #expect(try reader.start(of: 7_000) == nil)
        #expect(try AuditLog(storage: disk).verify(synced: nil).records == 6_120)
    }

    @Test("beside a running gateway the log is verified up to the synced head")
    func running() throws {
        let disk = try written(100, segmentBytes: 5_000)
        let head = journalRecords(disk.bytes)[49].head
        let outcome = try AuditLog(storage: disk).verify(synced: head, isRunning: true)
        #expect(outcome.isGood && outcome.records == 50 && outcome.head == head)
    }

    @Test("a log that cannot be read is no verdict")
    func unreadable() throws {
        let disk = try written(10, segmentBytes: 5_000)
        disk.with { $0.broken = ["read"] }
        #expect(throws: JournalError.self) { try AuditLog(storage: disk).verify(synced: nil) }
        #expect(throws: JournalError.self) { try AuditLog(directory: "/tmp/gatehouse-no-such-directory").verify(synced: nil) }
    }

    @Test("files of other names in the directory are no segments")
    func otherFiles() throws {
        let directory = try JournalDirectory()
        let (journal, _) = try Journal.open(directory: directory.path, node: "n", expected: nil, options: JournalOptions(reserveBytes: 0))
        try journal.recordAndWait(SystemRecord(.start).members, at: journalStart)
        journal.close()
        for name in ["notes.txt", ".hidden.jsonl"] { try directory.storage.open(name, creating: true).close() }
        #expect(try directory.storage.segments().count == 1)
        #expect(try AuditLog(directory: directory.path).verify(synced: journal.head).records == 1)
    }
}
