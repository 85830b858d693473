import Synchronization

/// A count with a ceiling, for what may wait or run at once.
final class Counter: Sendable {
    private let value = Atomic<Int>(0)

    /// False: `limit` are inside already.
    func enter(limit: Int) -> Bool {
        guard value.add(1, ordering: .relaxed).newValue <= limit else {
            value.subtract(1, ordering: .relaxed)
            return false
        }
        return true
    }

    func leave() { value.subtract(1, ordering: .relaxed) }

    var current: Int { value.load(ordering: .relaxed) }
}
