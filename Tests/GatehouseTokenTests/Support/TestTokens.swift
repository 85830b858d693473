import GatehouseCrypto
import GatehousePolicy
import GatehouseTime
import Synchronization

@testable import GatehouseToken

/// What a state would remember, in memory.
final class TestMemory: TokenMemory {
    struct Contents {
        var revoked: Set<String> = []
        var used: [String: WallTime] = [:]
        var opaque: [TokenDigest: AccessToken] = [:]
        var isBlind = false
        var isFull = false
    }

    let contents = Mutex(Contents())

    func isRevoked(_ id: String) -> RevocationAnswer {
        contents.withLock { $0.isBlind ? .unknown : $0.revoked.contains(id) ? .yes : .no }
    }

    func opaque(_ digest: TokenDigest) -> AccessToken? { contents.withLock { $0.opaque[digest] } }

    func commit(_ effects: [TokenEffect], at now: WallTime, completion: @escaping @Sendable (TokenCommit) -> Void) {
        completion(commit(effects, at: now))
    }

    @discardableResult
    func commit(_ effects: [TokenEffect], at now: WallTime) -> TokenCommit {
        contents.withLock { contents in
            guard !contents.isFull else { return .failed }
            for case .assertion(let client, let id, let until) in effects {
                if let known = contents.used["\(client) \(id)"], now < known { return .assertionUsed }
                contents.used["\(client) \(id)"] = until
            }
            for effect in effects {
                switch effect {
                case .assertion: break
                case .opaque(let digest, let token): contents.opaque[digest] = token
                case .revoke(let id, _): contents.revoked.insert(id)
                }
            }
            return .stored
        }
    }
}

/// An issuer with a sender, and what checks its tokens.
struct TokenBench {
    static let issuer = "https://hooks.example"
    static let audience = "https://hooks.example/orders"

    let memory = TestMemory()
    let digests: Secret
    let keys: SigningKeySet
    private(set) var senders: [String: TokenSender]
    private(set) var validator: AccessTokenValidator
    private let keyring: TokenKeyring
    let workspace: TokenWorkspace

    init(
        _ algorithm: JWSAlgorithm = .es256,
        senders: [String: TokenSender] = ["acme": TokenSender(credentials: [IssuingCredential(kind: "oauth", version: 1)])],
        trusted: [TrustedIssuer] = []
    ) throws {
        digests = try Secret(random: 32)
        keys = SigningKeySet([try SigningKey(algorithm: algorithm, created: .now, key: TestKeys.key(for: algorithm))])
        self.senders = senders
        keyring = TokenKeyring(issuer: Self.issuer, own: keys, trusted: trusted)
        validator = AccessTokenValidator(keyring: keyring, senders: senders, digests: digests, lookup: memory)
        workspace = try TokenWorkspace()
    }

    /// The same after a change of policy: what the workspace remembers of tokens stays.
    func under(_ senders: [String: TokenSender]) -> TokenBench {
        var later = self
        later.senders = senders
        later.validator = AccessTokenValidator(keyring: keyring, senders: senders, digests: digests, lookup: memory)
        return later
    }

    var claims: TokenClaims {
        TokenClaims(
            sender: "acme", audiences: [Self.audience], scopes: ["events:write"],
            credentials: [IssuingCredential(kind: "oauth", version: 1)])
    }

    func mint(_ format: GatewayPolicy.OAuth.TokenFormat = .jwt, lifetime: Duration = .seconds(600)) throws -> TokenMint {
        guard let key = keys.active else { throw JWKError("no key") }
        return try TokenMint(issuer: Self.issuer, key: key, format: format, lifetime: lifetime, digests: digests)
    }

    func issue(_ claims: TokenClaims? = nil, format: GatewayPolicy.OAuth.TokenFormat = .jwt, at now: WallTime = .now) throws -> String {
        let minted = try mint(format).issue(claims ?? self.claims, at: now)
        if let digest = minted.digest { memory.commit([.opaque(digest, minted.token)], at: now) }
        return minted.text.withBytes { String(decoding: $0, as: UTF8.self) }
    }

    func validate(
        _ token: String, at now: WallTime = .now, audience: String? = TokenBench.audience, isNamed: Bool = false,
        scopes: [String] = ["events:write"], certificate: [UInt8]? = nil
    ) -> TokenVerdict {
        Array(token.utf8).withUnsafeBytes {
            validator.validate(
                $0, at: now, audience: audience, isNamed: isNamed, scopes: scopes, certificate: certificate, workspace: workspace)
        }
    }

    /// Nil for a valid token.
    func refusal(
        _ token: String, at now: WallTime = .now, audience: String? = TokenBench.audience, isNamed: Bool = false,
        scopes: [String] = ["events:write"], certificate: [UInt8]? = nil
    ) -> TokenRefusal? {
        let verdict = validate(token, at: now, audience: audience, isNamed: isNamed, scopes: scopes, certificate: certificate)
        if case .refused(let refusal, _) = verdict { return refusal }
        return nil
    }

    /// A token whose payload is written by hand, signed with the right key.
    func sign(header: String? = nil, payload: String, key: PrivateKey? = nil, scheme: SignatureScheme? = nil) throws -> String {
        guard let own = keys.active else { throw JWKError("no key") }
        let header = header ?? "{\"alg\":\"\(own.algorithm.rawValue)\",\"typ\":\"at+jwt\",\"kid\":\"\(own.id)\"}"
        return try TestJWS.make(header, payload, key: key ?? own.key, scheme: scheme ?? own.algorithm.scheme)
    }

    /// A good payload, with members replaced, added or (empty value) left out. Values are JSON.
    static func payload(_ changes: [String: String] = [:], also more: String = "") -> String {
        var members = [
            ("iss", "\"\(issuer)\""), ("aud", "\"\(audience)\""), ("sub", "\"acme\""), ("client_id", "\"acme\""), ("iat", "1790000000"),
            ("exp", "1790000600"), ("jti", "\"aaaaaaaaaaaaaaaaaaaaaa\""), ("scope", "\"events:write\""),
            ("gatehouse_credentials", "[\"oauth/1\"]"),
        ]
        for (name, value) in changes.sorted(by: { $0.key < $1.key }) {
            members.removeAll { $0.0 == name }
            if !value.isEmpty { members.append((name, value)) }
        }
        return "{" + members.map { "\"\($0.0)\":\($0.1)" }.joined(separator: ",") + more + "}"
    }
}
