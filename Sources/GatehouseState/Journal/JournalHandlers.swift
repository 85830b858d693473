public import GatehouseAudit

/// What a journal tells its owner. All of it is called on the writer's thread, one call at a time.
public struct JournalHandlers: Sendable {
    /// A batch is durable, or never will be. Wakes whoever waits; must not block, for the next batch waits for it.
    public var deliver: @Sendable (_ batch: JournalBatch, _ failure: JournalError?) -> Void
    /// The members under which an entry of a failed batch is recorded once the journal works again: with the answer that was really
    /// sent. Called after `deliver`.
    public var amend: @Sendable (JournalEntry) -> [UInt8]
    /// Stores what must be durable before the records: rows of queued events with their `seq`. Throwing fails the batch.
    public var beforeSync: (@Sendable (JournalBatch) throws -> Void)?
    /// Records after this `seq` do not exist: what was stored beside them is deleted before their numbers are used again. Throwing keeps
    /// the journal failing.
    public var afterCut: (@Sendable (_ last: UInt64) throws -> Void)?
    /// The synced head and the Merkle tree up to it, at most once a second and at close. To be kept durable elsewhere; hand it over, do not store it here.
    public var onSyncedHead: (@Sendable (ChainHead, MerkleFrontier) -> Void)?
    /// Nil: works again.
    public var onFailing: (@Sendable (JournalError?) -> Void)?

    public init(
        deliver: @escaping @Sendable (_ batch: JournalBatch, _ failure: JournalError?) -> Void = { _, _ in },
        amend: @escaping @Sendable (JournalEntry) -> [UInt8] = { DecisionRecord.amended($0.members, answer: 503) },
        beforeSync: (@Sendable (JournalBatch) throws -> Void)? = nil, afterCut: (@Sendable (_ last: UInt64) throws -> Void)? = nil,
        onSyncedHead: (@Sendable (ChainHead, MerkleFrontier) -> Void)? = nil, onFailing: (@Sendable (JournalError?) -> Void)? = nil
    ) {
        self.deliver = deliver
        self.amend = amend
        self.beforeSync = beforeSync
        self.afterCut = afterCut
        self.onSyncedHead = onSyncedHead
        self.onFailing = onFailing
    }
}
