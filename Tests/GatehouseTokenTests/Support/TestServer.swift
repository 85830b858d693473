import GatehouseCrypto
import GatehousePolicy
import GatehouseTime
import GatehouseVerify

@testable import GatehouseOAuth
@testable import GatehouseToken

/// An authorization server with senders of every kind:
///
/// - `acme` has a generated client secret, and `given` one that somebody chose; `none` has no credential at all;
/// - `keys` proves itself with keys of three kinds, `older` addresses its assertions to the token endpoint;
/// - `certs` proves itself with a client certificate;
/// - `legacy` speaks the password grant;
/// - `bank` and `bankcert` are held to the profile `fapi2`.
final class TestServer {
    static let issuer = "https://hooks.example"
    static let secret = "acme-secret-generated-0123456789"
    static let givenSecret = "correct horse+battery%staple"
    static let password = "legacy password &=+"

    let memory = TestMemory()
    let keys: DerivedKeys
    let digests: Secret
    let signing: SigningKeySet
    let cache = PasswordCache()
    var policy: Policy
    var credentials: CredentialSet
    var workspace: OAuthWorkspace
    private(set) var server: AuthorizationServer

    static let certificate = ClientCertificate(
        subject: DistinguishedName(rfc4514: "CN=certs,O=Example")!, spkiSHA256: [UInt8](repeating: 3, count: 32),
        sha256: [UInt8](repeating: 5, count: 32), notAfter: .now + .seconds(86_400))
    static let otherCertificate = ClientCertificate(
        subject: DistinguishedName(rfc4514: "CN=other,O=Example")!, spkiSHA256: [UInt8](repeating: 4, count: 32),
        sha256: [UInt8](repeating: 6, count: 32), notAfter: .now + .seconds(86_400))

    init(format: GatewayPolicy.OAuth.TokenFormat = .jwt, withoutGiven: Bool = false, profile: OAuthProfile? = nil) throws {
        keys = DerivedKeys(replay: try Secret(random: 32), passwords: try Secret(random: 32))
        digests = try Secret(random: 32)
        signing = SigningKeySet([try SigningKey(algorithm: .es256, created: .now, key: TestKeys.p256)])
        var gateway = GatewayPolicy(listeners: [], publicURL: Self.issuer, state: "/nowhere")
        gateway.oauth.format = format
        gateway.oauth.profile = profile
        policy = Policy(
            gateway: gateway, senders: Self.senders(), endpoints: [], schemes: [:], digest: "", warnings: [], files: [])
        credentials = try Self.credentials(keys, withoutGiven: withoutGiven)
        workspace = try OAuthWorkspace()
        server = try Self.make(policy, credentials, keys, signing, digests, cache, memory)
    }

    /// Policy or credentials were changed.
    func reload() throws { server = try Self.make(policy, credentials, keys, signing, digests, cache, memory) }

    private static func make(
        _ policy: Policy, _ credentials: CredentialSet, _ keys: DerivedKeys, _ signing: SigningKeySet, _ digests: Secret,
        _ cache: PasswordCache,
        _ memory: TestMemory
    ) throws -> AuthorizationServer {
        let validator = AccessTokenValidator(
            keyring: TokenKeyring(issuer: issuer, own: signing), senders: PolicySenders(policy: policy, credentials: credentials),
            digests: digests, lookup: memory)
        return try AuthorizationServer(
            policy: policy, credentials: credentials, keys: keys, signing: signing, validator: validator, passwords: cache,
            digests: digests,
            mutualTLS: true)
    }

    private static func senders() -> [String: SenderPolicy] {
        var senders: [String: SenderPolicy] = [:]
        func add(_ name: String, _ methods: [SenderPolicy.TokenAuthentication], _ change: (inout SenderPolicy) -> Void = { _ in }) {
            var sender = SenderPolicy(name: name)
            sender.scopes = ["events:write", "events:read"]
            sender.audiences = [issuer, issuer + "/orders"]
            sender.tokenAuthentication = methods
            change(&sender)
            senders[name] = sender
        }
        add("acme", [.clientSecretBasic, .clientSecretPost])
        add("given", [.clientSecretBasic, .clientSecretPost])
        add("none", [.clientSecretBasic, .clientSecretPost])
        add("basic-only", [.clientSecretBasic])
        add("near", [.clientSecretPost]) { $0.networks = [Network("10.0.0.0/8")].compactMap { $0 } }
        add("keys", [.privateKeyJWT])
        add("older", [.privateKeyJWT]) { $0.assertionAudience = .tokenEndpoint }
        add("certs", [.tlsClientAuth])
        add("legacy", [.clientSecretPost]) { $0.grants = [.password] }
        add("bank", [.privateKeyJWT, .clientSecretPost]) { $0.profile = .fapi2 }
        add("bankcert", [.tlsClientAuth]) { $0.profile = .fapi2 }
        return senders
    }

    private static func credentials(_ keys: DerivedKeys, withoutGiven: Bool) throws -> CredentialSet {
        var versions: [CredentialName: [CredentialVersion]] = [:]
        func add(_ name: String, _ kind: CredentialKind, _ value: Secret, _ state: VersionState = .active) {
            let name = CredentialName(sender: name, kind: kind)
            versions[name, default: []].append(
                CredentialVersion(number: (versions[name]?.count ?? 0) + 1, state: state, created: .now, value: PlainCredential(value)))
        }
        func secret(_ name: String, _ secret: String, generated: Bool = true) throws -> Secret {
            try BasicVerifier.make(Secret(utf8: "\(name):\(secret)"), generated: generated, keys: keys).encoded()
        }
        add("acme", .oauth, try secret("acme", "acme-secret-of-before-0123456789"), .retired)
        add("acme", .oauth, try secret("acme", "acme-secret-retiring-0123456789"), .retiring(until: .now + .seconds(60)))
        add("acme", .oauth, try secret("acme", Self.secret))
        if !withoutGiven { add("given", .oauth, try secret("given", givenSecret, generated: false)) }
        add("basic-only", .oauth, try secret("basic-only", Self.secret))
        add("near", .oauth, try secret("near", Self.secret))
        add("legacy", .oauth, try secret("legacy", Self.secret))
        add("legacy", .basic, try secret("legacy", password))
        add("keys", .key, Secret(utf8: try TestKeys.p256.publicKey.pem()))
        let set = [
            try TestKeys.jwk(TestKeys.ed25519.publicKey, [("kid", "ed")]),
            try TestKeys.jwk(TestKeys.rsa.publicKey, [("kid", "rsa-ps"), ("alg", "PS256")]),
            try TestKeys.jwk(TestKeys.rsa.publicKey, [("kid", "rsa-rs"), ("alg", "RS256"), ("use", "sig")]),
        ]
        add("keys", .key, Secret(utf8: "{\"keys\":[\(set.joined(separator: ","))]}"))
        add("older", .key, Secret(utf8: try TestKeys.jwk(TestKeys.p256.publicKey)))
        add("bank", .key, Secret(utf8: "{\"keys\":[\(set.joined(separator: ",")),\(try TestKeys.jwk(TestKeys.p256.publicKey))]}"))
        add("bank", .oauth, try secret("bank", Self.secret))
        add("certs", .certificate, Secret(utf8: "cn=certs,o=example"))
        add("certs", .certificate, Secret(utf8: "sha256//" + Base64.encode([UInt8](repeating: 9, count: 32))))
        add("bankcert", .certificate, Secret(utf8: "sha256//" + Base64.encode(certificate.spkiSHA256)))
        return CredentialSet(versions)
    }

    enum Endpoint { case token, introspect, revoke }

    /// Decides, checks passwords, commits: what the gateway does.
    func decide(
        _ body: String, to endpoint: Endpoint = .token, authorization: [String] = [], hasQuery: Bool = false,
        certificate: ClientCertificate? = nil,
        remote: String = "10.1.2.3", at now: WallTime = .now
    ) throws -> OAuthDecision {
        let fields = authorization.map { Array($0.utf8) }
        return try Array(body.utf8).withUnsafeBytes { body in
            try Self.withBuffers(fields) { fields in
                let request = OAuthRequest(
                    body: body, authorization: fields, hasQuery: hasQuery, certificate: certificate,
                    remote: IPAddress(remote) ?? IPAddress(v4: 0))
                var step =
                    switch endpoint {
                    case .token: server.token(request, at: now, workspace: workspace)
                    case .introspect: server.introspect(request, at: now, workspace: workspace)
                    case .revoke: server.revoke(request, at: now, workspace: workspace)
                    }
                stretchings = 0
                while true {
                    switch step {
                    case .decided(let decision):
                        guard !decision.effects.isEmpty else { return decision }
                        return decision.afterCommit(memory.commit(decision.effects, at: now))
                    case .passwords(let checks, let continuation):
                        stretchings += checks.count
                        step = server.resume(continuation, results: try checks.map { try $0.run() }, at: now, workspace: workspace)
                    }
                }
            }
        }
    }

    /// Runs of scrypt in the last decision.
    private(set) var stretchings = 0

    private static func withBuffers<R>(_ arrays: [[UInt8]], _ body: ([UnsafeRawBufferPointer]) throws -> R) rethrows -> R {
        func next(_ index: Int, _ buffers: [UnsafeRawBufferPointer]) throws -> R {
            guard index < arrays.count else { return try body(buffers) }
            return try arrays[index].withUnsafeBytes { try next(index + 1, buffers + [$0]) }
        }
        return try next(0, [])
    }

    static func basic(_ client: String, _ secret: String) -> String { "Basic " + Base64.encode(Array("\(client):\(secret)".utf8)) }

    /// The assertion of a client; changes are JSON values, empty ones leave a claim out.
    static func assertion(
        _ client: String, _ changes: [String: String] = [:], header: String = "{\"alg\":\"ES256\"}", key: PrivateKey = TestKeys.p256,
        scheme: SignatureScheme = .ecdsaP256SHA256Raw, id: String = "one", also more: String = ""
    ) throws -> String {
        var members = [
            ("iss", "\"\(client)\""), ("sub", "\"\(client)\""), ("aud", "\"\(issuer)\""), ("jti", "\"\(id)\""), ("exp", "1790000060"),
        ]
        for (name, value) in changes.sorted(by: { $0.key < $1.key }) {
            members.removeAll { $0.0 == name }
            if !value.isEmpty { members.append((name, value)) }
        }
        return try TestJWS.make(
            header, "{" + members.map { "\"\($0.0)\":\($0.1)" }.joined(separator: ",") + more + "}", key: key, scheme: scheme)
    }

    static func form(assertion: String, client: String? = nil) -> String {
        "grant_type=client_credentials&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer"
            + "&client_assertion=" + assertion + (client.map { "&client_id=\($0)" } ?? "")
    }

    /// A token for `acme`, fetched.
    func acmeToken(at now: WallTime = .now) throws -> String {
        try decide("grant_type=client_credentials", authorization: [Self.basic("acme", Self.secret)], at: now).accessToken
    }

    func verdict(_ token: String, at now: WallTime = .now, certificate: [UInt8]? = nil) throws -> TokenVerdict {
        let workspace = try TokenWorkspace()
        return Array(token.utf8).withUnsafeBytes {
            server.validator.validate($0, at: now, audience: Self.issuer, certificate: certificate, workspace: workspace)
        }
    }
}

extension OAuthDecision {
    var json: [String: StrictJSON] { StrictJSON(answer.body)?.members ?? [:] }
    var accessToken: String { json["access_token"]?.text ?? "" }
    var code: String? { json["error"]?.text }
    func header(_ name: String) -> String? { answer.headers.first { $0.name == name }?.value }
}
