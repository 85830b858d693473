public import GatehouseTime

/// A record on its way into the journal.
public struct JournalEntry: Sendable {
    /// What a record's `encode(into:)` appended.
    public var members: [UInt8]
    /// When it happened. The record says so, unless an earlier record has a slightly later time.
    public var time: WallTime
    /// Whatever the maker needs to find its request again; handed back untouched.
    public var token: (any AnyObject & Sendable)?
    /// For slow paths: called on the writer's thread, after ``JournalHandlers/deliver``, with the record's `seq` once it is durable. Must
    /// not block.
    public var completion: (@Sendable (Result<UInt64, JournalError>) -> Void)?

    public init(
        members: [UInt8], time: WallTime, token: (any AnyObject & Sendable)? = nil,
        completion: (@Sendable (Result<UInt64, JournalError>) -> Void)? = nil
    ) {
        self.members = members
        self.time = time
        self.token = token
        self.completion = completion
    }
}

/// Entries that were committed, or failed, together.
public struct JournalBatch: Sendable {
    public let entries: [JournalEntry]
    /// The `seq` of the first entry; the others follow without a gap. Where the batch failed these numbers mean nothing any more.
    public let firstSequence: UInt64
}
