public import GatehouseAudit
public import GatehouseTime

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// The audit log being written: records from any thread, committed in groups by a thread of its own.
///
/// While one group is being synced the next one gathers, so a sync is shared by as many records as arrive during it, and under load by some
/// more (`JournalOptions.gathering`). An entry's completion comes only after its record is durable, or after it is certain that it never
/// will be.
public final class Journal: Sendable {
    private let mailbox: Mailbox<JournalEntry, JournalWriter>
    private let state = JournalState()
    private let handlers: JournalHandlers
    private let thread: WriterThread
    private let clock: any GatewayClock

    /// Opens the log of a directory, which exists, and starts the writer.
    ///
    /// Everything after `expected` is checked. Bad lines beyond it at the log's end are a crash's torn tail: cut off, and a `system`
    /// record says so.
    ///
    /// - Parameters:
    ///   - node: the name under which records are written.
    ///   - expected: the synced head as it was last kept outside the log; nil where none ever was.
    ///   - tree: over the records up to `expected`, kept with it. Without it the whole log is read again.
    /// - Throws: ``JournalError/Code/tampered`` where `expected` is not in the log, or a record between it and the last segment is bad.
    public static func open(
        directory: String, node: String, expected: ChainHead?, tree: MerkleFrontier? = nil, options: JournalOptions = JournalOptions(),
        handlers: JournalHandlers = JournalHandlers(), clock: some GatewayClock = SystemClock()
    ) throws(JournalError) -> (Journal, JournalReport) {
        try open(
            storage: DirectoryStorage(directory: directory), node: node, expected: expected, tree: tree, options: options,
            handlers: handlers,
            clock: clock)
    }

    package static func open(
        storage: some JournalStorage, node: String, expected: ChainHead?, tree: MerkleFrontier? = nil,
        options: JournalOptions = JournalOptions(),
        handlers: JournalHandlers = JournalHandlers(), clock: some GatewayClock = SystemClock()
    ) throws(JournalError) -> (Journal, JournalReport) {
        let start = try JournalStart(storage: storage, expected: expected ?? .empty, tree: tree, key: options.signer?.key).open()
        let journal = try Journal(storage: storage, node: node, start: start, options: options, handlers: handlers, clock: clock)
        var report = start.report
        if report.cutBytes > 0 {
            do throws(JournalError) {
                try journal.recordRepair(start, at: clock.now)
            } catch {
                journal.close()
                throw error
            }
            report.head = journal.head
        }
        return (journal, report)
    }

    private init(
        storage: some JournalStorage, node: String, start: JournalStart.Outcome, options: JournalOptions, handlers: JournalHandlers,
        clock: some GatewayClock
    ) throws(JournalError) {
        self.handlers = handlers
        self.clock = clock
        let writer = JournalWriter(storage: storage, node: node, start: start, options: options, handlers: handlers, shared: state)
        let mailbox = Mailbox<JournalEntry, JournalWriter>(gathering: Gathering(longest: options.gathering))
        self.mailbox = mailbox
        do throws(StateError) {
            thread = try WriterThread(name: "journal", UncheckedTransfer(writer)) { writer in
                var entries: [JournalEntry] = []
                while mailbox.take(&entries, until: writer.deadline) {
                    if !entries.isEmpty { writer.commit(&entries, clock: clock) }
                    writer.tick(at: clock)
                    for job in mailbox.takeJobs() { job(writer) }
                }
                for job in mailbox.takeJobs() { job(writer) }
                writer.finish(at: clock)
            }
        } catch {
            throw JournalError(.system, error.message)
        }
    }

    /// Hands a record to the writer; returns at once. ``JournalHandlers/deliver`` tells the outcome.
    public func submit(_ entry: JournalEntry) {
        if !mailbox.put(entry) { refuse([entry]) }
    }

    /// As ``submit(_:)`` for several: one lock and at most one wake-up for all.
    public func submit(_ entries: [JournalEntry]) {
        guard !entries.isEmpty else { return }
        if !mailbox.put(entries) { refuse(entries) }
    }

    /// Records something and returns its `seq` when it is durable.
    public func record(_ members: [UInt8], at time: WallTime) async throws -> UInt64 {
        try await withCheckedThrowingContinuation { continuation in
            submit(JournalEntry(members: members, time: time, completion: { continuation.resume(with: $0) }))
        }
    }

    /// As ``record(_:at:)``, blocking: for commands, start and stop. Never on an event loop or the writer's thread.
    @discardableResult
    public func recordAndWait(_ members: [UInt8], at time: WallTime) throws(JournalError) -> UInt64 {
        let outcome = Handover<Result<UInt64, JournalError>>()
        submit(JournalEntry(members: members, time: time, completion: { outcome.put($0) }))
        return try outcome.take().get()
    }

    /// The last record known durable.
    public var head: ChainHead { state.head }

    /// ``head`` with the Merkle tree over the records up to it.
    public var progress: (head: ChainHead, tree: MerkleFrontier) {
        let values = state.current
        return (values.head, values.tree)
    }

    /// A signed checkpoint of the log as it is now; it stands in the log on return. Blocks; never on an event loop or the writer's thread.
    public func checkpoint() throws(JournalError) -> SignedCheckpoint {
        let outcome = Handover<Result<SignedCheckpoint, JournalError>>()
        makeCheckpoint { outcome.put($0) }
        return try outcome.take().get()
    }

    /// As the other ``checkpoint()``, without blocking.
    public func checkpoint() async throws -> SignedCheckpoint {
        try await withCheckedThrowingContinuation { continuation in makeCheckpoint { continuation.resume(with: $0) } }
    }

    private func makeCheckpoint(_ completion: @escaping @Sendable (Result<SignedCheckpoint, JournalError>) -> Void) {
        let clock = clock
        let taken = mailbox.put { writer in
            do throws(JournalError) {
                completion(.success(try writer.checkpoint(at: clock)))
            } catch {
                completion(.failure(error))
            }
        }
        if !taken { completion(.failure(JournalError(.closed, "the journal is closed"))) }
    }

    /// In force from the next batch on; a segment that is full by a new measure is followed by another one then. Does nothing once closed.
    public func apply(_ changes: JournalChanges) { _ = mailbox.put { writer in writer.apply(changes) } }

    /// Why records cannot be made durable at the moment; nil while they can.
    public var failure: JournalError? { state.failure }

    /// Whether ``failure`` is set; one load, for every request to ask.
    public var isFailing: Bool { state.isFailing }

    public var statistics: JournalStatistics { state.current.statistics }

    /// Commits what was submitted, announces the head, closes the file; returns when the writer has ended. What is submitted later fails.
    /// May be called more than once; blocks, and is never called by a handler.
    public func close() {
        mailbox.close()
        thread.join()
    }

    deinit { mailbox.close() }

    private func refuse(_ entries: [JournalEntry]) {
        let error = JournalError(.closed, "the journal is closed")
        handlers.deliver(JournalBatch(entries: entries, firstSequence: 0), error)
        for entry in entries { entry.completion?(.failure(error)) }
    }

    private func recordRepair(_ start: JournalStart.Outcome, at now: WallTime) throws(JournalError) {
        let record = SystemRecord(
            .journalRepaired,
            [
                .init("after", .number(Int64(clamping: start.report.head.sequence))),
                .init("cut_bytes", .number(Int64(start.report.cutBytes))),
                .init("cut_sha256", .text(start.cutDigest?.description ?? "")), .init("segment", .text(start.name)),
            ])
        try recordAndWait(record.members, at: now)
    }
}
