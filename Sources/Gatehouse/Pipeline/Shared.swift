import GatehouseState
import GatehouseTime
import GatehouseVerify
import Logging
import Synchronization

/// What the loops have in common. Everything in it may be used from any of them at once.
final class Shared: Sendable {
    let journal: Journal
    let health: JournalHealth
    let replay: ReplayMemory
    let log: Logger
    let clock: any GatewayClock
    let connections = ConnectionLimiter()
    let failures: FailureLimiter
    let clientFailures: ClientFailures
    let tokens: TokenStore
    let passwords: PasswordChecker
    let rejected: RejectedKeeper
    /// When the state was restored from a backup: it does not know what was accepted last.
    private let restored: WallTime?
    /// Requests that were answered although their record could not be written (`audit.on-failure: allow`).
    let unrecorded = Atomic<UInt64>(0)

    init(
        journal: Journal, health: JournalHealth, replay: ReplayMemory, log: Logger, clock: any GatewayClock, failures: FailureLimiter,
        clientFailures: ClientFailures, tokens: TokenStore, passwords: PasswordChecker, rejected: RejectedKeeper, restored: WallTime? = nil
    ) {
        self.journal = journal
        self.health = health
        self.replay = replay
        self.log = log
        self.clock = clock
        self.failures = failures
        self.clientFailures = clientFailures
        self.tokens = tokens
        self.passwords = passwords
        self.rejected = rejected
        self.restored = restored
    }

    /// Why events that may be this old are refused now; nil: they are not.
    func wait(freshness: Duration, at now: WallTime) -> RestoredWait? { RestoredWait(restored: restored, freshness: freshness, at: now) }
}

/// Whether records can be made durable at present; asked for every event, told by the journal.
final class JournalHealth: Sendable {
    private let fails = Atomic<Bool>(false)
    /// Events that a handler took while no record of it could be written: the replay memory keeps them, and is told when records can be.
    private let held = Mutex<[EventKey]>([])

    var isFailing: Bool { fails.load(ordering: .relaxed) }
    func set(isFailing: Bool) { fails.store(isFailing, ordering: .relaxed) }

    func hold(_ key: EventKey) { held.withLock { $0.append(key) } }
    func takeHeld() -> [EventKey] {
        held.withLock { keys in
            defer { keys = [] }
            return keys
        }
    }
}
