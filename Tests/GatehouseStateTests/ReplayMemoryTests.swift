import Dispatch
import GatehouseTime
import GatehouseVerify
import Synchronization
import Testing

@testable import GatehouseState

@Suite("What the replay memory says while it runs")
struct ReplayMemoryTests {
    @Test("an accepted event is known, with its answer's status")
    func accepted() throws {
        let fixture = try MemoryFixture()
        #expect(fixture.reserve(1) == .new)
        fixture.accept(1, KeptAnswer(status: 204))
        #expect(fixture.reserve(1) == .known(KeptAnswer(status: 204), sameBody: true))
        #expect(fixture.reserve(2) == .new)
    }

    @Test("the same event with another body is told apart, while in flight and afterwards")
    func conflict() throws {
        let fixture = try MemoryFixture()
        #expect(fixture.reserve(1, body: 7) == .new)
        let waiting = Resolutions()
        _ = fixture.memory.join(.numbered(1), body: 8, now: fixture.clock.monotonic, waiting.add)
        fixture.accept(1)
        waiting.wait()
        #expect(waiting.all == [.accepted(KeptAnswer(status: 200), sameBody: false)])
        #expect(fixture.reserve(1, body: 8) == .known(KeptAnswer(status: 200), sameBody: false))
        #expect(fixture.reserve(1, body: 7) == .known(KeptAnswer(status: 200), sameBody: true))
    }

    @Test("SEC-65: of 32 simultaneous copies one is the owner, and all others get its answer")
    func simultaneousCopies() throws {
        let fixture = try MemoryFixture()
        for number in 0..<50 {
            let owners = Atomic<Int>(0)
            let waiting = Resolutions()
            let answer = KeptAnswer(status: 201, contentType: "text/plain", body: Array("number \(number)".utf8))
            DispatchQueue.concurrentPerform(iterations: 32) { _ in
                switch fixture.reserve(number) {
                case .new:
                    owners.add(1, ordering: .relaxed)
                    fixture.accept(number, answer)
                case .pending:
                    _ = fixture.memory.join(.numbered(number), body: 1, now: fixture.clock.monotonic, waiting.add)
                case .known(let known, _): waiting.add(.accepted(known, sameBody: true))
                case .unavailable: waiting.add(.unavailable)
                }
            }
            waiting.wait(31)
            #expect(owners.load(ordering: .relaxed) == 1)
            #expect(waiting.all.count == 31)
            #expect(waiting.all.allSatisfy { $0 == .accepted(answer, sameBody: true) })
        }
    }

    @Test("SEC-65: a failed handler frees the key; those who waited get the failure, a later request is new")
    func failure() throws {
        let fixture = try MemoryFixture()
        #expect(fixture.reserve(1) == .new)
        let waiting = Resolutions()
        for _ in 0..<3 { #expect(fixture.memory.join(.numbered(1), body: 1, now: fixture.clock.monotonic, waiting.add) != nil) }
        fixture.memory.release(.numbered(1), answer: KeptAnswer(status: 502))
        waiting.wait(3)
        #expect(waiting.all == Array(repeating: .failed(KeptAnswer(status: 502), sameBody: true), count: 3))
        #expect(fixture.reserve(1) == .new)
    }

    @Test("a late handler's failure is announced, and its success still counts afterwards")
    func lateSuccess() throws {
        let fixture = try MemoryFixture()
        #expect(fixture.reserve(1) == .new)
        let waiting = Resolutions()
        _ = fixture.memory.join(.numbered(1), body: 1, now: fixture.clock.monotonic, waiting.add)
        fixture.memory.announceFailure(.numbered(1), answer: KeptAnswer(status: 504))
        waiting.wait()
        #expect(waiting.all == [.failed(KeptAnswer(status: 504), sameBody: true)])
        #expect(fixture.reserve(1) == .pending)
        fixture.accept(1)
        #expect(fixture.isKnown(1))
    }

    @Test("who leaves is not called")
    func leaving() throws {
        let fixture = try MemoryFixture()
        #expect(fixture.reserve(1) == .new)
        let waiting = Resolutions()
        let ticket = try #require(fixture.memory.join(.numbered(1), body: 1, now: fixture.clock.monotonic, waiting.add))
        #expect(fixture.memory.leave(.numbered(1), ticket))
        #expect(!fixture.memory.leave(.numbered(1), ticket))
        fixture.accept(1)
        #expect(waiting.all.isEmpty)
    }

    @Test("who asks again after the owner has finished gets the end at once")
    func joiningLate() throws {
        let fixture = try MemoryFixture()
        let waiting = Resolutions()
        #expect(fixture.memory.join(.numbered(1), body: 1, now: fixture.clock.monotonic, waiting.add) == nil)
        #expect(waiting.all == [.owner])
        fixture.accept(1)
        _ = fixture.memory.join(.numbered(1), body: 1, now: fixture.clock.monotonic, waiting.add)
        #expect(waiting.all.last == .accepted(KeptAnswer(status: 200), sameBody: true))
    }

    @Test("a kept answer comes back whole, at once and after it was written", arguments: [0, 1, 4_095, 4_096])
    func keptAnswer(length: Int) throws {
        let fixture = try MemoryFixture()
        let answer = KeptAnswer(status: 202, contentType: "application/json", body: (0..<length).map { UInt8(truncatingIfNeeded: $0) })
        #expect(fixture.reserve(1) == .new)
        fixture.accept(1, answer)
        #expect(fixture.ask(1) == .accepted(answer, sameBody: true))
        try fixture.memory.close()
        let again = try MemoryFixture(fixture.directory)
        #expect(again.ask(1) == .accepted(answer, sameBody: true))
    }

    @Test("of an answer longer than 4 KiB the body is left out")
    func longAnswer() {
        #expect(KeptAnswer(status: 200, body: [UInt8](repeating: 1, count: 4_097)).body.isEmpty)
    }

    @Test("an answer for which there is no room is kept as its status")
    func answersBeyondTheLimit() throws {
        let directory = try TemporaryDirectory()
        let clock = StandingClock()
        var options = ReplayMemory.Options()
        options.unwrittenLimit = 0
        let memory = try ReplayMemory(directory: directory.file("replay"), highest: clock.now, clock: clock, options: options)
        #expect(memory.reserve(.numbered(1), body: 1, now: clock.monotonic) == .new)
        memory.accept(.numbered(1), answer: KeptAnswer(status: 200, body: [1]), remember: .seconds(60), now: clock.monotonic)
        #expect(memory.reserve(.numbered(1), body: 1, now: clock.monotonic) == .known(KeptAnswer(status: 200), sameBody: true))
        #expect(memory.statistics.lostAnswers == 1)
    }

    @Test("SEC-62: an event is known up to and at the end of its time, and not two seconds later", arguments: [true, false])
    func expiry(saved: Bool) throws {
        let fixture = try MemoryFixture()
        fixture.take(1, remember: .seconds(360))
        if saved { try fixture.memory.save() }
        fixture.clock.advance(.seconds(360))
        #expect(fixture.isKnown(1))
        fixture.clock.advance(.seconds(2))
        #expect(fixture.take(1))
    }

    @Test("SEC-62: a wall clock set forward or back makes nothing be forgotten")
    func steppedClock() throws {
        let fixture = try MemoryFixture()
        fixture.take(1)
        let start = fixture.clock.now
        fixture.clock.setWall(start + .seconds(365 * 86_400))
        #expect(fixture.isKnown(1))
        fixture.clock.setWall(start - .seconds(365 * 86_400))
        #expect(fixture.isKnown(1))
        fixture.clock.advance(.seconds(3_602))
        #expect(!fixture.isKnown(1))
    }

    @Test("SEC-65: where nothing can be saved new events are refused at the limit, known ones stay known, and it heals by itself")
    func fullDisk() throws {
        let fixture = try MemoryFixture(saveEntries: 1 << 20, recentLimit: 64 * 4)
        let path = fixture.directory.file("replay")
        try FileSystem.rename(path, to: path + "-away")
        var accepted: [Int] = []
        var refused = 0
        for number in 0..<1_000 {
            switch fixture.reserve(number) {
            case .new:
                fixture.accept(number)
                accepted.append(number)
            case .unavailable: refused += 1
            default: Issue.record("number \(number) is neither new nor refused")
            }
        }
        #expect(refused > 700)
        #expect(throws: StateError.self) { try fixture.memory.save() }
        #expect(fixture.memory.statistics.problem?.contains("replay") == true)
        #expect(accepted.allSatisfy { fixture.isKnown($0) })
        try FileSystem.rename(path + "-away", to: path)
        try fixture.memory.save()
        #expect(fixture.memory.statistics.problem == nil)
        #expect(accepted.allSatisfy { fixture.isKnown($0) })
        #expect(fixture.take(5_000))
    }

    @Test("a closed memory takes nothing on, and whoever waits is told")
    func closing() throws {
        let fixture = try MemoryFixture()
        #expect(fixture.reserve(1) == .new)
        let waiting = Resolutions()
        _ = fixture.memory.join(.numbered(1), body: 1, now: fixture.clock.monotonic, waiting.add)
        try fixture.memory.close()
        #expect(waiting.all == [.unavailable])
        #expect(fixture.reserve(2) == .unavailable)
    }
}
