public import GatehouseTime

/// What validating asks about tokens that were issued. Called on event loops, so it answers from memory.
public protocol TokenLookup: Sendable {
    /// Whether an own token was revoked by its `jti`.
    func isRevoked(_ id: String) -> RevocationAnswer
    /// The opaque token of this keyed digest; nil where none was issued, or it has expired and was forgotten.
    func opaque(_ digest: TokenDigest) -> AccessToken?
}

public enum RevocationAnswer: Sendable, Hashable {
    case no
    case yes
    /// This node does not know what was revoked lately: it must not say yes to the token (SEC-50).
    case unknown
}

/// What a decision asks to be remembered before its answer is sent.
public enum TokenEffect: Sendable, Hashable {
    /// A client assertion's `jti` must not have been used before, and cannot be used again before `until` (SEC-37).
    case assertion(client: String, id: String, until: WallTime)
    /// An opaque token was made.
    case opaque(TokenDigest, AccessToken)
    /// A token is no longer accepted; may be forgotten after `until`, when it expires anyway.
    case revoke(id: String, until: WallTime)
}

public enum TokenCommit: Sendable, Hashable {
    /// Every effect is durable.
    case stored
    /// An assertion among them was used before; none of the effects came about.
    case assertionUsed
    /// It cannot be made durable now: the answer is 503.
    case failed
}

/// Remembers effects, also over a restart.
public protocol TokenMemory: TokenLookup {
    /// The effects hold in memory when this returns, for every loop; they are durable when `completion` says `stored`. It is called once,
    /// on any thread, perhaps before this returns.
    func commit(_ effects: [TokenEffect], at now: WallTime, completion: @escaping @Sendable (TokenCommit) -> Void)
}
