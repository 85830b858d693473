import GatehouseAudit
import GatehouseTime
import Synchronization
import Testing

@testable import GatehouseState

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

@Suite("The journal")
struct JournalTests {
    @Test("many submitters at once: each record is confirmed once and stands once in a log that verifies (SEC-76)")
    func submitters() async throws {
        let directory = try JournalDirectory()
        let witness = JournalWitness()
        let (journal, _) = try Journal.open(
            directory: directory.path, node: "n", expected: nil, options: JournalOptions(segmentBytes: 200_000, reserveBytes: 0),
            handlers: witness.handlers)
        await withTaskGroup(of: Void.self) { group in
            for task in 0..<8 {
                group.addTask {
                    for index in stride(from: 0, to: 500, by: 5) {
                        journal.submit(journalEntry(task * 1_000 + index))
                        journal.submit((1..<5).map { journalEntry(task * 1_000 + index + $0) })
                    }
                }
            }
        }
        journal.close()
        let seen = witness.now
        #expect(seen.stored.count == 4_000 && seen.failed.isEmpty && seen.batches.reduce(0, +) == 4_000)
        #expect(Set(seen.stored.values) == Set(1...4_000))
        let records = journalRecords(try directory.contents())
        #expect(records.count == 4_000)
        for record in records { #expect(seen.stored[record.event?.id ?? ""] == record.sequence) }
        let outcome = try AuditLog(directory: directory.path).verify(synced: journal.head, known: seen.heads)
        #expect(outcome.isGood && outcome.records == 4_000)
        #expect(seen.heads.last == journal.head)
        let statistics = journal.statistics
        #expect(
            statistics.records == 4_000 && statistics.batches == UInt64(seen.batches.count) && statistics.syncs.count == statistics.batches)
        #expect(statistics.bytes == UInt64(try directory.contents().count))
    }

    @Test("files of the log are the owner's alone")
    func modes() throws {
        let directory = try JournalDirectory()
        let (journal, _) = try Journal.open(directory: directory.path, node: "n", expected: nil, options: JournalOptions(reserveBytes: 0))
        try journal.recordAndWait(SystemRecord(.start).members, at: journalStart)
        journal.close()
        let name = try #require(try directory.storage.segments().first)
        var status = stat()
        #expect(stat("\(directory.path)/\(name)", &status) == 0 && status.st_mode & 0o777 == 0o600)
    }

    @Test("what is submitted after close fails at once, with its completion")
    func closed() async throws {
        let witness = JournalWitness()
        let (journal, _) = try Journal.open(storage: JournalDisk(), node: "n", expected: nil, handlers: witness.handlers)
        #expect(try await journal.record(SystemRecord(.start).members, at: journalStart) == 1)
        journal.close()
        journal.close()
        journal.submit(journalEntry(1))
        journal.submit([journalEntry(2)])
        #expect(witness.now.failed == ["e1", "e2"])
        await #expect(throws: JournalError(.closed, "the journal is closed")) {
            try await journal.record(SystemRecord(.stop).members, at: journalStart)
        }
    }

    @Test("what was submitted before close is stored")
    func drains() throws {
        let disk = JournalDisk()
        let witness = JournalWitness()
        let (journal, _) = try Journal.open(storage: disk, node: "n", expected: nil, handlers: witness.handlers)
        for number in 1...100 { journal.submit(journalEntry(number)) }
        journal.close()
        #expect(witness.now.stored.count == 100)
        #expect(journalRecords(disk.afterPowerCut().bytes).count == 100)
    }

    @Test("a journal that fails recovers by itself, without another record")
    func recoversAlone() async throws {
        let disk = JournalDisk()
        let witness = JournalWitness()
        let worked = AsyncStream<Void>.makeStream()
        var handlers = witness.handlers
        handlers.onFailing = { if $0 == nil { worked.continuation.yield() } }
        let (journal, _) = try Journal.open(storage: disk, node: "n", expected: nil, handlers: handlers)
        disk.with { $0.broken = ["sync"] }
        #expect(throws: JournalError(.system, "sync: input/output error")) {
            try journal.recordAndWait(journalEntry(1).members, at: journalStart)
        }
        #expect(journal.isFailing && journal.failure?.code == .system)
        disk.with { $0.broken = [] }
        for await _ in worked.stream { break }
        #expect(!journal.isFailing)
        journal.close()
        #expect(try AuditLog(storage: disk.afterPowerCut()).verify(synced: journal.head).records == 2)
    }

    @Test("a killed writer's log opens again, wherever it was killed, and nothing confirmed is gone (SEC-75, SEC-79)")
    func killed() throws {
        let disk = JournalDisk()
        let witness = JournalWitness()
        let (journal, _) = try Journal.open(
            storage: disk, node: "n", expected: nil, options: JournalOptions(segmentBytes: 20_000), handlers: witness.handlers)
        for round in 0..<100 {
            journal.submit((0..<7).map { journalEntry(round * 7 + $0) })
            let seen = witness.now
            for image in [disk.afterPowerCut(), disk.afterKill()] {
                let (next, report) = try Journal.open(storage: image, node: "n", expected: seen.heads.last)
                next.close()
                let ids = Set(journalRecords(image.bytes).compactMap { $0.event?.id })
                #expect(ids.isSuperset(of: seen.stored.keys))
                #expect(try AuditLog(storage: image).verify(synced: report.head).isGood)
            }
        }
        journal.close()
    }

    @Test("the default amended record is the one of a decision that became unavailable")
    func amends() {
        let amended = String(decoding: JournalHandlers().amend(journalEntry(1)), as: UTF8.self)
        #expect(amended.contains(#""decision":"failed","reason":"unavailable""#) && amended.contains(#""answer":503"#))
    }
}

@Suite("Gathering of batches")
struct GatheringTests {
    @Test("at low load, and turned off, nothing waits")
    func lowLoad() {
        var gathering = Gathering(longest: .microseconds(600))
        for pending in 0..<Gathering.least {
            #expect(gathering.target(pending: pending) == nil)
            gathering.took(pending)
        }
        var off = Gathering(longest: .zero)
        off.took(100)
        let target = off.target(pending: 10)
        #expect(target == nil)
    }

    @Test("a batch waits for three quarters of what was in flight: those just answered and those that came meanwhile")
    func level() {
        var gathering = Gathering(longest: .microseconds(600))
        gathering.took(24)
        let few = gathering.target(pending: 8)
        #expect(few == 24)
        gathering.took(8)
        let enough = gathering.target(pending: 24)
        #expect(enough == nil)
        let pauses = [2, 3].map { gathering.goesOn(after: $0, arrived: 50) }
        #expect(pauses == [true, false])
    }

    @Test("no batch waits for more than makes a record cheaper")
    func bounded() {
        var gathering = Gathering(longest: .microseconds(600))
        gathering.took(10_000)
        let targets = [10, Gathering.most].map { gathering.target(pending: $0) }
        #expect(targets == [Gathering.most, nil])
    }

    @Test("stalls, and batches that say less, make it wait for less")
    func sinks() {
        var gathering = Gathering(longest: .microseconds(600))
        gathering.took(100)
        _ = gathering.target(pending: 10)
        gathering.took(4)
        let stalls = (0..<5).filter { _ in gathering.goesOn(after: 1, arrived: 0) }
        #expect(stalls.isEmpty)
        let target = gathering.target(pending: 10)
        #expect(target == nil)
        gathering.took(100)
        _ = gathering.target(pending: 10)
        gathering.took(1)
        let later = (0..<100).map { _ in gathering.target(pending: 4) }
        #expect(later.first != .some(nil) && later.last == .some(nil))
    }
}
