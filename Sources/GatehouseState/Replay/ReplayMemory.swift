public import GatehouseTime
public import GatehouseVerify
import Synchronization

/// Which events were accepted, and what they were answered with, for as long as a copy of one could still be fresh.
///
/// An event is reserved when every check has passed, and accepted when its record is synced or released when its handler failed; of any
/// number of simultaneous copies exactly one is the owner, the others wait for it (SEC-65). All of it may be called from any thread. The
/// calls on an event loop take one striped lock for well under a microsecond and do no I/O; files are read and written by two threads.
///
/// ## Memory and disk
/// Recent keys are kept exactly, about 100 bytes each. A keeper thread writes them, some 65,000 at a time, as immutable files sorted by
/// key, and merges four of a size into one, so that there are seldom more than twenty. For each file a filter of two bytes a key stays in
/// memory; where it says that a key may be there, one page is read. Not a table in SQLite: keys are random 16-byte values, so each bulk
/// save into a B-tree would rewrite most of its pages, where sorted files are written once and merged four or five times in their life.
///
/// ## Restart
/// ``coveredSequence`` says how much of the audit log the files cover; what it accepted since is handed to
/// ``restore(_:body:status:acceptedAt:remember:)``. For that to be right, ``journalSynced(through:)`` must be told of every sync before its
/// answers are released, and ``accept(_:answer:remember:now:synced:)`` must be called after its record was synced. Then the files never
/// hold a key beyond the log's last record, and no key of a record up to `coveredSequence` is missing from them.
public final class ReplayMemory: Sendable {
    let options: Options
    let directory: String
    let clock: any GatewayClock
    let steady: SteadyClock
    let stripes: [ReplayStripe]
    let answers: AnswerFiles
    /// Runs look-ups and appends answers.
    let reader = WorkerThread(name: "replay-reader")
    /// Saves, merges and removes files.
    let keeperThread = WorkerThread(name: "replay-keeper")
    let keeper: ReplayKeeper
    let synced = Atomic<UInt64>(0)
    let counters = Counters()

    /// Sizes and intervals; the defaults are for a gateway.
    public struct Options: Sendable {
        /// Recent keys that are saved together.
        public var saveEntries = 65_536
        /// Recent keys are saved at least this often.
        public var saveInterval = Duration.seconds(60)
        /// Beyond this many keys that could not be saved, new ones are refused.
        public var recentLimit = 1_048_576
        /// Kept answers on disk, in bytes; the oldest go first.
        public var answersLimit = 4 << 30
        /// Kept answers in memory that wait to be written, in bytes; beyond it only the status is kept.
        public var unwrittenLimit = 16 << 20
        var answersFile = 32 << 20

        public init() {}
    }

    struct Counters: ~Copyable, Sendable {
        let lookups = Atomic<Int>(0)
        let falsePositives = Atomic<Int>(0)
        let lostAnswers = Atomic<Int>(0)
        let unwritten = Atomic<Int>(0)
    }

    /// Opens the memory in `directory`, which is made where it is missing.
    ///
    /// - Parameters:
    ///   - highest: the highest time stored by the state: the memory's clock begins there where the wall clock is behind.
    ///   - hold: the longest `tolerance` and `future` of any endpoint together. For so long after a start nothing expires on account of
    ///     time that passed while the gateway was stopped, for the wall clock may have been set forward.
    /// - Throws: `damaged` where a file is missing or was changed, with what to do; nothing is forgotten silently.
    public init(
        directory: String, highest: WallTime, hold: Duration = .seconds(360), clock: any GatewayClock, options: Options = Options()
    ) throws(StateError) {
        let opened = try ReplayDirectory(directory, options: options)
        let list = SegmentList(opened.segments)
        stripes = (0..<Self.stripeCount).map { _ in ReplayStripe(list) }
        answers = opened.answers
        keeper = ReplayKeeper(manifest: opened.manifest, list: list)
        synced.store(opened.manifest.covered, ordering: .relaxed)
        steady = SteadyClock(clock: clock, highest: max(highest, WallTime(microseconds: opened.manifest.steady)), hold: hold)
        self.directory = directory
        self.clock = clock
        self.options = options
        try reader.start()
        try keeperThread.start(every: .seconds(1)) { [weak self] in self?.keep() }
    }

    deinit {
        reader.stop()
        keeperThread.stop()
    }

    /// Makes the caller the owner of an event that is not known, or says what is known.
    ///
    /// - Parameter body: the first eight bytes of the body's SHA-256.
    public func reserve(_ key: EventKey, body: UInt64, now: MonotonicTime) -> Reservation {
        let second = steady.second(at: now)
        let floor = synced.load(ordering: .relaxed)
        return stripe(of: key).state.withLock { state in
            if state.pending.find(key) != nil { return .pending }
            if let entry = state.remembered(key, second) {
                guard entry.answer.file == 0 else { return .pending }
                return .known(KeptAnswer(status: entry.answer.status), sameBody: entry.body == body)
            }
            if state.segments.mayContain(key) { return .pending }
            guard !state.closed, state.recent.count < options.recentLimit / Self.stripeCount else { return .unavailable }
            state.pending.insert(PendingEntry(key: key, body: body, floor: floor, phase: .reserved))
            return .new
        }
    }

    /// What is known of an event, without making the caller its owner: `new` says that nothing is. After `pending`,
    /// ``join(_:body:now:_:)`` tells.
    public func look(_ key: EventKey, body: UInt64, now: MonotonicTime) -> Reservation {
        let second = steady.second(at: now)
        return stripe(of: key).state.withLock { state in
            if state.pending.find(key) != nil { return .pending }
            guard let entry = state.remembered(key, second) else { return state.segments.mayContain(key) ? .pending : .new }
            guard entry.answer.file == 0 else { return .pending }
            return .known(KeptAnswer(status: entry.answer.status), sameBody: entry.body == body)
        }
    }

    /// The event was accepted: from now on for `remember`, copies of it get `answer`. Those who wait get it now.
    ///
    /// - Parameter synced: false where the handler took the event and its record could not be synced: the key stays accepted in memory, and
    ///   ``settle(_:)`` is owed when a record of it is synced after all.
    /// - Precondition: the caller is the event's owner.
    public func accept(_ key: EventKey, answer: KeptAnswer, remember: Duration, now: MonotonicTime, synced: Bool = true) {
        let expires = SteadyClock.lastSecond(steady.acceptance(at: now) + remember)
        let shared = synced ? answers.common(answer, expires: expires) : nil
        let storing = synced && shared == nil && claimRoom(for: answer)
        let (waiters, owner, full) = stripe(of: key).state.withLock { state -> ([ReplayStripe.Waiter], UInt64, Bool) in
            guard let index = state.pending.find(key), state.pending[index].phase == .reserved else {
                preconditionFailure("an event is accepted by its owner, once")
            }
            let body = state.pending[index].body
            if storing || !synced {
                let waiters = state.takeWaiters(at: index)
                state.keep(answer, expires: expires, at: index)
                state.pending[index].phase = synced ? .storing : .held
                return (waiters, body, false)
            }
            let waiters = state.end(at: index)
            if let shared { state.shared.append(SharedAnswer(key: key, answer: shared, expires: expires)) }
            state.recent.insert(
                ReplayEntry(key: key, body: body, answer: shared ?? AnswerReference(status: answer.status), expires: expires))
            return (waiters, body, state.recent.count == saveThreshold)
        }
        if full { keeperThread.wake() }
        for waiter in waiters { waiter.completion(.accepted(answer, sameBody: waiter.body == owner)) }
        if storing { store(key, answer, expires: expires) }
    }

    /// A record of an event that was accepted without one has been synced.
    public func settle(_ key: EventKey) {
        let kept = stripe(of: key).state.withLock { state -> ReplayStripe.Kept? in
            guard let index = state.pending.find(key), state.pending[index].phase == .held, let kept = state.rooms[key]?.kept else {
                return nil
            }
            if claimRoom(for: kept.answer) {
                state.pending[index].phase = .storing
                return kept
            }
            let body = state.pending[index].body
            _ = state.end(at: index)
            state.recent.insert(
                ReplayEntry(key: key, body: body, answer: AnswerReference(status: kept.answer.status), expires: kept.expires))
            return nil
        }
        if let kept { store(key, kept.answer, expires: kept.expires) }
    }

    /// The handler did not take the event: it is as unknown as before, and those who wait get `answer`.
    ///
    /// - Precondition: the caller is the event's owner.
    public func release(_ key: EventKey, answer: KeptAnswer) {
        let (waiters, owner) = stripe(of: key).state.withLock { state -> ([ReplayStripe.Waiter], UInt64) in
            guard let index = state.pending.find(key), state.pending[index].phase == .reserved else {
                preconditionFailure("an event is released by its owner, once")
            }
            let body = state.pending[index].body
            return (state.end(at: index), body)
        }
        for waiter in waiters { waiter.completion(.failed(answer, sameBody: waiter.body == owner)) }
    }

    /// The handler is late: those who wait get `answer` as a failure, while the event stays reserved for what the handler may still say.
    ///
    /// - Precondition: the caller is the event's owner.
    public func announceFailure(_ key: EventKey, answer: KeptAnswer) {
        let (waiters, owner) = stripe(of: key).state.withLock { state -> ([ReplayStripe.Waiter], UInt64) in
            guard let index = state.pending.find(key), state.pending[index].phase == .reserved else {
                preconditionFailure("a failure is announced by the event's owner")
            }
            return (state.takeWaiters(at: index), state.pending[index].body)
        }
        for waiter in waiters { waiter.completion(.failed(answer, sameBody: waiter.body == owner)) }
    }

    @inline(__always) func stripe(of key: EventKey) -> ReplayStripe { stripes[Int(truncatingIfNeeded: key.low) & (Self.stripeCount - 1)] }

    /// A stripe this full has the keeper save all of them.
    var saveThreshold: Int { max(1, options.saveEntries / Self.stripeCount) }

    static let stripeCount = 64
}
