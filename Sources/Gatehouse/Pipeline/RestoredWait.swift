import GatehouseTime

/// Why an endpoint refuses events after a restore: a copy of one from before may still be fresh, and the state does not know of it.
struct RestoredWait: Sendable {
    /// When the state was made from a backup.
    let restored: WallTime
    /// From then on no such copy is fresh.
    let until: WallTime

    /// Nil where it is over, or the state was never restored.
    init?(restored: WallTime?, freshness: Duration, at now: WallTime) {
        guard let restored, now < restored + freshness else { return nil }
        self.restored = restored
        until = restored + freshness
    }

    /// Rounded up, for `Retry-After`.
    func seconds(at now: WallTime) -> Int { Int(clamping: (until - now).microseconds / 1_000_000 + 1) }

    /// What the record of a refused event says.
    var detail: String {
        Self.beginning + " at \(restored), and which events were accepted before is not known: this endpoint's are refused until \(until)"
    }

    /// For `explain`.
    static func isReason(_ detail: String?) -> Bool { detail?.hasPrefix(beginning) ?? false }

    private static let beginning = "the state was restored from a backup"
}
