internal import GatehouseAudit
internal import Synchronization

/// What any thread may ask of a journal; the writer updates it once a batch.
final class JournalState: Sendable {
    struct Values: Sendable {
        var head = ChainHead.empty
        /// Over the records up to ``head``.
        var tree = MerkleFrontier()
        var failure: JournalError?
        var statistics = JournalStatistics()
    }

    private let values = Mutex(Values())
    /// Asked for by every request, so it costs a load and no lock.
    private let failing = Atomic(false)

    var current: Values { values.withLock { $0 } }
    var head: ChainHead { values.withLock { $0.head } }
    var failure: JournalError? { values.withLock { $0.failure } }
    var isFailing: Bool { failing.load(ordering: .acquiring) }

    func become(_ failure: JournalError?) {
        values.withLock { $0.failure = failure }
        failing.store(failure != nil, ordering: .releasing)
    }

    func update(_ body: (inout Values) -> Void) {
        values.withLock { body(&$0) }
    }
}
