import GatehouseAudit
import GatehouseTime
import Testing

@testable import GatehouseState

/// The writer's state machine, driven without its thread.
@Suite("The journal's writer")
struct JournalWriterTests {
    private let disk = JournalDisk()
    private let clock = JournalClock()
    private let witness = JournalWitness()
    private let state = JournalState()

    private func writer(_ options: JournalOptions = JournalOptions(), _ handlers: JournalHandlers? = nil) throws -> JournalWriter {
        let start = try JournalStart(storage: disk, expected: .empty, tree: nil).open()
        return JournalWriter(
            storage: disk, node: "n", start: start, options: options, handlers: handlers ?? witness.handlers, shared: state)
    }

    private func commit(_ writer: JournalWriter, _ numbers: ClosedRange<Int>) {
        var entries = numbers.map { journalEntry($0, time: clock.now) }
        writer.commit(&entries, clock: clock)
        #expect(entries.isEmpty)
    }

    @Test("a batch is one write and one sync, and delivered after them")
    func oneSync() throws {
        let writer = try writer()
        commit(writer, 1...1)
        let before = disk.calls.count
        commit(writer, 2...50)
        #expect(Array(disk.calls[before...]) == ["write", "sync"])
        #expect(witness.now.stored["e1"] == 1 && witness.now.stored["e50"] == 50)
        #expect(state.head.sequence == 50)
        #expect(try AuditLog(storage: disk.afterPowerCut()).verify(synced: state.head).records == 50)
    }

    @Test("a batch's time goes from its being taken to its being durable; the sync's is a part of it")
    func durations() throws {
        var handlers = witness.handlers
        handlers.beforeSync = { [clock] _ in clock.advance(seconds: 2) }
        let writer = try writer(JournalOptions(), handlers)
        commit(writer, 1...3)
        commit(writer, 4...4)
        let statistics = state.current.statistics
        #expect(statistics.batchTimes.count == 2 && statistics.batchTimes.sum == 4_000_000 && statistics.batchTimes.counts.last == 2)
        #expect(statistics.syncs.count == 2 && statistics.syncs.sum == 0)
    }

    @Test("a new segment's name is durable before a record is in it")
    func newSegment() throws {
        let writer = try writer()
        let before = disk.calls.count
        commit(writer, 1...1)
        #expect(Array(disk.calls[before...]) == ["free", "create", "size", "directory", "write", "sync"])
        #expect(try disk.segments() == ["0000000000000000001-20261124T020102Z.jsonl"])
    }

    @Test("a segment that has reached its size is followed by another; the chain goes on")
    func rotation() throws {
        let writer = try writer(JournalOptions(segmentBytes: 2_000))
        for number in 1...30 { commit(writer, number...number) }
        let names = try disk.segments()
        #expect(names.count > 5 && names == names.sorted())
        let outcome = try AuditLog(storage: disk).verify(synced: state.head)
        #expect(outcome.isGood && outcome.records == 30)
        #expect(state.current.statistics.segments == UInt64(names.count))
    }

    @Test("a segment that is removed or replaced while it is written is noticed within a second, and not written on (SEC-79)")
    func takenAway() throws {
        let writer = try writer()
        commit(writer, 1...1)
        disk.with { $0.isTakenAway = true }
        clock.advance(seconds: 1)
        commit(writer, 2...2)
        #expect(state.failure?.code == .tampered)
        #expect(witness.now.stored["e2"] == nil)
        disk.with { $0.isTakenAway = false }
        clock.advance(seconds: 5)
        writer.tick(at: clock)
        commit(writer, 3...3)
        #expect(state.failure?.code == .tampered, "only a start looks at the whole log")
    }

    @Test("a disk that runs full is noticed within a second, without a record, and so is its end")
    func fullWhileIdle() throws {
        let writer = try writer()
        commit(writer, 1...1)
        disk.with { $0.free = 0 }
        clock.advance(seconds: 1)
        #expect(writer.deadline.nanoseconds <= clock.monotonic.nanoseconds)
        writer.tick(at: clock)
        #expect(state.failure != nil)
        disk.with { $0.free = .max }
        clock.advance(seconds: 1)
        writer.tick(at: clock)
        #expect(state.failure == nil)
    }

    @Test("the head is announced at most once a second, and at the end")
    func announcements() throws {
        let writer = try writer()
        commit(writer, 1...1)
        commit(writer, 2...2)
        writer.tick(at: clock)
        #expect(witness.now.heads.map(\.sequence) == [1])
        #expect(writer.deadline.nanoseconds <= clock.monotonic.nanoseconds + 1_000_000_000)
        clock.advance(seconds: 1)
        writer.tick(at: clock)
        #expect(witness.now.heads.map(\.sequence) == [1, 2])
        commit(writer, 3...3)
        writer.finish(at: clock)
        #expect(witness.now.heads.map(\.sequence) == [1, 2, 3])
    }

    @Test("times do not go back by the jitter between loops, and follow a clock that was set back")
    func times() throws {
        let writer = try writer()
        let offsets: [Int64] = [10, 5, 11, -3_600, -3_599]
        for (number, offset) in offsets.enumerated() {
            var entries = [journalEntry(number, time: journalStart + .seconds(offset))]
            writer.commit(&entries, clock: clock)
        }
        let times = journalRecords(disk.bytes).map { ($0.time - journalStart).microseconds / 1_000_000 }
        #expect(times == [10, 10, 11, -3_600, -3_599])
    }

    @Test(
        "a failed write or sync is final: the batch is cut, and stands again with the answer that was sent (SEC-73, SEC-75)",
        arguments: ["write", "sync"], JournalDisk.Fault.allCases)
    func failedBatch(call: String, fault: JournalDisk.Fault) throws {
        let writer = try writer()
        commit(writer, 1...2)
        disk.with { $0.fault = (call == "write" ? 0 : 1, fault) }
        commit(writer, 3...5)
        #expect(witness.now.failed == ["e3", "e4", "e5"])
        #expect(state.failure == nil && !state.isFailing)
        #expect(witness.now.failures.count == 2 && witness.now.failures.last == .some(nil))
        #expect(witness.now.cuts == [2])
        commit(writer, 6...6)

        let records = journalRecords(disk.afterPowerCut().bytes)
        #expect(records.map(\.sequence) == [1, 2, 3, 4, 5, 6, 7])
        #expect(records[2].kind == "system" && records[2].value["action"] == .string("journal-recovered"))
        #expect(records[2].value["details"]?["recorded_late"] == .integer(3))
        for record in records[3...5] {
            #expect(record.decision == "failed" && record.reason == "unavailable" && record.answer == 503)
            #expect(record.value["instead_of"] == .string("accepted"))
        }
        #expect(records[3...5].map { $0.event?.id } == ["e3", "e4", "e5"])
        #expect(records[6].event?.id == "e6" && witness.now.stored["e6"] == 7)
        #expect(try AuditLog(storage: disk.afterPowerCut()).verify(synced: state.head).isGood)
    }

    @Test("the file is cut and synced under a new descriptor before anything is written again (SEC-73)")
    func recoveryOrder() throws {
        let writer = try writer()
        commit(writer, 1...1)
        disk.with { $0.fault = (1, .lost) }
        let before = disk.calls.count
        commit(writer, 2...2)
        #expect(
            Array(disk.calls[before...]) == ["write", "sync", "free", "open", "size", "truncate", "sync", "directory", "write", "sync"])
    }

    @Test(
        "while the disk stays broken every batch fails at once, and one attempt a second is made",
        arguments: ["write", "sync", "truncate", "open"])
    func staysBroken(call: String) throws {
        let writer = try writer()
        commit(writer, 1...1)
        disk.with { $0.broken = ["sync", call] }
        commit(writer, 2...2)
        #expect(state.isFailing)
        let before = disk.calls.count
        commit(writer, 3...4)
        #expect(disk.calls.count == before)
        #expect(witness.now.failed == ["e2", "e3", "e4"])
        clock.advance(seconds: 1)
        writer.tick(at: clock)
        #expect(state.isFailing && disk.calls.count > before)
        #expect(state.head.sequence == 1)

        disk.with { $0.broken = [] }
        clock.advance(seconds: 1)
        writer.tick(at: clock)
        #expect(!state.isFailing)
        let records = journalRecords(disk.afterPowerCut().bytes)
        #expect(records.map { $0.event?.id } == ["e1", nil, "e2", "e3", "e4"])
        #expect(try AuditLog(storage: disk.afterPowerCut()).verify(synced: state.head).isGood)
    }

    @Test("what does not fit into memory while failing is counted, and the log says how many")
    func unrecorded() throws {
        let writer = try writer(JournalOptions(keptRecords: 3))
        commit(writer, 1...1)
        disk.with { $0.broken = ["sync"] }
        commit(writer, 2...10)
        #expect(state.current.statistics.unrecorded == 6)
        disk.with { $0.broken = [] }
        clock.advance(seconds: 1)
        writer.tick(at: clock)
        let records = journalRecords(disk.bytes)
        #expect(records.count == 5)
        #expect(records[1].value["details"]?["unrecorded"] == .integer(6))
    }

    @Test("the journal fails before the disk is full, and works again when there is room")
    func reserve() throws {
        let writer = try writer(JournalOptions(reserveBytes: 1_000))
        commit(writer, 1...1)
        disk.with { $0.free = 999 }
        commit(writer, 2...2)
        #expect(!state.isFailing, "looked at once a second")
        clock.advance(seconds: 1)
        commit(writer, 3...3)
        #expect(state.failure?.code == .full)
        disk.with { $0.free = 1_000 }
        clock.advance(seconds: 1)
        writer.tick(at: clock)
        #expect(!state.isFailing)
        #expect(journalRecords(disk.bytes).map { $0.event?.id } == ["e1", "e2", nil, "e3"])
    }

    @Test("what belongs to the records is stored before them, and a failure there fails the batch")
    func companion() throws {
        struct Refused: Error {}
        let log = JournalWitness()
        var handlers = witness.handlers
        handlers.beforeSync = { [disk] batch in
            log.note { $0.batches.append(disk.calls.filter { $0 == "write" }.count) }
            if batch.firstSequence == 2 { throw Refused() }
        }
        let writer = try writer(JournalOptions(), handlers)
        commit(writer, 1...1)
        commit(writer, 2...2)
        commit(writer, 3...3)
        #expect(log.now.batches == [0, 1, 2])
        #expect(witness.now.failed == ["e2"] && witness.now.failures.first??.code == .companion)
        #expect(journalRecords(disk.bytes).map { $0.event?.id } == ["e1", nil, "e2", "e3"])
    }

    @Test("numbers are not used again while what belongs to cut records cannot be deleted")
    func cutRefused() throws {
        struct Refused: Error {}
        var handlers = witness.handlers
        handlers.afterCut = { _ in throw Refused() }
        let writer = try writer(JournalOptions(), handlers)
        commit(writer, 1...1)
        disk.with { $0.fault = (1, .lost) }
        commit(writer, 2...2)
        #expect(state.isFailing && journalRecords(disk.bytes).map(\.sequence) == [1])
    }

    @Test("a segment that shrank under the writer keeps the journal failing")
    func shrunk() throws {
        let writer = try writer()
        commit(writer, 1...2)
        disk.with { contents in
            for name in contents.files.keys { contents.files[name]?.current.removeLast(10) }
            contents.fault = (1, .lost)
            contents.broken = ["write"]
        }
        commit(writer, 3...3)
        disk.with { $0.broken = [] }
        clock.advance(seconds: 1)
        writer.tick(at: clock)
        #expect(state.isFailing)
    }

    @Test(
        "whatever call fails, what was confirmed is durable, and every record stands once in the log (SEC-75, SEC-76)",
        arguments: JournalDisk.Fault.allCases)
    func everyCall(fault: JournalDisk.Fault) throws {
        for call in 0..<60 {
            let disk = JournalDisk()
            let clock = JournalClock()
            let witness = JournalWitness()
            let state = JournalState()
            let start = try JournalStart(storage: disk, expected: .empty, tree: nil).open()
            let writer = JournalWriter(
                storage: disk, node: "n", start: start, options: JournalOptions(segmentBytes: 1_500), handlers: witness.handlers,
                shared: state)
            disk.with { $0.fault = (call, fault) }
            for number in stride(from: 1, through: 15, by: 3) {
                var entries = (number..<number + 3).map { journalEntry($0) }
                writer.commit(&entries, clock: clock)
                let seen = witness.now
                let durable = disk.afterPowerCut()
                let ids = journalRecords(durable.bytes).compactMap { $0.event?.id }
                for name in seen.stored.keys { #expect(ids.contains(name), "\(name) was confirmed, call \(call)") }
                #expect(try AuditLog(storage: durable).verify(synced: state.head).isGood, "call \(call)")
                // A start from either image goes on from the synced head or beyond it.
                for image in [durable, disk.afterKill()] {
                    let report = try JournalStart(storage: image, expected: seen.heads.last ?? .empty, tree: nil).open().report
                    #expect(report.head.sequence >= state.head.sequence, "call \(call)")
                }
                clock.advance(seconds: 1)
                writer.tick(at: clock)
            }
            #expect(!state.isFailing)
            writer.finish(at: clock)
            let records = journalRecords(disk.afterPowerCut().bytes).filter { $0.kind == "decision" }
            #expect(records.compactMap { $0.event?.id } == (1...15).map { "e\($0)" }, "call \(call)")
            for record in records {
                let isStored = witness.now.stored[record.event?.id ?? ""] != nil
                #expect(record.decision == (isStored ? "accepted" : "failed") && record.answer == (isStored ? 200 : 503))
            }
        }
    }
}
