import GatehouseVerify

/// The segments at one moment, immutable: a look-up that was begun with one list ends with it, while the keeper goes on.
final class SegmentList: Sendable {
    /// Oldest first.
    let segments: [ReplaySegment]
    private let filters: [ReplayFilter]

    init(_ segments: [ReplaySegment]) {
        self.segments = segments
        filters = segments.map(\.filter)
    }

    /// False: no segment has the key. True: one may.
    @inline(__always) func mayContain(_ key: EventKey) -> Bool {
        filters.withUnsafeBufferPointer { filters in
            for filter in filters where filter.mayContain(key) { return true }
            return false
        }
    }

    /// The entry that expires last; reads from the disk.
    func find(_ key: EventKey) throws(StateError) -> ReplayEntry? {
        var found: ReplayEntry?
        for segment in segments where segment.filter.mayContain(key) {
            guard let entry = try segment.find(key) else { continue }
            if entry.expires > found?.expires ?? 0 { found = entry }
        }
        return found
    }
}
