import Synchronization

/// Small numbers for the names of endpoints and senders, so that counting needs no string. A name keeps its number as long as the process
/// runs, through every reload.
final class MetricsNames: Sendable {
    /// The number of no name at all: a request to an unknown path, or of an unproved sender. Its label is empty.
    static let none = 0

    private let state = Mutex<State>(State())

    private struct State {
        var names = [""]
        var numbers = ["": MetricsNames.none]
    }

    /// Not for the hot path: ask when a policy is loaded.
    func number(of name: String) -> Int {
        state.withLock { state in
            if let number = state.numbers[name] { return number }
            state.names.append(name)
            state.numbers[name] = state.names.count - 1
            return state.names.count - 1
        }
    }

    /// Indexed by number.
    var all: [String] { state.withLock { $0.names } }
}
