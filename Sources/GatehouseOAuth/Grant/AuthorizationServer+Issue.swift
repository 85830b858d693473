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
        // A token that hangs on nothing would outlive every revocation.
        guard let credential = newestCredential(of: sender, at: now) else {
            throw OAuthIssueError(
                description: "\(name) has no live credential that it could get a token with, and so nothing that would end the token: "
                    + Self.advice(sender))
        }
        guard let mint = mint(try OAuthWorkspace()) else { throw OAuthIssueError(description: "there is no key to sign with") }
        let wanted = audiences ?? (sender.audiences.isEmpty ? [policy.gateway.issuer] : sender.audiences)
        let minted = try mint.issue(
            TokenClaims(
                sender: name, audiences: wanted, scopes: scopes ?? sender.scopes, certificate: certificate,
                credentials: [credential]),
            at: now)
        return OAuthIssued(minted: minted, effects: minted.digest.map { [.opaque($0, minted.token)] } ?? [])
    }

    private func newestCredential(of sender: SenderPolicy, at now: WallTime) -> IssuingCredential? {
        for kind in Self.kinds(of: sender) {
            guard let version = credentials.live(CredentialName(sender: sender.name, kind: kind), at: now).first else { continue }
            return IssuingCredential(kind: kind.rawValue, version: version.number)
        }
        return nil
    }

    /// Those that the sender's policy lets it get tokens with come first. Others are better than none: the token can be ended with them.
    private static func kinds(of sender: SenderPolicy) -> [CredentialKind] {
        let listed = sender.tokenAuthentication.map(\.credential)
        return listed + [.oauth, .key, .certificate].filter { !listed.contains($0) }
    }

    private static func advice(_ sender: SenderPolicy) -> String {
        let kind = sender.tokenAuthentication.first?.credential ?? .oauth
        return "gatehouse secret add \(sender.name)/\(kind.rawValue)\(kind == .oauth ? "" : " --value-file FILE")"
    }
}

extension SenderPolicy.TokenAuthentication {
    /// The kind of credential that a client proves itself with.
    var credential: CredentialKind {
        switch self {
        case .clientSecretBasic, .clientSecretPost: .oauth
        case .privateKeyJWT: .key
        case .tlsClientAuth: .certificate
        }
    }
}
