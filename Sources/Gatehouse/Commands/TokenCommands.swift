import GatehouseAudit
public import GatehouseCrypto
import GatehouseOAuth
import GatehousePolicy
import GatehouseState
import GatehouseTime
import GatehouseToken

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What `gatehouse token …` does, on a running gateway and on a stopped one alike.
public struct TokenCommands: Sendable {
    private let place: StatePlace

    /// - Throws: `PolicyError` where no policy says where the state is.
    public init(policies: String) throws { place = try StatePlace(policies: policies) }

    /// A token as the sender would get one, without its secret: for tests. Within what its policy allows.
    ///
    /// - Parameter certificate: a client certificate as PEM, to bind it to (RFC 8705); of a chain the first.
    public func issue(_ sender: String, scopes: [String], audience: String?, certificate: String? = nil) throws -> TokenOutcome {
        let thumbprint = try certificate.map { Base64.encode(try ClientCertificate(pem: $0).sha256, alphabet: .url, padded: false) }
        let question = TokenQuestion(sender: sender, scopes: scopes, audience: audience, certificate: thumbprint)
        return try place.perform(try ControlRequest("token-issue", encoding: question)) { stopped in
            try stopped.recording { record in
                try stopped.withTokens { tokens, now in
                    // A state that no gateway was started on has no key yet.
                    _ = try tokens.prepareKeys(stopped.policy.gateway.oauth, at: now)
                    let issued = try question.issue(try stopped.authorization(tokens).server, at: now)
                    try tokens.commitAndWait(issued.effects, at: now)
                    try record(Actor(uid: getuid()).record(question, issued).members)
                    return TokenOutcome(issued)
                }
            }
        }
    }

    /// What a token is, and whether it would be accepted.
    public func inspect(_ token: Secret) throws -> TokenReport {
        guard token.count <= ValuePipe.longest else { throw GatewayError(.control, "this is no token: it has \(token.count) bytes") }
        let pipe = try place.isThere ? ValuePipe(token, in: place.directory) : nil
        let request = ControlRequest("token-inspect", .object(["pipe": .string(pipe?.name ?? "")]))
        return try withExtendedLifetime(pipe) {
            try place.perform(request, mode: .existing) { stopped in
                try stopped.withTokens { tokens, now in
                    let (validator, _) = try stopped.authorization(tokens)
                    return try TokenInspector(validator: validator, policy: stopped.policy).inspect(token, at: now)
                }
            }
        }
    }
}

extension StoppedState {
    func authorization(_ tokens: TokenStore) throws -> (validator: AccessTokenValidator, server: AuthorizationServer) {
        try TokenKeys.service(policy, try state.credentials.credentialSet(), state.keys, store: tokens)
    }
}

/// A token that a command asks for.
struct TokenQuestion: Codable, Sendable {
    var sender: String
    /// Empty: all of the sender's.
    var scopes: [String]
    /// nil: all of the sender's.
    var audience: String?
    /// `x5t#S256` of the certificate to bind it to; nil: none.
    var certificate: String?

    func issue(_ server: AuthorizationServer, at now: WallTime) throws -> OAuthIssued {
        let thumbprint = try certificate.map { text in
            guard let bytes = Base64.decode(text, alphabet: .url), bytes.count == 32 else {
                throw GatewayError(.control, "\(text) is no SHA-256 of a certificate")
            }
            return bytes
        }
        return try server.issue(
            sender: sender, scopes: scopes.isEmpty ? nil : scopes, audiences: audience.map { [$0] }, certificate: thumbprint, at: now)
    }
}

/// A token, this once.
public struct TokenOutcome: Codable, Sendable {
    public var token: String
    /// Its `jti`.
    public var id: String
    public var sender: String
    public var scopes: [String]
    public var audiences: [String]
    /// RFC 3339.
    public var expires: String
    /// It counts with a certain client certificate only.
    public var bound: Bool

    init(_ issued: OAuthIssued) {
        let minted = issued.minted
        token = minted.text.withBytes { String(decoding: $0, as: UTF8.self) }
        id = minted.token.id
        sender = minted.token.sender
        scopes = minted.token.scopes
        audiences = minted.token.audiences
        expires = minted.token.expires.description
        bound = minted.token.certificate != nil
    }
}

extension Actor {
    func record(_ question: TokenQuestion, _ issued: OAuthIssued) -> AdminRecord {
        let token = issued.minted.token
        return AdminRecord(
            uid: uid, user: user, command: "token issue",
            details: [
                .init("sender", .text(token.sender)), .init("token", .text(token.id)), .init("scopes", .list(token.scopes)),
                .init("audiences", .list(token.audiences)), .init("expires", .text(token.expires.description)),
            ])
    }
}
