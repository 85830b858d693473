import GatehouseTime
import Synchronization

/// What the keeper's thread knows. Its work is in the extension of ``ReplayMemory`` below.
final class ReplayKeeper: Sendable {
    /// Guards the files' list while they change; held over I/O, by the keeper's thread and by whoever closes or saves.
    let state: Mutex<State>
    let covered: Atomic<UInt64>
    let stopping = Atomic<Bool>(false)
    private let trouble = Mutex<[String: String]>([:])

    struct State {
        var manifest: ReplayManifest
        var list: SegmentList
        /// Taken from the stripes and not yet saved: kept for another try after a failure.
        var sweep: Sweep?
        var lastSave: MonotonicTime?
        /// Segments that could not be read through: left as they are.
        var unmergeable: Set<UInt64> = []
        var mergeNotBefore = MonotonicTime(nanoseconds: 0)
    }

    struct Sweep {
        var entries: [ReplayEntry]
        var covered: UInt64
        var answering: UInt32
    }

    init(manifest: ReplayManifest, list: SegmentList) {
        covered = Atomic(manifest.covered)
        state = Mutex(State(manifest: manifest, list: list))
    }

    /// What is wrong now, if anything.
    var problem: String? { trouble.withLock { $0.min { $0.key < $1.key }?.value } }

    /// A file could not be read; that does not go away by itself.
    func report(_ error: StateError) { trouble.withLock { $0["read"] = error.message } }

    fileprivate func report(_ error: StateError?, saving: Bool) { trouble.withLock { $0[saving ? "save" : "merge"] = error?.message } }
}

extension ReplayMemory {
    /// The keeper's turn: saves where it is time, drops what expired, merges.
    func keep() {
        noteShared()
        keeper.state.withLock { state in
            do throws(StateError) {
                if isSaveDue(state) { try save(&state) }
                try dropExpired(&state)
            } catch {
                keeper.report(error, saving: true)
            }
            answers.removeExpired(before: steady.second(at: clock.monotonic))
            mergeAll(&state)
        }
    }

    /// Recent events are saved once a minute; until then a crash leaves the log's word for them and, from here, where their answers are.
    private func noteShared() {
        var events: [SharedAnswer] = []
        for stripe in stripes {
            stripe.state.withLock { state in
                events += state.shared
                state.shared.removeAll(keepingCapacity: true)
            }
        }
        answers.note(events)
    }

    /// Saves everything accepted so far.
    func save() throws(StateError) {
        let result: Result<Void, StateError> = keeper.state.withLock { state in
            Result { () throws(StateError) in
                // What an earlier failure left is saved first; it may be of an older moment.
                if state.sweep != nil { try save(&state) }
                try save(&state)
            }
        }
        try result.get()
    }

    private func isSaveDue(_ state: ReplayKeeper.State) -> Bool {
        if state.sweep != nil { return true }
        let recent = stripes.reduce(0) { count, stripe in count + stripe.state.withLock { $0.recent.count } }
        if recent >= options.saveEntries || stripes.contains(where: { $0.state.withLock { $0.recent.count >= 2 * saveThreshold } }) {
            return true
        }
        // Where nothing is accepted, the files still say how far the log is covered: what lies before that may be deleted.
        let behind = synced.load(ordering: .relaxed) > state.manifest.covered
        guard recent > 0 || behind else { return false }
        guard let last = state.lastSave else { return true }
        return clock.monotonic - last >= options.saveInterval
    }

    private func save(_ state: inout ReplayKeeper.State) throws(StateError) {
        let sweep = state.sweep ?? self.sweep(covered: state.manifest.covered)
        state.sweep = sweep
        state.lastSave = clock.monotonic
        do throws(StateError) {
            var segments = state.list.segments
            var manifest = state.manifest
            if !sweep.entries.isEmpty {
                let number = manifest.next
                manifest.next += 1
                let path = ReplayDirectory.segmentPath(directory, number)
                let writer = try SegmentWriter(path: path, capacity: sweep.entries.count)
                for entry in sweep.entries { try writer.append(entry) }
                try writer.finish()
                segments.append(try ReplaySegment(number: number, path: path))
            }
            manifest.covered = sweep.covered
            manifest.answering = sweep.answering
            try publish(segments, manifest, &state, endingSweep: true)
            keeper.covered.store(sweep.covered, ordering: .releasing)
            keeper.report(nil, saving: true)
        } catch {
            keeper.report(error, saving: true)
            throw error
        }
    }

    /// Takes the recent entries of every stripe and finds out up to where the log is covered with them.
    ///
    /// An accepted event that is not among them was pending when its stripe was swept, or was reserved later. In the first case its record
    /// comes after the entry's floor, in the second after what was synced when the sweep began. So the least of these is covered.
    private func sweep(covered: UInt64) -> ReplayKeeper.Sweep {
        var reached = synced.load(ordering: .acquiring)
        let answering = answers.current
        let second = steady.second(at: clock.monotonic)
        var entries: [ReplayEntry] = []
        for stripe in stripes {
            let (table, floor) = stripe.state.withLock { state -> (KeyTable<ReplayEntry>, UInt64) in
                precondition(state.sweeping == nil, "one sweep ends before the next begins")
                let table = state.recent
                state.sweeping = table
                state.shared.removeAll(keepingCapacity: true)
                state.recent = KeyTable(capacity: min(table.count, saveThreshold))
                var floor = UInt64.max
                state.pending.forEach { floor = min(floor, $0.floor) }
                return (table, floor)
            }
            reached = min(reached, floor)
            table.forEach { if $0.expires >= second { entries.append($0) } }
        }
        entries.sort(by: ReplayEntry.precedes)
        return ReplayKeeper.Sweep(entries: entries, covered: max(reached, covered), answering: answering)
    }

    /// Makes the manifest durable, then shows the list to every stripe.
    private func publish(
        _ segments: [ReplaySegment], _ manifest: ReplayManifest, _ state: inout ReplayKeeper.State, endingSweep: Bool
    ) throws(StateError) {
        var manifest = manifest
        manifest.segments = segments.map(\.number)
        manifest.steady = steady.time(at: clock.monotonic).microseconds
        manifest.answers = answers.closed.map { ($0.file, $0.expires) }
        try ReplayDirectory.save(manifest, in: directory)
        let list = SegmentList(segments)
        state.manifest = manifest
        state.list = list
        if endingSweep { state.sweep = nil }
        for stripe in stripes {
            stripe.state.withLock { stripe in
                stripe.segments = list
                if endingSweep { stripe.sweeping = nil }
            }
        }
    }

    private func dropExpired(_ state: inout ReplayKeeper.State) throws(StateError) {
        let second = steady.second(at: clock.monotonic)
        let expired = state.list.segments.filter { $0.header.lastExpires < second }
        guard !expired.isEmpty else { return }
        try publish(state.list.segments.filter { $0.header.lastExpires >= second }, state.manifest, &state, endingSweep: false)
        for segment in expired { try FileSystem.remove(segment.path) }
    }
}

extension ReplayMemory {
    /// Merges until nothing is to be merged; saves in between where it is time, so that a long merge delays no save.
    private func mergeAll(_ state: inout ReplayKeeper.State) {
        while !keeper.stopping.load(ordering: .relaxed), clock.monotonic >= state.mergeNotBefore, let inputs = mergeable(state) {
            do throws(StateError) {
                guard try merge(inputs, &state) else { return }
                keeper.report(nil, saving: false)
            } catch {
                keeper.report(error, saving: false)
                if error.code == .damaged { state.unmergeable.formUnion(inputs.map(\.number)) }
                // Most likely the disk is full: each try would write as much again.
                state.mergeNotBefore = MonotonicTime(nanoseconds: clock.monotonic.nanoseconds + 60_000_000_000)
            }
        }
    }

    /// Four or more of one size, or one of which half has expired.
    private func mergeable(_ state: ReplayKeeper.State) -> [ReplaySegment]? {
        let segments = state.list.segments.filter { !state.unmergeable.contains($0.number) }
        let tiers = Dictionary(grouping: segments) { tier(of: $0.count) }
        if let least = tiers.filter({ $0.value.count >= Self.fanIn }).keys.min() { return tiers[least] }
        let second = steady.second(at: clock.monotonic)
        return segments.first { $0.header.medianExpires < second && $0.header.lastExpires >= second }.map { [$0] }
    }

    private func tier(of count: Int) -> Int {
        var tier = 0
        var size = options.saveEntries * 2
        while count >= size {
            tier += 1
            size *= Self.fanIn
        }
        return tier
    }

    /// False where the memory is being closed.
    private func merge(_ inputs: [ReplaySegment], _ state: inout ReplayKeeper.State) throws(StateError) -> Bool {
        let number = state.manifest.next
        state.manifest.next += 1
        let merge = try SegmentMerge(
            inputs, number: number, path: ReplayDirectory.segmentPath(directory, number), expiredBefore: steady.second(at: clock.monotonic))
        while try !merge.step(16_384) {
            noteShared()
            guard !keeper.stopping.load(ordering: .relaxed) else { return false }
            if isSaveDue(state) { try save(&state) }
        }
        let merged = try merge.finish()
        let replaced = Set(inputs.map(\.number))
        let kept = state.list.segments.filter { !replaced.contains($0.number) }
        try publish(kept + [merged].compactMap { $0 }, state.manifest, &state, endingSweep: false)
        for segment in inputs { try FileSystem.remove(segment.path) }
        return true
    }

    private static let fanIn = 4
}
