public import GatehousePolicy
public import GatehouseToken
public import GatehouseVerify

/// What policy and credentials say about senders, for validating their tokens. Making one costs nothing.
public struct PolicySenders: TokenSenders {
    private let policy: Policy
    private let credentials: CredentialSet

    public init(policy: Policy, credentials: CredentialSet) {
        self.policy = policy
        self.credentials = credentials
    }

    public func requiresBinding(_ sender: String) -> Bool? {
        policy.senders[sender].map { policy.gateway.profile(of: $0) == .fapi2 }
    }

    public func has(scope: String, _ sender: String) -> Bool { policy.senders[sender]?.scopes.contains(scope) ?? false }

    public func has(audience: String, _ sender: String) -> Bool {
        guard let sender = policy.senders[sender] else { return false }
        return sender.audiences.isEmpty ? audience == policy.gateway.issuer : sender.audiences.contains(audience)
    }

    public func stands(_ credential: IssuingCredential, of sender: String) -> Bool {
        guard let kind = CredentialKind(rawValue: credential.kind) else { return false }
        return credentials[CredentialName(sender: sender, kind: kind)].contains { version in
            if case .revoked = version.state { return false }
            return version.number == credential.version
        }
    }
}
