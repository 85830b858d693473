import GatehouseVerify
import Synchronization

/// One part of the keys, behind a lock of its own that is held for some hundred instructions and never over a read or a write.
final class ReplayStripe: Sendable {
    let state: Mutex<State>

    init(_ segments: SegmentList) { state = Mutex(State(segments: segments)) }

    struct State: Sendable {
        var pending = KeyTable<PendingEntry>()
        /// Accepted and synced, not yet handed to the keeper.
        var recent = KeyTable<ReplayEntry>()
        /// Handed to the keeper, who writes a segment of them.
        var sweeping: KeyTable<ReplayEntry>?
        var segments: SegmentList
        /// Those of the recent ones whose answer stands under no event's key, until that is written down.
        var shared: [SharedAnswer] = []
        /// Beside the pending entries: who waits, and answers that are not on the disk.
        var rooms: [EventKey: Room] = [:]
        var tickets: UInt64 = 0
        var closed = false

        init(segments: SegmentList) { self.segments = segments }

        /// The entry in memory, if it has not expired.
        @inline(__always) func remembered(_ key: EventKey, _ second: UInt32) -> ReplayEntry? {
            if let index = recent.find(key), recent[index].expires >= second { return recent[index] }
            if let sweeping, let index = sweeping.find(key), sweeping[index].expires >= second { return sweeping[index] }
            return nil
        }

        /// Removes the pending entry and returns those who wait for it.
        mutating func end(at index: Int) -> [Waiter] {
            let entry = pending[index]
            pending.remove(at: index)
            guard entry.hasRoom else { return [] }
            return rooms.removeValue(forKey: entry.key)?.waiters ?? []
        }

        /// Those who wait for an entry that stays.
        mutating func takeWaiters(at index: Int) -> [Waiter] {
            guard pending[index].hasRoom, let waiters = rooms[pending[index].key]?.waiters else { return [] }
            rooms[pending[index].key]?.waiters = []
            return waiters
        }

        /// Keeps an accepted answer beside its pending entry.
        mutating func keep(_ answer: KeptAnswer, expires: UInt32, at index: Int) {
            pending[index].hasRoom = true
            rooms[pending[index].key, default: Room()].kept = Kept(answer: answer, expires: expires)
        }

        mutating func addWaiter(_ body: UInt64, _ completion: @escaping @Sendable (Resolution) -> Void, at index: Int) -> UInt64 {
            tickets += 1
            pending[index].hasRoom = true
            rooms[pending[index].key, default: Room()].waiters.append(Waiter(ticket: tickets, body: body, completion: completion))
            return tickets
        }
    }

    struct Waiter: Sendable {
        var ticket: UInt64
        var body: UInt64
        var completion: @Sendable (Resolution) -> Void
    }

    struct Room: Sendable {
        var waiters: [Waiter] = []
        var kept: Kept?
    }

    struct Kept: Sendable {
        var answer: KeptAnswer
        var expires: UInt32
    }
}
