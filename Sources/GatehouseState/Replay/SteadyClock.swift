import GatehouseTime

/// Civil time that only goes forward, at the monotonic clock's pace. Entries expire by it, so that no step of the wall clock makes the
/// memory forget early (SEC-62).
///
/// A start cannot tell how long the gateway was stopped from how far the wall clock was set forward meanwhile. So for a while after it
/// nothing expires that would not have expired without the gap: when that is over, the timestamps of the events before the gap are stale by
/// any clock. What is accepted meanwhile gets its expiry from the later of the two times, so that the end of the hold cuts nothing short.
struct SteadyClock: Sendable {
    /// The wall clock was behind the highest time known by this much.
    let lead: Duration
    private let early: WallTime
    private let late: WallTime
    private let monotonic: MonotonicTime
    private let hold: UInt64

    /// - Parameters:
    ///   - highest: the highest time known from before, of this clock or the wall's; 1970 where there is no before.
    ///   - hold: how long a timestamp may count as fresh, from `future` ahead to `tolerance` behind.
    init(clock: any GatewayClock, highest: WallTime, hold: Duration) {
        let wall = clock.now
        late = max(wall, highest)
        early = highest.microseconds > 0 ? highest : late
        lead = late - wall
        monotonic = clock.monotonic
        self.hold = UInt64(clamping: hold.microseconds) &* 1_000
    }

    /// By which things expire.
    func time(at now: MonotonicTime) -> WallTime {
        let elapsed = elapsed(at: now)
        return WallTime(microseconds: (elapsed <= hold ? early : late).microseconds &+ Int64(elapsed / 1_000))
    }

    /// From which expiries are counted; never behind ``time(at:)``.
    func acceptance(at now: MonotonicTime) -> WallTime { WallTime(microseconds: late.microseconds &+ Int64(elapsed(at: now) / 1_000)) }

    /// Whole seconds since 1970, the current one begun.
    func second(at now: MonotonicTime) -> UInt32 { UInt32(clamping: time(at: now).microseconds / 1_000_000) }

    /// The last second in which something is known that expires at `time`: rounded up, and itself included, so that a request at the very
    /// edge of the window still meets its first copy.
    static func lastSecond(_ time: WallTime) -> UInt32 {
        max(1, UInt32(clamping: (time + .microseconds(999_999)).microseconds / 1_000_000))
    }

    private func elapsed(at now: MonotonicTime) -> UInt64 {
        now.nanoseconds >= monotonic.nanoseconds ? now.nanoseconds - monotonic.nanoseconds : 0
    }
}
