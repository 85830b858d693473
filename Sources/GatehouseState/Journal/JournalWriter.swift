internal import GatehouseAudit
internal import GatehouseTime

/// Commits batches to the log: the state machine of the writer's thread, which alone calls it.
///
/// It works, or it fails. From working it comes to failing by a write, sync or companion that failed, a segment that could not be begun,
/// or a file system too full. From failing it comes back only by ``recover(at:)``, never by a second sync of what failed once: after a
/// failed sync the kernel holds the pages for clean and a further one says yes to what is lost.
final class JournalWriter {
    private let storage: any JournalStorage
    private var options: JournalOptions
    private let handlers: JournalHandlers
    private let shared: JournalState
    private var chain: Chain
    private var tree: MerkleFrontier
    private let merkle = MerkleHasher()
    private let signer: CheckpointSigner?
    /// The `seq` of the last checkpoint's record, and what it says; 0 where this writer wrote none.
    private var checkpointRecord: UInt64 = 0
    private var lastCheckpoint: SignedCheckpoint?
    private var nextCheckpoint: MonotonicTime?

    private var file: (any JournalFile)?
    private var name: String
    /// When the segment was begun, as its name says.
    private var begun: WallTime?
    /// Bytes of the segment that are synced.
    private var offset: Int
    private var buffer: [UInt8] = []
    private var lastTime = WallTime(microseconds: .min)

    private var failure: JournalError?
    /// Members of failed entries, amended, to be recorded when the journal works again.
    private var kept: [(members: [UInt8], time: WallTime)] = []
    private var unrecorded: UInt64 = 0
    private var nextTry = MonotonicTime(nanoseconds: 0)
    private var nextSpaceCheck = MonotonicTime(nanoseconds: 0)
    private var announced: ChainHead
    private var nextAnnouncement = MonotonicTime(nanoseconds: 0)

    private static let second: UInt64 = 1_000_000_000

    init(
        storage: any JournalStorage, node: String, start: JournalStart.Outcome, options: JournalOptions, handlers: JournalHandlers,
        shared: JournalState
    ) {
        self.storage = storage
        self.options = options
        self.handlers = handlers
        self.shared = shared
        chain = Chain(node: node, head: start.report.head)
        file = start.file
        name = start.name
        begun = SegmentName.begun(start.name)
        offset = start.offset
        announced = start.report.head
        tree = start.tree
        signer = options.signer
        checkpointRecord = start.report.head.sequence
        shared.update {
            $0.head = start.report.head
            $0.tree = start.tree
        }
    }

    /// When ``tick(at:)`` has something to do.
    var deadline: MonotonicTime {
        if failure != nil { return nextTry }
        let announcement = announced == chain.head ? nextSpaceCheck : nextAnnouncement
        return min(nextSpaceCheck, announcement, nextCheckpoint ?? nextSpaceCheck)
    }

    /// Makes the entries durable, or not, and says which; `entries` is empty afterwards.
    func commit(_ entries: inout [JournalEntry], clock: some GatewayClock) {
        let batch = JournalBatch(entries: entries, firstSequence: chain.head.sequence + 1)
        entries = []
        defer { entries = reuse(batch) }
        do throws(JournalError) {
            if let failure { throw failure }
            let taken = clock.monotonic
            try checkSpace(at: taken)
            try beginSegmentIfDue(at: batch.entries.first?.time ?? clock.now)
            try append(batch, takenAt: taken, clock: clock)
        } catch {
            fail(batch, error, at: clock)
            return
        }
        handlers.deliver(batch, nil)
        complete(batch, nil)
        checkpointIfDue(at: clock)
        announce(at: clock.monotonic)
    }

    /// What is due without an entry: another attempt to recover, a look at the disk, so that a balancer learns of a full one before a
    /// request does, the head to be announced.
    func tick(at clock: some GatewayClock) {
        if failure != nil {
            if clock.monotonic >= nextTry { recover(at: clock) }
        } else {
            do throws(JournalError) { try checkSpace(at: clock.monotonic) } catch {
                return fail(JournalBatch(entries: [], firstSequence: 0), error, at: clock)
            }
            checkpointIfDue(at: clock)
            announce(at: clock.monotonic)
        }
    }

    /// After the last commit.
    func finish(at clock: some GatewayClock) {
        if failure == nil, chain.head.sequence > checkpointRecord { writeCheckpoint(at: clock) }
        if failure == nil, announced != chain.head { handlers.onSyncedHead?(chain.head, tree) }
        announced = chain.head
        closeSegment()
    }

    // MARK: Committing

    private func append(_ batch: JournalBatch, takenAt taken: MonotonicTime, clock: some GatewayClock) throws(JournalError) {
        let before = (chain.head, tree)
        buffer.removeAll(keepingCapacity: true)
        for entry in batch.entries { add(entry.members, at: entry.time) }
        do throws(JournalError) {
            if let beforeSync = handlers.beforeSync {
                do { try beforeSync(batch) } catch {
                    throw JournalError(.companion, "what belongs to the records could not be stored: \(error)")
                }
            }
            try store(takenAt: taken, clock: clock)
        } catch {
            rewind(to: before)
            throw error
        }
        publish(records: batch.entries.count)
    }

    private func add(_ members: [UInt8], at time: WallTime) {
        precondition(members.count < RecordLimit.line - 1_024, "records are bounded by RecordLimit")
        // Times of one log do not go back by the jitter between loops; where the clock itself was set back, they follow it.
        if time >= lastTime || lastTime - time > .seconds(60) { lastTime = time }
        chain.finish(members, time: lastTime, into: &buffer)
        tree.append(chain.head.hash, merkle)
    }

    private func rewind(to before: (head: ChainHead, tree: MerkleFrontier)) {
        chain.rewind(to: before.head)
        tree = before.tree
    }

    /// Writes and syncs the buffer, which was begun at `taken`.
    private func store(takenAt taken: MonotonicTime, clock: some GatewayClock) throws(JournalError) {
        guard let file else { throw JournalError(.system, "\(storage.directory): no segment is open") }
        let end = offset + buffer.count
        let written = writeBuffer(to: file)
        try written.get()
        let start = clock.monotonic
        try file.sync()
        let synced = clock.monotonic
        offset = end
        shared.update {
            $0.statistics.syncs.record(UInt64(clamping: (synced - start).microseconds))
            $0.statistics.batchTimes.record(UInt64(clamping: (synced - taken).microseconds))
        }
    }

    private func writeBuffer(to file: any JournalFile) -> Result<Void, JournalError> {
        buffer.withUnsafeBytes { bytes in
            do throws(JournalError) { return .success(try file.write(bytes, at: offset)) } catch { return .failure(error) }
        }
    }

    private func publish(records: Int) {
        let bytes = UInt64(buffer.count)
        shared.update {
            $0.head = chain.head
            $0.tree = tree
            $0.statistics.batches += 1
            $0.statistics.records += UInt64(records)
            $0.statistics.bytes += bytes
            $0.statistics.batchSizes.record(UInt64(records))
        }
        if buffer.capacity > 8 << 20 { buffer = [] }
    }

    private func complete(_ batch: JournalBatch, _ failure: JournalError?) {
        for (index, entry) in batch.entries.enumerated() {
            guard let completion = entry.completion else { continue }
            completion(failure.map { .failure($0) } ?? .success(batch.firstSequence + UInt64(index)))
        }
    }

    /// The batch's storage, emptied, unless a handler kept it.
    private func reuse(_ batch: consuming JournalBatch) -> [JournalEntry] {
        var entries = batch.entries
        _ = consume batch
        entries.removeAll(keepingCapacity: entries.capacity <= 16_384)
        return entries
    }

    private func announce(at now: MonotonicTime) {
        guard announced != chain.head, now >= nextAnnouncement else { return }
        announced = chain.head
        nextAnnouncement = MonotonicTime(nanoseconds: now.nanoseconds + Self.second)
        handlers.onSyncedHead?(chain.head, tree)
    }

    // MARK: Checkpoints

    /// A signed checkpoint of the log as it is synced, itself in the log on return. The last one again where nothing came since.
    func checkpoint(at clock: some GatewayClock) throws(JournalError) -> SignedCheckpoint {
        if let failure { throw failure }
        guard signer != nil else { throw JournalError(.system, "\(storage.directory): there is no key to sign checkpoints with") }
        if let lastCheckpoint, chain.head.sequence == checkpointRecord { return lastCheckpoint }
        writeCheckpoint(at: clock)
        announce(at: clock.monotonic)
        if let failure { throw failure }
        guard let lastCheckpoint else { throw JournalError(.system, "\(storage.directory): the checkpoint could not be signed") }
        return lastCheckpoint
    }

    private func checkpointIfDue(at clock: some GatewayClock) {
        guard signer != nil, failure == nil, chain.head.sequence > checkpointRecord else { return }
        if chain.head.sequence - checkpointRecord >= Self.recordsPerCheckpoint {
            writeCheckpoint(at: clock)
        } else if let due = nextCheckpoint {
            if clock.monotonic >= due { writeCheckpoint(at: clock) }
        } else {
            nextCheckpoint = MonotonicTime(nanoseconds: clock.monotonic.nanoseconds + 60 * Self.second)
        }
    }

    /// Everything before it is synced, so nobody can be shown a checkpoint of records that a crash takes back.
    private func writeCheckpoint(at clock: some GatewayClock) {
        guard let signer else { return }
        nextCheckpoint = nil
        let before = (head: chain.head, tree: tree)
        do throws(JournalError) {
            try checkSpace(at: clock.monotonic)
            try beginSegmentIfDue(at: clock.now)
            let signed: SignedCheckpoint
            do {
                signed = try signer.sign(Checkpoint(origin: signer.key.name, size: tree.size, root: tree.root(merkle)))
            } catch {
                throw JournalError(.system, "\(storage.directory): the checkpoint could not be signed: \(error)")
            }
            let taken = clock.monotonic
            buffer.removeAll(keepingCapacity: true)
            let record = SystemRecord(
                .checkpoint, [.init("size", .number(Int64(clamping: tree.size))), .init("note", .text(signed.description))])
            add(record.members, at: clock.now)
            do throws(JournalError) { try store(takenAt: taken, clock: clock) } catch {
                rewind(to: before)
                throw error
            }
            publish(records: 1)
            checkpointRecord = chain.head.sequence
            lastCheckpoint = signed
        } catch {
            fail(JournalBatch(entries: [], firstSequence: 0), error, at: clock)
        }
    }

    private static let recordsPerCheckpoint: UInt64 = 1_000

    // MARK: Segments

    /// Takes over what a running journal can change: sizes and ages of segments, and the reserve, which is looked at with the next record.
    func apply(_ changes: JournalChanges) {
        options.segmentBytes = changes.segmentBytes
        options.segmentAge = changes.segmentAge
        options.reserveBytes = changes.reserveBytes
        nextSpaceCheck = MonotonicTime(nanoseconds: 0)
    }

    private func beginSegmentIfDue(at time: WallTime) throws(JournalError) {
        if file != nil, offset < options.segmentBytes, offset == 0 || !isOld(at: time) { return }
        let next = SegmentName.name(first: chain.head.sequence + 1, at: time)
        let created = try storage.open(next, creating: true)
        do throws(JournalError) {
            guard try created.size() == 0 else {
                throw JournalError(.system, "\(storage.directory)/\(next): exists already and is not empty")
            }
            try storage.syncDirectory()
        } catch {
            created.close()
            throw error
        }
        closeSegment()
        file = created
        name = next
        begun = SegmentName.begun(next)
        offset = 0
        shared.update { $0.statistics.segments += 1 }
    }

    private func isOld(at time: WallTime) -> Bool {
        guard let age = options.segmentAge, let begun else { return false }
        return time - begun > age
    }

    private func closeSegment() {
        file?.close()
        file = nil
    }

    /// Once a second: the segment is where it was, and the file system has room.
    private func checkSpace(at now: MonotonicTime) throws(JournalError) {
        guard now >= nextSpaceCheck else { return }
        // What is written into a removed file is lost with the gateway's end, however well it is synced.
        if failure == nil, let file, !file.isInPlace {
            throw JournalError(
                .tampered,
                "\(storage.directory)/\(name): was removed or replaced while it is written. Put it back, or restore the log, and start the gateway again"
            )
        }
        let free = try storage.freeBytes()
        guard free >= options.reserveBytes else { throw .noRoom(storage.directory, free: free, reserve: options.reserveBytes) }
        nextSpaceCheck = MonotonicTime(nanoseconds: now.nanoseconds + Self.second)
    }

    // MARK: Failing

    private func fail(_ batch: JournalBatch, _ error: JournalError, at clock: some GatewayClock) {
        let isNew = failure == nil
        if isNew { become(error) }
        handlers.deliver(batch, error)
        complete(batch, error)
        var dropped: UInt64 = 0
        for entry in batch.entries {
            if kept.count < options.keptRecords {
                kept.append((handlers.amend(entry), entry.time))
            } else {
                dropped += 1
            }
        }
        unrecorded += dropped
        shared.update {
            $0.statistics.failedBatches += 1
            $0.statistics.unrecorded += dropped
        }
        if isNew || clock.monotonic >= nextTry { recover(at: clock) }
    }

    private func become(_ error: JournalError?) {
        failure = error
        shared.become(error)
        handlers.onFailing?(error)
    }

    /// Closes the file, cuts it at what was known synced, and appends what was cut as new records. Any failure leaves the journal
    /// failing, and is tried again a second later from the start.
    private func recover(at clock: some GatewayClock) {
        guard let cause = failure else { return }
        // Nothing that this process could do brings back what was taken away; a start looks at the whole log.
        guard cause.code != .tampered else {
            nextTry = MonotonicTime(nanoseconds: clock.monotonic.nanoseconds + Self.second)
            return
        }
        let before = (head: chain.head, tree: tree)
        do throws(JournalError) {
            file?.close()
            nextSpaceCheck = MonotonicTime(nanoseconds: 0)
            try checkSpace(at: clock.monotonic)
            try reopen()
            if let afterCut = handlers.afterCut {
                do { try afterCut(before.head.sequence) } catch {
                    throw JournalError(.companion, "what belongs to records that were cut could not be deleted: \(error)")
                }
            }
            try beginSegmentIfDue(at: clock.now)
            let taken = clock.monotonic
            let records = addKept(because: cause, at: clock.now)
            try store(takenAt: taken, clock: clock)
            publish(records: records)
        } catch {
            rewind(to: before)
            nextTry = MonotonicTime(nanoseconds: clock.monotonic.nanoseconds + Self.second)
            return
        }
        kept = []
        unrecorded = 0
        become(nil)
        announce(at: clock.monotonic)
    }

    private func reopen() throws(JournalError) {
        guard !name.isEmpty else { return }
        let reopened = try storage.open(name, creating: false)
        do throws(JournalError) {
            guard try reopened.size() >= offset else {
                throw JournalError(
                    .tampered, "\(storage.directory)/\(name): is shorter than what was synced; stop and run `gatehouse audit verify`")
            }
            try reopened.truncate(to: offset)
            try reopened.sync()
            try storage.syncDirectory()
        } catch {
            reopened.close()
            throw error
        }
        file = reopened
    }

    private func addKept(because cause: JournalError, at now: WallTime) -> Int {
        buffer.removeAll(keepingCapacity: true)
        let record = SystemRecord(
            .journalRecovered,
            [
                .init("after", .number(Int64(clamping: chain.head.sequence))), .init("recorded_late", .number(Int64(kept.count))),
                .init("unrecorded", .number(Int64(clamping: unrecorded))), .init("cause", .text(cause.code.rawValue)),
                .init("message", .text(cause.message)),
            ])
        add(record.members, at: now)
        for late in kept { add(late.members, at: late.time) }
        return kept.count + 1
    }
}
