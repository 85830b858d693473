import GatehouseTime
import Testing

@testable import GatehouseAudit

@Suite("Verifying a log")
struct LogVerifierTests {
    private let lines = makeLines(20)

    private var whole: [UInt8] { Array(lines.joined()) }

    @Test("an untouched log is good, however its bytes are cut into pieces and segments", arguments: [1, 7, 64, 500, 4_096, 1 << 20])
    func good(piece: Int) throws {
        for split in [0, 1, 10, 19, 20] {
            let outcome = verify([Array(lines[..<split].joined()), Array(lines[split...].joined())], piece: piece)
            #expect(outcome.isGood && outcome.records == 20 && outcome.head == head(of: lines[19]))
        }
    }

    @Test("an empty log is good, and is cut off where a head is known")
    func empty() {
        #expect(verify([]).isGood)
        #expect(verify([[]], synced: .empty).isGood)
        let outcome = verify([], synced: head(of: lines[4]))
        #expect(outcome.problem?.code == .cutOff && outcome.problem?.sequence == 1)
    }

    @Test("each single changed byte is found at its record (SEC-77)")
    func changedBytes() {
        let three = Array(lines[..<3].joined())
        let first = lines[0].count
        for position in first..<first + lines[1].count {
            var changed = three
            changed[position] ^= 1
            let outcome = verify([changed])
            #expect(outcome.problem?.sequence == 2, "byte \(position - first)")
            #expect(outcome.records == 1)
        }
    }

    @Test("a removed record is found, and is said to be missing (SEC-77)")
    func removed() {
        for index in 0..<19 {
            var copy = lines
            copy.remove(at: index)
            let problem = verify([Array(copy.joined())]).problem
            #expect(problem?.code == .removed && problem?.sequence == UInt64(index + 1))
        }
    }

    @Test("a missing segment is found (SEC-77)")
    func missingSegment() {
        let problem = verify([Array(lines[..<5].joined()), Array(lines[10...].joined())]).problem
        #expect(problem?.code == .removed && problem?.sequence == 6)
        let start = verify([Array(lines[5...].joined())]).problem
        #expect(start?.code == .removed && start?.sequence == 1)
    }

    @Test("swapped records are found at the first of them (SEC-77)")
    func swapped() {
        for (left, right) in [(0, 1), (3, 15), (18, 19)] {
            var copy = lines
            copy.swapAt(left, right)
            let problem = verify([Array(copy.joined())]).problem
            #expect(problem?.code == .reordered && problem?.sequence == UInt64(left + 1))
        }
    }

    @Test("a record that stands twice is found (SEC-77)")
    func inserted() {
        let problem = verify([Array((lines[..<8] + [lines[2]] + lines[8...]).joined())]).problem
        #expect(problem?.code == .inserted && problem?.sequence == 9)
    }

    @Test("records of another log are found where they begin (SEC-77)")
    func spliced() {
        let other = makeLines(20, node: "other")
        let problem = verify([Array((lines[..<8] + other[8...]).joined())]).problem
        #expect(problem?.code == .unlinked && problem?.sequence == 9)
    }

    @Test("a record made anew with its hash no longer fits the next one, or the head that is known (SEC-77)")
    func rehash() throws {
        var copy = lines
        let text = String(decoding: copy[7], as: UTF8.self).replacing("order.accepted", with: "order.rejected")
        copy[7] = rehashed(Array(text.utf8))
        #expect(
            verify([Array(copy.joined())]).problem
                == LogProblem(.unlinked, at: 9, "record 9 does not follow the record before it: one of them was made anew"))
        #expect(verify([Array(copy[..<8].joined())]).isGood)
        #expect(verify([Array(copy[..<8].joined())], known: [head(of: lines[7])]).problem?.code == .rewritten)
    }

    @Test("a log made anew from a record on shows only against a head kept elsewhere (SEC-77)")
    func rewritten() {
        let anew = Array(lines[..<10]) + makeLines(10, first: 1_000, after: head(of: lines[9]))
        #expect(verify([Array(anew.joined())]).isGood)
        let problem = verify([Array(anew.joined())], known: [head(of: lines[9]), head(of: lines[14])]).problem
        #expect(problem?.code == .rewritten && problem?.sequence == 15)
    }

    @Test("a log cut off is found against a known head, and only then (SEC-77)")
    func cutOff() {
        let cut = [Array(lines[..<12].joined())]
        #expect(verify(cut).isGood)
        let problem = verify(cut, synced: head(of: lines[19])).problem
        #expect(problem?.code == .cutOff && problem?.sequence == 13)
    }

    @Test("a tail torn beyond the synced head is a crash's, at every byte (SEC-79)")
    func torn() {
        let synced = head(of: lines[9])
        let kept = Array(lines[..<10].joined())
        for length in 0..<lines[10].count {
            let outcome = verify([kept + lines[10][..<length]], synced: synced)
            #expect(outcome.isGood && outcome.records == 10 && outcome.tornBytes == length, "cut after \(length) bytes")
        }
        let zeros = verify([kept + lines[10][..<100] + [UInt8](repeating: 0, count: 300_000)], synced: synced)
        #expect(zeros.isGood && zeros.tornBytes == 300_100)
        let hole = verify([kept + [UInt8](repeating: 0, count: 512) + Array(lines[11].dropFirst(512)) + lines[12]], synced: synced)
        #expect(hole.isGood && hole.records == 10)
    }

    @Test("the same damage before the synced head, or before a later segment, is no torn tail (SEC-79)")
    func notTorn() {
        let half = Array(lines[..<10].joined()) + lines[10][..<50]
        #expect(verify([half], synced: head(of: lines[10])).problem?.code == .cutOff)
        #expect(verify([half + lines[11]], synced: head(of: lines[11])).problem?.sequence == 11)
        let again = verify([Array(lines[..<10].joined()) + lines[9]], synced: head(of: lines[9]))
        #expect(again.problem?.code == .inserted && again.problem?.sequence == 11)
        let segments = verify([half, lines[11]], synced: head(of: lines[9]))
        #expect(segments.problem?.sequence == 11)
    }

    @Test("on a running log what follows the synced head is not looked at")
    func running() {
        let outcome = verify([Array(lines[..<10].joined()) + Array("garbage\n".utf8)], synced: head(of: lines[4]), running: true)
        #expect(outcome.isGood && outcome.records == 5 && outcome.head == head(of: lines[4]) && outcome.tornBytes == 0)
    }

    @Test("a line longer than a record can be is malformed and does not fill the memory")
    func longLine() {
        let long = Array(lines[0]) + [UInt8](repeating: 0x61, count: 3 * RecordLimit.line) + [0x0a] + lines[1]
        for piece in [1_000, 1 << 20] {
            let problem = verify([long], piece: piece).problem
            #expect(problem?.code == .malformed && problem?.sequence == 2)
        }
    }

    @Test("random damage before a known head is always found (SEC-77)")
    func randomDamage() {
        var random = SplitMix(state: 42)
        let known = head(of: lines[19])
        for round in 0..<2_000 {
            var copy = lines
            let index = Int(random.next() % 20)
            let other = Int(random.next() % 20)
            let kind = random.next() % 7
            switch kind {
            case 0: copy[index][Int(random.next() % UInt64(copy[index].count))] ^= UInt8(1 << (random.next() % 8))
            case 1: copy.remove(at: index)
            case 2: copy.insert(lines[other], at: index)
            case 3 where index != other: copy.swapAt(index, other)
            case 4: copy[index] = makeLines(20, node: "other")[index]
            case 5: copy[index].remove(at: Int(random.next() % UInt64(copy[index].count)))
            default: copy.removeLast(20 - index)
            }
            let outcome = verify([Array(copy.joined())], synced: known)
            #expect(!outcome.isGood || copy == lines, "round \(round), damage \(kind) at \(index), \(other): \(outcome)")
        }
    }

    @Test("the outcome is printed as the contract has it")
    func json() {
        let good = verify([whole])
        #expect(good.json == #"{"records":20,"ok":true,"head":"\#(head(of: lines[19]).hash)","checkpoints":0,"signatures_checked":false}"#)
        let bad = verify([Array(lines[1...].joined())])
        #expect(
            bad.json
                == #"{"records":0,"ok":false,"bad_record":1,"problem":"record 1 is missing; record 2 stands in its place","signatures_checked":false}"#
        )
    }
}

/// Sebastiano Vigna's generator: the same damage in every run.
private struct SplitMix {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
        return value ^ value >> 31
    }
}
