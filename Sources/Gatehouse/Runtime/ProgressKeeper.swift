import Dispatch
import GatehouseAudit
import GatehouseState
import GatehouseTime
import Logging
import Synchronization

/// Stores, about once a second, what a start must find durable: how far the log is synced, the highest time seen, and the uses of
/// credentials. On a queue of its own, since each store waits for the disk.
final class ProgressKeeper: Sendable {
    private let state: State
    private let log: Logger
    /// The replay memory's own time, which a wall clock that is wrong at boot does not lead astray.
    private let time: @Sendable () -> WallTime
    private let queue = DispatchQueue(label: "progress")
    private let pending: Mutex<Pending>

    private struct Pending {
        var head: ChainHead
        var tree: MerkleFrontier?
        var uses = CredentialUses()
        var isScheduled = false
    }

    init(state: State, progress: State.Progress, log: Logger, time: @escaping @Sendable () -> WallTime) {
        self.state = state
        self.log = log
        self.time = time
        pending = Mutex(Pending(head: progress.head, tree: progress.tree))
    }

    /// From the journal's thread; returns at once.
    func synced(_ head: ChainHead, _ tree: MerkleFrontier) {
        pending.withLock {
            $0.head = head
            $0.tree = tree
        }
        schedule()
    }

    /// From the loops, a batch at a time.
    func used(_ uses: [CredentialUse]) {
        guard !uses.isEmpty else { return }
        pending.withLock { $0.uses.merge(uses) }
        schedule()
    }

    /// Everything told so far is stored when this returns.
    func flush() { queue.sync { store() } }

    /// The same for callers that must not wait on a thread.
    func flush(_ done: @escaping @Sendable () -> Void) {
        queue.async {
            self.store()
            done()
        }
    }

    private func schedule() {
        let isFirst = pending.withLock { pending in
            defer { pending.isScheduled = true }
            return !pending.isScheduled
        }
        if isFirst { queue.async { self.store() } }
    }

    private func store() {
        let (head, tree, uses) = pending.withLock { pending in
            pending.isScheduled = false
            return (pending.head, pending.tree, pending.uses.take())
        }
        do throws(StateError) {
            try state.save(State.Progress(head: head, highestTime: time(), tree: tree), uses: uses)
        } catch {
            // The log stays the truth; a start then finds records beyond the stored head and keeps them.
            pending.withLock { $0.uses.merge(uses) }
            log.error("progress could not be stored", metadata: ["error": "\(error)"])
        }
    }
}
