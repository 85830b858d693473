public import GatehouseCrypto
public import GatehouseTime
public import GatehouseVerify

/// One credential with its versions, newest first: what `secret status` shows. No value is in it.
public struct CredentialStatus: Sendable, Hashable {
    public var name: CredentialName
    public var versions: [Version]

    public struct Version: Sendable, Hashable {
        public var number: Int
        /// At the moment asked for: a version whose overlap has ended is retired.
        public var state: VersionState
        public var created: WallTime
        /// Of a retiring version, or one that was.
        public var acceptedUntil: WallTime?
        /// Of a public key that says so of itself (`exp` of a JWK).
        public var expires: WallTime?
        /// When it was retired or revoked.
        public var ended: WallTime?
        /// The value is kept: always while it is accepted, for a while after it was retired.
        public var hasValue: Bool
        public var firstUsed: WallTime?
        public var lastUsed: WallTime?
        public var uses: Int
        /// The last ones, latest first.
        public var addresses: [Address]
    }

    public struct Address: Sendable, Hashable {
        public var address: String
        public var lastUsed: WallTime
        public var uses: Int
    }

    /// Whether a version can be retired without losing an event.
    public enum Verdict: String, Sendable, Hashable, CaseIterable {
        case inUse = "in-use"
        case safeToRetire = "safe-to-retire"
        case neverUsed = "never-used"
    }

    /// `safe-to-retire` needs both: the version was quiet for `quiet`, and a newer one has been used since its last use.
    public func verdict(_ version: Version, quiet: Duration, at now: WallTime) -> Verdict {
        guard let lastUsed = version.lastUsed else { return .neverUsed }
        guard lastUsed + quiet <= now, versions.contains(where: { $0.number > version.number && $0.lastUsed ?? lastUsed > lastUsed }) else {
            return .inUse
        }
        return .safeToRetire
    }
}

/// What a command changed, as much as its `admin` record and its output need.
public struct CredentialChange: Sendable {
    public var action: Action
    public var name: CredentialName
    /// The new version, or the one that was retired or revoked; nil where every version was revoked.
    public var version: Int?
    /// The value that was made: printed once, never stored in clear, never recorded.
    public var generated: Secret?
    /// The date that a new version's public key carries.
    public var expires: WallTime?
    /// Versions that are accepted until a time from now on.
    public var retiring: [Int] = []
    public var acceptedUntil: WallTime?
    /// Versions that are not accepted any more.
    public var ended: [Int] = []
    /// Where the last active version was ended while others are retiring: when the last of their overlaps ends, and with it everything.
    public var endsAt: WallTime?
    /// Retired although it was in use.
    public var forced = false

    public enum Action: String, Sendable, Hashable, CaseIterable { case add, rotate, retire, revoke }
}
