public import GatehouseTime
public import GatehouseVerify
import Synchronization

extension ReplayMemory {
    /// Accepted events of records up to this `seq` of the audit log need not be restored.
    public var coveredSequence: UInt64 { keeper.covered.load(ordering: .acquiring) }

    /// The memory's clock, which never goes back. To be stored once a second, and handed back as `highest`.
    public func time(at now: MonotonicTime) -> WallTime { steady.time(at: now) }

    /// Takes in an event that the log's tail says was accepted, before the first ``reserve(_:body:now:)``. Restoring what is known already
    /// does no harm.
    ///
    /// - Parameters:
    ///   - status: what the sender was answered; the rest of a kept answer is found again where it was written before the crash.
    ///   - acceptedAt: the record's time. Where this clock has gone ahead of the wall clock, the event is kept longer by as much.
    public func restore(_ key: EventKey, body: UInt64, status: Int, acceptedAt: WallTime, remember: Duration) throws(StateError) {
        let expires = SteadyClock.lastSecond(acceptedAt + remember + steady.lead)
        guard expires >= steady.second(at: clock.monotonic) else { return }
        let list = stripe(of: key).state.withLock { $0.segments }
        if list.mayContain(key), let entry = try list.find(key), entry.expires >= expires { return }
        let entry = ReplayEntry(key: key, body: body, answer: answers.found(key) ?? AnswerReference(status: status), expires: expires)
        stripe(of: key).state.withLock { $0.recent.insert(entry) }
    }

    /// The log's tail was restored; its last record is `sequence`.
    public func restored(through sequence: UInt64) {
        answers.forgetFound()
        journalSynced(through: sequence)
    }

    /// The log is durable up to `sequence`. Called by its writer after each sync, before the answers of that batch are released.
    public func journalSynced(through sequence: UInt64) { synced.store(sequence, ordering: .releasing) }

    /// Saves what is in memory and ends the threads. Those who still wait get ``Resolution/unavailable``, as does whoever asks later;
    /// events in flight may still be accepted or released. A failure costs the next start time, not knowledge.
    public func close() throws(StateError) {
        var waiters: [ReplayStripe.Waiter] = []
        for stripe in stripes {
            waiters += stripe.state.withLock { state in
                state.closed = true
                let waiters = state.rooms.values.flatMap(\.waiters)
                for key in state.rooms.keys { state.rooms[key]?.waiters = [] }
                return waiters
            }
        }
        for waiter in waiters { waiter.completion(.unavailable) }
        keeper.stopping.store(true, ordering: .relaxed)
        reader.stop()
        keeperThread.stop()
        try save()
    }

    /// Figures for metrics and `status`.
    public struct Statistics: Sendable, Hashable {
        /// Keys in memory and in files; some of the latter may have expired.
        public var entries = 0
        public var recent = 0
        /// In flight, or accepted and not yet settled.
        public var pending = 0
        public var segments = 0
        /// Of segments and kept answers on disk.
        public var bytes = 0
        /// Look-ups in files, and those of them where a filter had been wrong.
        public var lookups = 0
        public var falsePositives = 0
        /// Answers of which only the status could be kept.
        public var lostAnswers = 0
        /// What keeps the memory from saving or reading, as a message for the operator.
        public var problem: String?
    }

    public var statistics: Statistics {
        var statistics = Statistics()
        for stripe in stripes {
            stripe.state.withLock { state in
                statistics.recent += state.recent.count + (state.sweeping?.count ?? 0)
                statistics.pending += state.pending.count
            }
        }
        let list = stripes[0].state.withLock { $0.segments }
        statistics.segments = list.segments.count
        statistics.entries = list.segments.reduce(statistics.recent) { $0 + $1.count }
        statistics.bytes = list.segments.reduce(answers.bytes) { $0 + $1.header.fileBytes }
        statistics.lookups = counters.lookups.load(ordering: .relaxed)
        statistics.falsePositives = counters.falsePositives.load(ordering: .relaxed)
        statistics.lostAnswers = counters.lostAnswers.load(ordering: .relaxed)
        statistics.problem = keeper.problem
        return statistics
    }
}
