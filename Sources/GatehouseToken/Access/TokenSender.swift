/// What validating asks about senders. Called on event loops.
public protocol TokenSenders: Sendable {
    /// Whether only tokens bound to a certificate count for the sender (profile `fapi2`); nil where there is no such sender, whose tokens
    /// then count for nothing.
    func requiresBinding(_ sender: String) -> Bool?
    /// Whether a version was neither revoked nor forgotten. Retired ones stand: a token outlives the overlap of the secret it was got with,
    /// but not its revocation.
    func stands(_ credential: IssuingCredential, of sender: String) -> Bool
    /// Whether an own token of the sender may carry the scope now, whenever it was issued.
    func has(scope: String, _ sender: String) -> Bool
    /// Whether an own token of the sender may be for the audience now.
    func has(audience: String, _ sender: String) -> Bool
}

/// One sender by hand: for tests, and where there is no policy.
public struct TokenSender: Sendable, Hashable {
    public var credentials: Set<IssuingCredential>
    public var requiresBinding: Bool
    /// Nil: whatever its tokens were issued with.
    public var scopes: Set<String>?
    public var audiences: Set<String>?

    public init(
        credentials: Set<IssuingCredential>, requiresBinding: Bool = false, scopes: Set<String>? = nil, audiences: Set<String>? = nil
    ) {
        self.credentials = credentials
        self.requiresBinding = requiresBinding
        self.scopes = scopes
        self.audiences = audiences
    }
}

extension [String: TokenSender]: TokenSenders {
    public func requiresBinding(_ sender: String) -> Bool? { self[sender]?.requiresBinding }

    public func stands(_ credential: IssuingCredential, of sender: String) -> Bool {
        self[sender]?.credentials.contains(credential) ?? false
    }

    public func has(scope: String, _ sender: String) -> Bool { self[sender].map { $0.scopes?.contains(scope) ?? true } ?? false }

    public func has(audience: String, _ sender: String) -> Bool { self[sender].map { $0.audiences?.contains(audience) ?? true } ?? false }
}
