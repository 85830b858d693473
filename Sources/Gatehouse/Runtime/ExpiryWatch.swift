import GatehouseTime

/// Says 30, 7 and 1 days ahead, once each, that something ends by itself.
struct ExpiryWatch {
    /// Ascending.
    static let days = [1, 7, 30]

    /// What was looked at last.
    private(set) var items: [ExpiryItem] = []
    private var said: [Identity: Int] = [:]
    private var isFirst = true

    private struct Identity: Hashable {
        var what: ExpiryItem.What
        var name: String
        var version: Int?
        var expires: String
    }

    init() {}

    /// The warnings that are due. What is inside several steps is said once, for the nearest. An overlap that was just begun with less than
    /// a step to go is what somebody wanted, and not said; a start says everything again.
    mutating func look(_ calendar: [ExpiryItem], at now: WallTime) -> [String] {
        items = calendar
        var warnings: [String] = []
        var next: [Identity: Int] = [:]
        for item in calendar {
            guard let step = Self.days.first(where: { item.ends(within: $0, of: now) }) else { continue }
            let identity = Identity(what: item.what, name: item.name, version: item.version, expires: item.expires)
            next[identity] = step
            let last = said[identity]
            if let last, last <= step { continue }
            if last == nil, item.what == .overlap, !isFirst { continue }
            warnings.append(item.warning(at: now))
        }
        said = next
        isFirst = false
        return warnings
    }
}
