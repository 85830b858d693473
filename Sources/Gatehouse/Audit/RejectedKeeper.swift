import Dispatch
import GatehouseAudit
import GatehouseCrypto
import GatehouseHTTP
import GatehousePolicy
import GatehouseState
import GatehouseTime
import Logging
import Synchronization

/// Keeps refused requests for `explain`, where policy says so. A loop only copies one into a bounded queue; sealing and storing are done
/// elsewhere, and what finds the queue full is counted and not kept.
final class RejectedKeeper: Sendable {
    /// Bytes that wait to be stored.
    static let mostWaiting = 8 << 20

    private let store: RejectedStore
    private let clock: any GatewayClock
    private let log: Logger
    private let queue = DispatchQueue(label: "rejected", qos: .utility)
    /// Asked for by every refused request, so it costs a load and no lock.
    private let isOn = Atomic(false)
    private let pending = Mutex(Pending())

    private struct Pending {
        var requests: [(reference: Reference, arrived: WallTime, request: OwnedRequest)] = []
        var bytes = 0
        var isScheduled = false
        var settings: Settings?
        var figures = Figures()
    }

    private struct Settings {
        var keep: Duration
        var limit: Int
    }

    struct Figures: Sendable {
        var kept: UInt64 = 0
        /// Not kept, since the queue was full or the store failed.
        var dropped: UInt64 = 0
        var problem: String?
    }

    init(store: RejectedStore, clock: any GatewayClock, log: Logger) {
        self.store = store
        self.clock = clock
        self.log = log
    }

    /// From any loop; returns at once.
    func keep(_ reference: Reference, _ view: RequestView, arrived: WallTime) {
        guard isOn.load(ordering: .relaxed) else { return }
        let size = view.head.length + view.body.count
        let schedules = pending.withLock { pending in
            guard let settings = pending.settings, pending.bytes + size <= Self.mostWaiting, size <= settings.limit / 4 else {
                pending.figures.dropped += 1
                return false
            }
            pending.requests.append((reference, arrived, OwnedRequest(view)))
            pending.bytes += size
            defer { pending.isScheduled = true }
            return !pending.isScheduled
        }
        if schedules { queue.async { self.storePending() } }
    }

    /// Takes over what policy says. Where nothing is to be kept any more, what was is destroyed.
    func apply(_ audit: GatewayPolicy.Audit) {
        let settings = audit.keepRejected.map { Settings(keep: $0, limit: audit.keepRejectedSize) }
        pending.withLock { pending in
            pending.settings = settings
            if settings == nil { (pending.requests, pending.bytes) = ([], 0) }
        }
        isOn.store(settings != nil, ordering: .relaxed)
        expire()
    }

    /// Destroys what is too old; called once a minute.
    func expire() {
        queue.async {
            self.attempt { () throws(StateError) in
                guard let settings = self.settings else { return try self.store.destroy() }
                try self.store.expire(oldest: self.clock.now - settings.keep, limit: settings.limit)
            }
        }
    }

    /// `done` is called when everything that was refused before is stored.
    func flush(_ done: @escaping @Sendable () -> Void) {
        queue.async {
            self.storePending()
            done()
        }
    }

    func stop() { queue.sync { storePending() } }

    var figures: Figures { pending.withLock { $0.figures } }

    private var settings: Settings? { pending.withLock { $0.settings } }

    private func storePending() {
        let (requests, settings) = pending.withLock { pending in
            defer { (pending.requests, pending.bytes, pending.isScheduled) = ([], 0, false) }
            return (pending.requests, pending.settings)
        }
        guard !requests.isEmpty, let settings else { return }
        let sealed = requests.map { item in
            RejectedRequest(reference: item.reference, arrived: item.arrived, content: item.request.withView { RawRequestText.content($0) })
        }
        let isStored = attempt { () throws(StateError) in
            try store.add(sealed, oldest: clock.now - settings.keep, limit: settings.limit)
        }
        pending.withLock {
            if isStored { $0.figures.kept += UInt64(sealed.count) } else { $0.figures.dropped += UInt64(sealed.count) }
        }
    }

    @discardableResult
    private func attempt(_ work: () throws(StateError) -> Void) -> Bool {
        var problem: String?
        do throws(StateError) { try work() } catch { problem = "refused requests cannot be kept: \(error)" }
        let isNew = pending.withLock { pending in
            defer { pending.figures.problem = problem }
            return problem != nil && pending.figures.problem != problem
        }
        if isNew, let problem { log.error("\(problem)") }
        return problem == nil
    }
}
