/// Which columns a width has room for. Each grows with the width, and none is ever taken back.
struct RecordLayout: Equatable {
    enum Names: Equatable {
        case none
        /// Endpoint and sender in one column of that width.
        case one(Int)
        /// A column of ``RecordLayout/name`` for each.
        case two
    }

    var width: Int
    var reason: Int
    var names: Names
    /// 0: none.
    var event: Int
    var hasDate: Bool
    var hasFraction: Bool

    static let name = 14
    private static let longestReason = 19
    private static let shortReason = 14
    private static let leastEvent = 8
    /// Before the date is shown in each line.
    private static let goodEvent = 24

    init(width: Int) {
        self.width = width
        (event, hasDate, hasFraction) = (0, false, false)
        // The time of day, the decision and the reference, with two blanks before each but the first.
        var rest = width - (9 + 2 + 9 + 2 + 26)
        func take(_ columns: Int) -> Int {
            let taken = max(0, min(rest, columns))
            rest -= taken
            return taken
        }
        reason = max(3, take(Self.shortReason + 2) - 2)
        guard rest >= 2 + 4 else {
            names = .none
            return
        }
        rest -= 2
        var both = take(21)
        reason += take(Self.longestReason - Self.shortReason)
        both += take(2 * Self.name + 1 - both)
        guard rest >= 1 else {
            names = .one(both)
            return
        }
        rest -= 1
        names = .two
        guard rest >= 2 + Self.leastEvent else { return }
        rest -= 2
        event = take(Self.goodEvent)
        // The year, month and day with a blank.
        if rest >= 11 { (hasDate, rest) = (true, rest - 11) }
        if hasDate, rest >= 4 { (hasFraction, rest) = (true, rest - 4) }
        // What else there is goes to the event once nothing waits for it.
        if hasFraction { event += rest }
    }
}
