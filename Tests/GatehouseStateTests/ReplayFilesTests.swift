import GatehouseTime
import GatehouseVerify
import Testing

@testable import GatehouseState

@Suite("The replay memory's files")
struct ReplayFilesTests {
    @Test("segments are merged, so that there are few, and none of the keys is lost")
    func merging() throws {
        let fixture = try MemoryFixture(saveEntries: 64)
        for number in 0..<5_000 {
            fixture.take(number)
            if number % 100 == 99 { fixture.memory.keep() }
        }
        let statistics = fixture.memory.statistics
        #expect(statistics.segments <= 20)
        #expect(statistics.entries == 5_000)
        #expect((0..<5_000).allSatisfy { fixture.isKnown($0) })
        try fixture.memory.close()
        let again = try MemoryFixture(fixture.directory)
        #expect((0..<5_000).allSatisfy { again.isKnown($0) })
    }

    @Test("merging drops what has expired and keeps what has not")
    func mergingExpired() throws {
        let fixture = try MemoryFixture(saveEntries: 1 << 20)
        for batch in 0..<4 {
            for number in 0..<100 { fixture.take(batch * 100 + number, remember: .seconds(number < 30 ? 60 : 600)) }
            if batch == 3 { fixture.clock.advance(.seconds(120)) }
            try fixture.memory.save()
        }
        fixture.memory.keep()
        #expect(fixture.memory.statistics.segments == 1)
        #expect(fixture.memory.statistics.entries == 280)
        for number in 0..<400 { #expect(fixture.isKnown(number) == (number % 100 >= 30)) }
    }

    @Test("a segment of which half has expired is rewritten")
    func rewriting() throws {
        let fixture = try MemoryFixture(saveEntries: 1 << 20)
        for number in 0..<1_000 { fixture.take(number, remember: .seconds(number < 700 ? 60 : 6_000)) }
        try fixture.memory.save()
        fixture.memory.keep()
        #expect(fixture.memory.statistics.entries == 1_000)
        fixture.clock.advance(.seconds(120))
        fixture.memory.keep()
        #expect(fixture.memory.statistics.entries == 300)
        #expect((700..<1_000).allSatisfy { fixture.isKnown($0) })
    }

    @Test("what the files cover of the log moves on where nothing is accepted, so that its oldest segments can go")
    func refusalsAlone() throws {
        let fixture = try MemoryFixture(saveEntries: 1 << 20)
        fixture.memory.journalSynced(through: 60)
        fixture.memory.keep()
        #expect(fixture.memory.coveredSequence == 60)
        fixture.memory.journalSynced(through: 120)
        fixture.memory.keep()
        #expect(fixture.memory.coveredSequence == 60)
        fixture.clock.advance(.seconds(60))
        fixture.memory.keep()
        #expect(fixture.memory.coveredSequence == 120)
        try fixture.memory.close()
        #expect(try MemoryFixture(fixture.directory).memory.coveredSequence == 120)
    }

    @Test("an event that is accepted again after it expired is known by its new time")
    func acceptedAgain() throws {
        let fixture = try MemoryFixture(saveEntries: 1 << 20)
        fixture.take(1, remember: .seconds(60))
        fixture.take(2, remember: .seconds(6_000))
        try fixture.memory.save()
        fixture.clock.advance(.seconds(100))
        #expect(fixture.take(1, remember: .seconds(600)))
        try fixture.memory.save()
        #expect(fixture.isKnown(1))
        for number in 10..<12 {
            fixture.take(number)
            try fixture.memory.save()
        }
        fixture.memory.keep()
        #expect(fixture.memory.statistics.segments == 1)
        #expect(fixture.isKnown(1) && fixture.isKnown(2))
    }

    @Test("files of kept answers go when their events have expired")
    func answerFiles() throws {
        let directory = try TemporaryDirectory()
        let clock = StandingClock()
        var options = ReplayMemory.Options()
        options.answersFile = 4_096
        let memory = try ReplayMemory(directory: directory.file("replay"), highest: clock.now, clock: clock, options: options)
        for number in 0..<20 {
            #expect(memory.reserve(.numbered(number), body: 1, now: clock.monotonic) == .new)
            memory.accept(
                .numbered(number), answer: KeptAnswer(status: 200, body: [UInt8](repeating: UInt8(number), count: 1_000)),
                remember: .seconds(60),
                now: clock.monotonic)
        }
        while memory.statistics.pending > 0 {}
        let before = try FileSystem.names(in: directory.file("replay")).filter { $0.hasSuffix(".answers") }.count
        #expect(before >= 6)
        clock.advance(.seconds(62))
        memory.keep()
        #expect(try FileSystem.names(in: directory.file("replay")).filter { $0.hasSuffix(".answers") }.count == 1)
    }

    @Test("a filter finds every key put in and few others")
    func filter() {
        let memory = UnsafeMutableBufferPointer<UInt64>.allocate(capacity: ReplayFilter.size(keys: 10_000) / 8)
        defer { memory.deallocate() }
        memory.initialize(repeating: 0)
        for number in 0..<10_000 { ReplayFilter.insert(.numbered(number), into: memory) }
        let filter = ReplayFilter(unowned: UnsafeRawBufferPointer(memory))
        #expect((0..<10_000).allSatisfy { filter.mayContain(.numbered($0)) })
        let wrong = (10_000..<110_000).filter { filter.mayContain(.numbered($0)) }.count
        #expect(wrong < 400)
    }

    @Test("a table keeps its entries through insertions and removals in any order")
    func table() {
        var table = KeyTable<ReplayEntry>()
        var model: [Int: UInt64] = [:]
        var random: UInt64 = 1
        for step in 0..<20_000 {
            random = random &* 6_364_136_223_846_793_005 &+ 1
            // Few homes, so that runs are long and wrap around.
            let number = Int(random >> 40) % 300
            let key = EventKey(high: UInt64(number % 7) &* 61, low: UInt64(number))
            if random >> 33 & 1 == 0 {
                table.insert(ReplayEntry(key: key, body: UInt64(step), answer: AnswerReference(status: 200), expires: 1))
                model[number] = UInt64(step)
            } else if let index = table.find(key) {
                #expect(model.removeValue(forKey: number) != nil)
                table.remove(at: index)
            } else {
                #expect(model[number] == nil)
            }
            #expect(table.count == model.count)
        }
        for (number, body) in model {
            #expect(table.find(EventKey(high: UInt64(number % 7) &* 61, low: UInt64(number))).map { table[$0].body } == body)
        }
    }

    @Test("the manifest reads back as it was written")
    func manifest() {
        var manifest = ReplayManifest()
        manifest.covered = 17
        manifest.steady = -5
        manifest.next = 9
        manifest.answering = 3
        manifest.segments = [1, 4, 8]
        manifest.answers = [(1, 77), (2, 88)]
        #expect(ReplayManifest(manifest.text) == manifest)
        #expect(ReplayManifest(manifest.text + "segment 5\n") == nil)
        #expect(ReplayManifest("") == nil)
    }

    @Test("a quarter of a million events are remembered, and a start does not read them")
    func many() throws {
        let fixture = try MemoryFixture(saveEntries: 16_384)
        let now = fixture.clock.monotonic
        for number in 0..<250_000 {
            let key = EventKey.numbered(number)
            guard fixture.memory.reserve(key, body: 1, now: now) == .new else {
                fixture.take(number)
                continue
            }
            fixture.memory.accept(key, answer: KeptAnswer(status: 200), remember: .seconds(3_600), now: now)
        }
        try fixture.memory.close()
        #expect(fixture.memory.statistics.entries == 250_000)
        let again = try MemoryFixture(fixture.directory)
        #expect(stride(from: 0, to: 250_000, by: 97).allSatisfy { again.isKnown($0) })
        #expect(stride(from: 250_000, to: 252_000, by: 1).allSatisfy { again.ask($0) == .owner })
    }

    @Test("any order of events, saves, merges, crashes and passing time agrees with a plain dictionary", arguments: 1...4)
    func model(seed: UInt64) throws {
        var random = seed &* 0x9e37_79b9_7f4a_7c15
        func next(_ bound: Int) -> Int {
            random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(random >> 33) % bound
        }
        var fixture = try MemoryFixture(saveEntries: 64)
        // What the log holds: seq is the index + 1.
        var log: [(number: Int, at: WallTime, remember: Duration)] = []
        var expires: [Int: WallTime] = [:]
        for _ in 0..<1_500 {
            let number = next(500)
            switch next(100) {
            case 0..<80:
                let known = fixture.isKnownReleasing(number)
                let expected = expires[number]
                // Within the last two seconds of its time both are right.
                if let expected, expected >= fixture.clock.now { #expect(known, "forgotten: \(number)") }
                if expected == nil || expected.map({ $0 + .seconds(2) < fixture.clock.now }) == true {
                    #expect(!known, "never accepted: \(number)")
                }
                if !known {
                    let remember = Duration.seconds(30 + next(300))
                    #expect(fixture.ask(number) == .owner)
                    fixture.accept(number, remember: remember)
                    log.append((number, fixture.clock.now, remember))
                    fixture.memory.journalSynced(through: UInt64(log.count))
                    expires[number] = fixture.clock.now + remember
                }
            case 80..<88: fixture.clock.advance(.seconds(next(20)))
            case 88..<93: try fixture.memory.save()
            case 93..<97: fixture.memory.keep()
            default:
                fixture = try fixture.afterPowerLoss()
                for record in log.dropFirst(Int(fixture.memory.coveredSequence)) {
                    try fixture.memory.restore(
                        .numbered(record.number), body: 1, status: 200, acceptedAt: record.at, remember: record.remember)
                }
                fixture.memory.restored(through: UInt64(log.count))
            }
        }
    }
}

extension MemoryFixture {
    /// As ``isKnown(_:)``, but an unknown event is left unknown.
    fileprivate func isKnownReleasing(_ number: Int) -> Bool {
        switch ask(number) {
        case .accepted: return true
        case .owner:
            memory.release(.numbered(number), answer: KeptAnswer(status: 500))
            return false
        default:
            Issue.record("neither known nor unknown: \(number)")
            return false
        }
    }
}
