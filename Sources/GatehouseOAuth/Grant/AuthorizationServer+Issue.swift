internal import GatehouseCrypto
internal import GatehousePolicy
public import GatehouseTime
public import GatehouseToken
internal import GatehouseVerify

/// A token that an operator had made.
public struct OAuthIssued: Sendable {
    public let minted: MintedToken
    /// To be committed before the token is shown.
    public let effects: [TokenEffect]
}

/// What keeps an operator's token from being made.
public struct OAuthIssueError: Error, Sendable, Hashable, CustomStringConvertible {
    public let description: String
}

extension AuthorizationServer {
    /// A token for a sender as an operator asks for it, for tests: no more than the sender could have by itself. It ends with the newest
    /// credential that the sender could have got it with.
    ///
    /// - Parameters:
    ///   - scopes: nil for all of the sender's.
    ///   - audiences: nil for all of the sender's.
    ///   - certificate: SHA-256 of a certificate to bind it to; a sender held to `fapi2` needs one.
    public func issue(
        sender name: String, scopes: [String]? = nil, audiences: [String]? = nil, certificate: [UInt8]? = nil, at now: WallTime
    ) throws -> OAuthIssued {
        guard let sender = policy.senders[name] else { throw OAuthIssueError(description: "there is no sender \(name)") }
        if let scope = scopes?.first(where: { !sender.scopes.contains($0) }) {
            let listed = sender.scopes.isEmpty ? "none" : sender.scopes.joined(separator: " ")
            throw OAuthIssueError(description: "\(name) has no scope \(scope): its policy lists \(listed)")
        }
        if let audience = audiences?.first(where: { !sender.audiences.contains($0) }) {
            throw OAuthIssueError(
                description: "\(name) has no audience \(audience): its policy lists \(sender.audiences.joined(separator: " "))")
        }
        guard certificate != nil || !isFAPI(sender) else {
            throw OAuthIssueError(
                description: "\(name) is held to fapi2, under which every token is bound to a client certificate: --certificate FILE")
        }
        guard let mint = mint(try OAuthWorkspace()) else { throw OAuthIssueError(description: "there is no key to sign with") }
        let wanted = audiences ?? (sender.audiences.isEmpty ? [policy.gateway.issuer] : sender.audiences)
        let minted = try mint.issue(
            TokenClaims(
                sender: name, audiences: wanted, scopes: scopes ?? sender.scopes, certificate: certificate,
                credentials: newestCredential(of: name, at: now).map { [$0] } ?? []),
            at: now)
        return OAuthIssued(minted: minted, effects: minted.digest.map { [.opaque($0, minted.token)] } ?? [])
    }

    private func newestCredential(of sender: String, at now: WallTime) -> IssuingCredential? {
        for kind in [CredentialKind.oauth, .key, .certificate] {
            guard let version = credentials.live(CredentialName(sender: sender, kind: kind), at: now).first else { continue }
            return IssuingCredential(kind: kind.rawValue, version: version.number)
        }
        return nil
    }
}
