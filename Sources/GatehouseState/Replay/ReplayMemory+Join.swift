public import GatehouseTime
public import GatehouseVerify
import Synchronization

extension ReplayMemory {
    /// One who waits, for ``leave(_:_:)``.
    public struct Ticket: Sendable, Hashable {
        let number: UInt64
    }

    /// Waits for what ``reserve(_:body:now:)`` could not say at once: for the owner of an event in flight, or for a file.
    ///
    /// `completion` is called exactly once unless ``leave(_:_:)`` comes before: on any thread, possibly before this returns, never with a
    /// lock held. It must be short: it runs on the thread of the owner's loop or of the reader.
    /// - Returns: nil where there is nothing to leave.
    public func join(
        _ key: EventKey, body: UInt64, now: MonotonicTime, _ completion: @escaping @Sendable (Resolution) -> Void
    ) -> Ticket? {
        let second = steady.second(at: now)
        let floor = synced.load(ordering: .relaxed)
        let step = stripe(of: key).state.withLock { state -> Step in
            if let index = state.pending.find(key) {
                let entry = state.pending[index]
                if entry.phase == .reserved || entry.phase == .looking { return .wait(state.addWaiter(body, completion, at: index)) }
                guard let kept = state.rooms[key]?.kept else { preconditionFailure("an accepted event that is pending keeps its answer") }
                return .end(.accepted(kept.answer, sameBody: entry.body == body))
            }
            if let entry = state.remembered(key, second) {
                guard entry.answer.file != 0 else {
                    return .end(.accepted(KeptAnswer(status: entry.answer.status), sameBody: entry.body == body))
                }
                return .read(entry)
            }
            guard !state.closed else { return .end(.unavailable) }
            let known = state.segments.mayContain(key)
            guard known || state.recent.count < options.recentLimit / Self.stripeCount else { return .end(.unavailable) }
            state.pending.insert(PendingEntry(key: key, body: body, floor: floor, phase: known ? .looking : .reserved))
            guard known, let index = state.pending.find(key) else { return .end(.owner) }
            return .look(state.addWaiter(body, completion, at: index), state.segments)
        }
        switch step {
        case .end(let resolution):
            completion(resolution)
            return nil
        case .wait(let number):
            return Ticket(number: number)
        case .read(let entry):
            let submitted = reader.submit { [answers] in
                completion(.accepted(answers.read(entry.answer, of: key), sameBody: entry.body == body))
            }
            if !submitted { completion(.unavailable) }
            return nil
        case .look(let number, let list):
            if !reader.submit({ [weak self] in self?.look(key, in: list, second) }) { abandon(key) }
            return Ticket(number: number)
        }
    }

    /// Stops waiting. False: the completion was called or is about to be, and if it says ``Resolution/owner`` a `release` is owed.
    @discardableResult
    public func leave(_ key: EventKey, _ ticket: Ticket) -> Bool {
        stripe(of: key).state.withLock { state in
            guard let index = state.rooms[key]?.waiters.firstIndex(where: { $0.ticket == ticket.number }) else { return false }
            state.rooms[key]?.waiters.remove(at: index)
            return true
        }
    }

    private enum Step {
        case end(Resolution)
        case wait(UInt64)
        case read(ReplayEntry)
        case look(UInt64, SegmentList)
    }

    /// Runs on the reader's thread.
    private func look(_ key: EventKey, in list: SegmentList, _ second: UInt32) {
        counters.lookups.add(1, ordering: .relaxed)
        let entry: ReplayEntry?
        do throws(StateError) {
            entry = try list.find(key)
        } catch {
            keeper.report(error)
            abandon(key)
            return
        }
        guard let entry, entry.expires >= second else {
            if entry == nil { counters.falsePositives.add(1, ordering: .relaxed) }
            makeOwner(of: key)
            return
        }
        let answer = answers.read(entry.answer, of: key)
        for waiter in end(key) { waiter.completion(.accepted(answer, sameBody: waiter.body == entry.body)) }
    }

    /// The look-up found nothing: the first who waits is the owner, the others go on waiting.
    private func makeOwner(of key: EventKey) {
        let floor = synced.load(ordering: .relaxed)
        let owner = stripe(of: key).state.withLock { state -> ReplayStripe.Waiter? in
            guard let index = state.pending.find(key), state.pending[index].phase == .looking else { return nil }
            guard let first = state.rooms[key]?.waiters.first else {
                _ = state.end(at: index)
                return nil
            }
            state.rooms[key]?.waiters.removeFirst()
            state.pending[index].phase = .reserved
            state.pending[index].body = first.body
            state.pending[index].floor = floor
            return first
        }
        owner?.completion(.owner)
    }

    private func abandon(_ key: EventKey) {
        for waiter in end(key) { waiter.completion(.unavailable) }
    }

    private func end(_ key: EventKey) -> [ReplayStripe.Waiter] {
        stripe(of: key).state.withLock { state in
            guard let index = state.pending.find(key), state.pending[index].phase == .looking else { return [] }
            return state.end(at: index)
        }
    }
}

extension ReplayMemory {
    /// Whether the answer needs a file and may wait in memory for being written; the room is taken then.
    func claimRoom(for answer: KeptAnswer) -> Bool {
        guard !answer.isBare else { return false }
        let size = Self.size(of: answer)
        guard counters.unwritten.add(size, ordering: .relaxed).newValue <= options.unwrittenLimit else {
            counters.unwritten.subtract(size, ordering: .relaxed)
            counters.lostAnswers.add(1, ordering: .relaxed)
            return false
        }
        return true
    }

    /// Has the reader write the answer; then the event moves to the recent ones. Its room was claimed.
    func store(_ key: EventKey, _ answer: KeptAnswer, expires: UInt32) {
        let submitted = reader.submit { [weak self] in self?.write(key, answer, expires: expires) }
        // A memory that is closed saves what it can: the status.
        if !submitted { finishStoring(key, AnswerReference(status: answer.status), answer, expires: expires) }
    }

    private func write(_ key: EventKey, _ answer: KeptAnswer, expires: UInt32) {
        let reference = answers.append(key, answer, expires: expires)
        answers.keepIfCommon(answer, expires: expires)
        if reference == nil { counters.lostAnswers.add(1, ordering: .relaxed) }
        finishStoring(key, reference ?? AnswerReference(status: answer.status), answer, expires: expires)
    }

    private func finishStoring(_ key: EventKey, _ reference: AnswerReference, _ answer: KeptAnswer, expires: UInt32) {
        let full = stripe(of: key).state.withLock { state -> Bool in
            guard let index = state.pending.find(key), state.pending[index].phase == .storing else { return false }
            let body = state.pending[index].body
            _ = state.end(at: index)
            state.recent.insert(ReplayEntry(key: key, body: body, answer: reference, expires: expires))
            return state.recent.count == saveThreshold
        }
        counters.unwritten.subtract(Self.size(of: answer), ordering: .relaxed)
        if full { keeperThread.wake() }
    }

    private static func size(of answer: KeptAnswer) -> Int { answer.body.count + (answer.contentType?.utf8.count ?? 0) + 128 }
}
