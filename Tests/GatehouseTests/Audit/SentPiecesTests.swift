import GatehouseTime
import Testing

@testable import Gatehouse

@Suite("What of forwarded records may yet be lost")
struct SentPiecesTests {
    private func time(_ seconds: UInt64) -> MonotonicTime { MonotonicTime(nanoseconds: seconds * 1_000_000_000) }

    private let patience: UInt64 = 2_000_000_000

    @Test("what was acknowledged and fits a receive buffer is never delivered by time alone")
    func unread() {
        var pieces = SentPieces()
        for record in UInt64(1)...10 { pieces.append(100, through: record) }
        let doubt = ForwardDoubt(unacknowledged: 0, unread: 300)
        #expect(pieces.settle(doubt, patience: patience, at: time(1)) == nil)
        #expect(pieces.acknowledged == 10 && pieces.settled == nil && pieces.areAcknowledged)
        #expect(pieces.settle(doubt, patience: patience, at: time(4)) == 7)
        #expect(pieces.settled == 10)
        #expect(pieces.settle(doubt, patience: patience, at: time(100_000)) == nil)
        // Another 250 bytes push what is before them out of it, once they are acknowledged.
        pieces.append(250, through: 12)
        #expect(!pieces.areAcknowledged)
        #expect(pieces.settle(ForwardDoubt(unacknowledged: 250, unread: 300), patience: patience, at: time(100_001)) == nil)
        #expect(pieces.settle(doubt, patience: patience, at: time(100_002)) == 9)
        #expect(pieces.acknowledged == 12 && pieces.settled == 10)
    }

    @Test("what is not acknowledged is neither settled nor delivered, and neither is what a connection did not outlive")
    func unacknowledged() {
        var pieces = SentPieces()
        for record in UInt64(1)...4 { pieces.append(100, through: record) }
        #expect(pieces.settle(ForwardDoubt(unacknowledged: 150, unread: 0), patience: patience, at: time(1)) == nil)
        #expect(pieces.acknowledged == 2 && !pieces.areAcknowledged)
        #expect(pieces.settle(ForwardDoubt(unacknowledged: 0, unread: 0), patience: patience, at: time(3)) == 2)
        #expect(pieces.acknowledged == 4 && pieces.settled == 2)
        #expect(pieces.settle(ForwardDoubt(unacknowledged: 0, unread: 0), patience: patience, at: time(5)) == 4)
    }

    @Test("a file that was synced is delivered at once")
    func file() {
        var pieces = SentPieces()
        pieces.append(100, through: 3)
        #expect(pieces.settle(.nothing, patience: 0, at: time(1)) == 3)
    }
}
