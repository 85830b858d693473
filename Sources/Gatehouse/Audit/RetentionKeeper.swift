import Dispatch
import GatehouseAudit
import GatehousePolicy
import GatehouseState
import GatehouseTime
import Logging
import Synchronization

/// Deletes what `audit.keep` lets go, now and then, on a queue of its own: it reads what it deletes.
final class RetentionKeeper: Sendable {
    private let state: State
    private let journal: Journal
    private let replay: ReplayMemory
    private let log: Logger
    private let queue = DispatchQueue(label: "retention", qos: .utility)
    private let status = Mutex(Status())

    private struct Status {
        var isRunning = false
        var next = MonotonicTime(nanoseconds: 0)
        var problem: String?
    }

    init(state: State, journal: Journal, replay: ReplayMemory, log: Logger) {
        self.state = state
        self.journal = journal
        self.replay = replay
        self.log = log
    }

    /// Why nothing can be deleted; nil where it can.
    var problem: String? { status.withLock { $0.problem } }

    /// Called every second; looks at the log once a minute, or more often where records are kept for minutes only.
    ///
    /// - Parameter needed: the first record that others have yet to read.
    func look(keep: Duration, needed: UInt64?, at now: MonotonicTime) {
        guard journal.failure == nil else { return }
        let pause = min(60_000_000, max(1_000_000, keep.microseconds / 4))
        let isDue = status.withLock { status in
            guard !status.isRunning, now >= status.next else { return false }
            status.isRunning = true
            status.next = MonotonicTime(nanoseconds: now.nanoseconds + UInt64(clamping: pause) * 1_000)
            return true
        }
        guard isDue else { return }
        queue.async { self.run(keep, needed ?? .max, now) }
    }

    /// Returns when no run is under way, and none begins any more.
    func stop() {
        status.withLock { $0.next = MonotonicTime(nanoseconds: .max) }
        queue.sync {}
    }

    private func run(_ keep: Duration, _ needed: UInt64, _ now: MonotonicTime) {
        var problem: String?
        do {
            // A start looks for the head that the state keeps, and reads accepted events from the first that no file of the memory holds.
            let needed = min(needed, try state.progress().head.sequence, replay.coveredSequence + 1)
            // The memory's time, which a wall clock that is wrong at boot does not lead astray.
            let time = replay.time(at: now)
            let outcome = try Retention(directory: state.auditDirectory, signer: state.logSigner)
                .run(keep: keep, now: time, needed: needed) { record in try journal.recordAndWait(record.members, at: time) }
            if let outcome {
                log.notice(
                    "old audit segments were deleted",
                    metadata: [
                        "segments": "\(outcome.segments)", "first": "\(outcome.first)", "last": "\(outcome.last)",
                        "bytes": "\(outcome.bytes)",
                    ])
            }
        } catch {
            problem = "audit.keep deletes nothing: \(error)"
        }
        let isNew = status.withLock { status in
            defer {
                status.problem = problem
                status.isRunning = false
            }
            return problem != nil && status.problem != problem
        }
        if isNew, let problem { log.error("\(problem)") }
    }
}
