public import GatehouseAudit

/// What a running journal can be told anew; each as in ``JournalOptions``.
public struct JournalChanges: Sendable, Hashable {
    public var segmentBytes: Int
    public var segmentAge: Duration?
    public var reserveBytes: UInt64

    public init(segmentBytes: Int, segmentAge: Duration?, reserveBytes: UInt64) {
        self.segmentBytes = segmentBytes
        self.segmentAge = segmentAge
        self.reserveBytes = reserveBytes
    }
}

public struct JournalOptions: Sendable {
    /// A segment that has reached this size is followed by a new one.
    public var segmentBytes: Int
    /// A segment that was begun longer ago than this is followed by a new one, so that whole segments become old enough to be deleted; nil:
    /// only its size counts.
    public var segmentAge: Duration?
    /// The journal fails before the file system has less room than this.
    public var reserveBytes: UInt64
    /// The most that a record waits under load for others to share its sync with; zero turns the waiting off. At low load none waits.
    public var gathering: Duration
    /// Amended records kept in memory while the journal fails; further ones are counted only.
    public var keptRecords: Int
    /// Signs a checkpoint each 1,000 records, within a minute of each record, and at close. Nil: none is written.
    public var signer: CheckpointSigner?

    public init(
        segmentBytes: Int = 64 << 20, segmentAge: Duration? = nil, reserveBytes: UInt64 = 1 << 30,
        gathering: Duration = .microseconds(1_600),
        keptRecords: Int = 10_000, signer: CheckpointSigner? = nil
    ) {
        self.segmentBytes = segmentBytes
        self.segmentAge = segmentAge
        self.reserveBytes = reserveBytes
        self.gathering = gathering
        self.keptRecords = keptRecords
        self.signer = signer
    }
}
