import GatehouseTime
import GatehouseVerify
import Testing

@testable import GatehouseState

@Suite("What the replay memory knows after a restart")
struct ReplayRestartTests {
    @Test("everything accepted is known after a clean stop, without the log")
    func cleanStop() throws {
        let fixture = try MemoryFixture()
        for number in 0..<1_000 { #expect(fixture.take(number, body: UInt64(number))) }
        fixture.memory.journalSynced(through: 1_000)
        try fixture.memory.close()
        let again = try MemoryFixture(fixture.directory)
        #expect(again.memory.coveredSequence == 1_000)
        for number in 0..<1_000 { #expect(again.ask(number, body: UInt64(number)) == .accepted(KeptAnswer(status: 200), sameBody: true)) }
        #expect(again.ask(1, body: 99) == .accepted(KeptAnswer(status: 200), sameBody: false))
        #expect(again.ask(1_001) == .owner)
    }

    @Test("after a crash the files and the log's tail together know everything")
    func crash() throws {
        let fixture = try MemoryFixture(saveEntries: 1 << 20)
        for number in 1...500 {
            fixture.take(number)
            fixture.memory.journalSynced(through: UInt64(number))
        }
        try fixture.memory.save()
        for number in 501...700 {
            fixture.take(number)
            fixture.memory.journalSynced(through: UInt64(number))
        }
        let again = try fixture.afterPowerLoss()
        #expect(again.memory.coveredSequence == 500)
        for number in 501...700 {
            try again.memory.restore(
                .numbered(number), body: 1, status: 200, acceptedAt: fixture.clock.now, remember: MemoryFixture.remember)
        }
        again.memory.restored(through: 700)
        #expect((1...700).allSatisfy { again.isKnown($0) })
        try again.memory.save()
        #expect(again.memory.coveredSequence == 700)
    }

    @Test("an event that is in flight while others are saved keeps the log's tail open for itself")
    func coverage() throws {
        let fixture = try MemoryFixture()
        fixture.memory.journalSynced(through: 5)
        #expect(fixture.reserve(1) == .new)
        fixture.memory.journalSynced(through: 10)
        fixture.take(2)
        try fixture.memory.save()
        #expect(fixture.memory.coveredSequence == 5)
        fixture.accept(1)
        try fixture.memory.save()
        #expect(fixture.memory.coveredSequence == 10)
    }

    @Test("an event whose record could not be synced is known in memory only, until a record of it is")
    func unsynced() throws {
        let fixture = try MemoryFixture()
        fixture.memory.journalSynced(through: 5)
        #expect(fixture.reserve(1) == .new)
        fixture.accept(1, KeptAnswer(status: 200, body: [1, 2]), synced: false)
        #expect(fixture.ask(1) == .accepted(KeptAnswer(status: 200, body: [1, 2]), sameBody: true))
        try fixture.memory.save()
        #expect(try fixture.afterPowerLoss().ask(1) == .owner)
        fixture.memory.journalSynced(through: 8)
        try fixture.memory.save()
        #expect(fixture.memory.coveredSequence == 5)
        fixture.memory.settle(.numbered(1))
        try fixture.memory.close()
        #expect(fixture.memory.coveredSequence == 8)
        #expect(try fixture.afterPowerLoss().ask(1) == .accepted(KeptAnswer(status: 200, body: [1, 2]), sameBody: true))
    }

    @Test("an answer that was written before the crash is found for the event that the log's tail tells of")
    func answerOfTheTail() throws {
        let fixture = try MemoryFixture()
        let answer = KeptAnswer(status: 201, contentType: "text/plain", body: Array("kept".utf8))
        #expect(fixture.reserve(1) == .new)
        fixture.accept(1, answer)
        while fixture.memory.statistics.pending > 0 {}
        let again = try fixture.afterPowerLoss()
        try again.memory.restore(.numbered(1), body: 1, status: 201, acceptedAt: fixture.clock.now, remember: MemoryFixture.remember)
        again.memory.restored(through: 1)
        #expect(again.ask(1) == .accepted(answer, sameBody: true))
    }

    @Test("an answer that many events got is found again for each of them after a crash, under steady traffic too")
    func commonAnswers() throws {
        let fixture = try MemoryFixture(saveEntries: 1 << 20)
        let answer = KeptAnswer(status: 201, contentType: "application/json", body: Array("{\"taken\":true}".utf8))
        // The first save comes with the first event, the next one a minute later; the crash is between them.
        fixture.take(0)
        fixture.memory.keep()
        for number in 1...1_000 {
            #expect(fixture.reserve(number) == .new)
            fixture.accept(number, answer)
            // Each answer is written before the next event, so that all but the first two share one.
            while fixture.memory.statistics.pending > 0 {}
        }
        #expect(fixture.memory.statistics.bytes < 40 * 1_024)
        fixture.memory.keep()
        let again = try fixture.afterPowerLoss()
        for number in 1...1_000 {
            try again.memory.restore(
                .numbered(number), body: 1, status: 201, acceptedAt: fixture.clock.now, remember: MemoryFixture.remember)
        }
        again.memory.restored(through: 1_000)
        #expect((1...1_000).allSatisfy { again.ask($0) == .accepted(answer, sameBody: true) })
    }

    @Test("a torn or changed answer loses its body, never the acceptance")
    func tornAnswer() throws {
        let fixture = try MemoryFixture()
        #expect(fixture.reserve(1) == .new)
        fixture.accept(1, KeptAnswer(status: 201, body: Array("kept".utf8)))
        try fixture.memory.close()
        let answers = try FileSystem.names(in: fixture.directory.file("replay")).filter { $0.hasSuffix(".answers") }
        try TemporaryDirectory.damage(fixture.directory.file("replay/" + answers[0]), at: 41)
        let again = try MemoryFixture(fixture.directory)
        #expect(again.ask(1) == .accepted(KeptAnswer(status: 201), sameBody: true))
    }

    @Test("restoring what is in the files already changes nothing")
    func restoringTwice() throws {
        let fixture = try MemoryFixture()
        #expect(fixture.reserve(1) == .new)
        fixture.accept(1, KeptAnswer(status: 200, body: [7]))
        try fixture.memory.close()
        let again = try MemoryFixture(fixture.directory)
        try again.memory.restore(.numbered(1), body: 1, status: 200, acceptedAt: fixture.clock.now, remember: MemoryFixture.remember)
        #expect(again.ask(1) == .accepted(KeptAnswer(status: 200, body: [7]), sameBody: true))
    }

    @Test("SEC-62: a start with the wall clock set back goes on from the highest time seen")
    func clockSetBack() throws {
        let fixture = try MemoryFixture()
        fixture.take(1)
        let start = fixture.clock.now
        try fixture.memory.close()
        let back = try MemoryFixture(fixture.directory, clock: StandingClock(start - .seconds(7 * 86_400)))
        #expect(back.memory.time(at: back.clock.monotonic) >= start)
        #expect(back.isKnown(1))
        try back.memory.restore(
            .numbered(2), body: 1, status: 200, acceptedAt: back.clock.now - .seconds(10), remember: MemoryFixture.remember)
        #expect(back.isKnown(2))
        back.clock.advance(.seconds(3_602))
        #expect(!back.isKnown(1))
    }

    @Test("what expired while the gateway was stopped is unknown once no timestamp from before can be fresh, and its files go")
    func expiredMeanwhile() throws {
        let fixture = try MemoryFixture()
        for number in 0..<200 { fixture.take(number) }
        try fixture.memory.close()
        let later = try MemoryFixture(fixture.directory, clock: StandingClock(fixture.clock.now + .seconds(4_000)), hold: .seconds(100))
        later.clock.advance(.seconds(101))
        later.memory.keep()
        #expect(later.memory.statistics.segments == 0)
        #expect(try FileSystem.names(in: fixture.directory.file("replay")).allSatisfy { !$0.hasSuffix(".keys") })
        #expect(later.take(1))
    }

    @Test("SEC-62: a start with the wall clock far ahead forgets nothing that the right time would still let in")
    func clockSetForward() throws {
        let fixture = try MemoryFixture()
        fixture.take(1, remember: .seconds(360))
        try fixture.memory.close()
        let year = Duration.seconds(365 * 86_400)
        let ahead = try MemoryFixture(fixture.directory, clock: StandingClock(fixture.clock.now + year))
        #expect(ahead.isKnown(1))
        ahead.take(2, remember: .seconds(720))
        // The clock is put right, and the gateway restarted before the hold is over.
        try ahead.memory.close()
        let right = try MemoryFixture(fixture.directory, clock: StandingClock(fixture.clock.now + .seconds(5)))
        #expect(right.isKnown(1) && right.isKnown(2))
        right.clock.advance(.seconds(362))
        #expect(!right.isKnown(1) && right.isKnown(2))
    }

    @Test("what is accepted while nothing expires is remembered for its whole time")
    func acceptedDuringHold() throws {
        let fixture = try MemoryFixture()
        fixture.take(1)
        try fixture.memory.close()
        let later = try MemoryFixture(fixture.directory, clock: StandingClock(fixture.clock.now + .seconds(86_400)), hold: .seconds(60))
        later.take(2, remember: .seconds(120))
        later.clock.advance(.seconds(61))
        #expect(!later.isKnown(1) && later.isKnown(2))
        later.clock.advance(.seconds(59))
        #expect(later.isKnown(2))
        later.clock.advance(.seconds(3))
        #expect(!later.isKnown(2))
    }

    @Test("what a crash left half written is removed at start")
    func leftovers() throws {
        let fixture = try MemoryFixture()
        fixture.take(1)
        try fixture.memory.close()
        for name in ["7.keys.tmp", "99.keys", "manifest.tmp"] {
            try TemporaryDirectory.write([1, 2, 3], to: fixture.directory.file("replay/" + name))
        }
        let again = try MemoryFixture(fixture.directory)
        #expect(again.isKnown(1))
        let names = try FileSystem.names(in: fixture.directory.file("replay"))
        #expect(!names.contains { $0.hasSuffix(".tmp") || $0 == "99.keys" })
    }
}

@Suite("Damaged files of the replay memory")
struct ReplayDamageTests {
    private func closed(_ count: Int = 300) throws -> (TemporaryDirectory, segment: String) {
        let fixture = try MemoryFixture(saveEntries: 1 << 20)
        for number in 0..<count { fixture.take(number) }
        try fixture.memory.close()
        let names = try FileSystem.names(in: fixture.directory.file("replay")).filter { $0.hasSuffix(".keys") }
        return (fixture.directory, fixture.directory.file("replay/" + names[0]))
    }

    private func refusal(_ directory: TemporaryDirectory) -> StateError? {
        do {
            _ = try MemoryFixture(directory)
            return nil
        } catch {
            return error as? StateError
        }
    }

    @Test("a missing segment is refused with what to do, not forgotten")
    func missing() throws {
        let (directory, segment) = try closed()
        try FileSystem.remove(segment)
        let error = try #require(refusal(directory))
        #expect(error.code == .damaged)
        #expect(error.message.contains(segment) && error.message.contains("rebuilt from the audit log"))
    }

    @Test("a missing or changed manifest is refused")
    func manifest() throws {
        let (directory, _) = try closed()
        let path = directory.file("replay/manifest")
        let bytes = try TemporaryDirectory.contents(path)
        for offset in [0, 20, bytes.count / 2, bytes.count - 2] {
            try TemporaryDirectory.write(bytes, to: path)
            try TemporaryDirectory.damage(path, at: offset)
            #expect(refusal(directory)?.code == .damaged)
        }
        try TemporaryDirectory.write(Array(bytes.prefix(bytes.count - 30)), to: path)
        #expect(refusal(directory)?.code == .damaged)
        try FileSystem.remove(path)
        #expect(refusal(directory)?.code == .damaged)
    }

    @Test("a change in a segment's header, filter or index, and a cut, are refused at start")
    func segmentAtStart() throws {
        let (directory, segment) = try closed()
        let bytes = try TemporaryDirectory.contents(segment)
        let filter = 4 * SegmentFormat.page
        for offset in [3, 9, 30, 60, filter, filter + 64, bytes.count - 1] {
            try TemporaryDirectory.write(bytes, to: segment)
            try TemporaryDirectory.damage(segment, at: offset)
            #expect(refusal(directory)?.code == .damaged, "byte \(offset)")
        }
        for length in [0, 63, 4_096, bytes.count - 1] {
            try TemporaryDirectory.write(Array(bytes.prefix(length)), to: segment)
            #expect(refusal(directory)?.code == .damaged, "cut at \(length)")
        }
        try TemporaryDirectory.write(bytes, to: segment)
        #expect(refusal(directory) == nil)
    }

    @Test("SEC-65: a change in a page makes its keys unavailable, never unknown")
    func page() throws {
        let (directory, segment) = try closed()
        try TemporaryDirectory.damage(segment, at: SegmentFormat.page + 100)
        let fixture = try MemoryFixture(directory)
        var outcomes: [Resolution: Int] = [:]
        for number in 0..<300 { outcomes[fixture.ask(number), default: 0] += 1 }
        #expect(outcomes[.unavailable] == SegmentFormat.entriesPerPage)
        #expect(outcomes[.owner] == nil)
        #expect(fixture.memory.statistics.problem?.contains(segment) == true)
    }

    @Test("a segment that cannot be read through is left out of merging and goes on serving its other pages")
    func mergingDamage() throws {
        let fixture = try MemoryFixture(saveEntries: 1 << 20)
        for batch in 0..<4 {
            for number in 0..<150 { fixture.take(batch * 150 + number) }
            try fixture.memory.save()
        }
        let names = try FileSystem.names(in: fixture.directory.file("replay")).filter { $0.hasSuffix(".keys") }
        try TemporaryDirectory.damage(fixture.directory.file("replay/" + names[0]), at: SegmentFormat.page + 100)
        let again = try MemoryFixture(fixture.directory.copy(), saveEntries: 1 << 20)
        again.memory.keep()
        #expect(again.memory.statistics.segments == 4)
        #expect(again.memory.statistics.problem != nil)
        let unavailable = (0..<600).filter { again.ask($0) == .unavailable }
        #expect(unavailable.count == SegmentFormat.entriesPerPage)
    }
}
