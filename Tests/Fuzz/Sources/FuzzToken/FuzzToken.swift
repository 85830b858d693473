import FuzzSupport
import GatehouseCrypto
import GatehouseOAuth
import GatehousePolicy
import GatehouseTime
import GatehouseToken
import GatehouseVerify

/// The first byte says what the rest is: an access token, a key set, or a request to one of the token service's endpoints, of which the first
/// line is the Authorization field. Nothing may trap, and nobody has a token or a secret to be let in with.
@main
enum FuzzToken {
    static func main() { runFuzzer { fuzz($0, $1) } }
}

private func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = UnsafeRawBufferPointer(start: start, count: count)
    guard let kind = bytes.first else { return 0 }
    let rest = UnsafeRawBufferPointer(rebasing: bytes.dropFirst())
    switch kind % 5 {
    case 0:
        if case .valid = target.validator.validate(rest, at: target.now, audience: nil, workspace: target.tokens) {
            preconditionFailure("a token that nobody signed was accepted")
        }
    case 1: _ = try? VerificationKeySet(Array(rest))
    default: request(rest, kind)
    }
    return 0
}

private func request(_ bytes: UnsafeRawBufferPointer, _ kind: UInt8) {
    let line = bytes.firstIndex(of: UInt8(ascii: "\n")) ?? 0
    let field = UnsafeRawBufferPointer(rebasing: bytes[..<line])
    let body = UnsafeRawBufferPointer(rebasing: line < bytes.count ? bytes[(line + 1)...] : bytes[bytes.count...])
    let request = OAuthRequest(body: body, authorization: field.isEmpty ? [] : [field], remote: IPAddress(v4: 0x7f00_0001))
    let step =
        switch kind % 5 {
        case 2: target.server.token(request, at: target.now, workspace: target.workspace)
        case 3: target.server.introspect(request, at: target.now, workspace: target.workspace)
        default: target.server.revoke(request, at: target.now, workspace: target.workspace)
        }
    guard case .decided(let decision) = step else { preconditionFailure("nothing is stretched here") }
    precondition(decision.event == .refused && decision.effects.isEmpty, "a client without a secret was let in")
}

private struct Nothing: TokenLookup {
    func isRevoked(_ id: String) -> RevocationAnswer { .no }
    func opaque(_ digest: TokenDigest) -> AccessToken? { nil }
}

private struct Target {
    let now = WallTime(seconds: 1_790_000_000)
    let validator: AccessTokenValidator
    let server: AuthorizationServer
    let tokens: TokenWorkspace
    let workspace: OAuthWorkspace

    init() throws {
        var sender = SenderPolicy(name: "s")
        sender.tokenAuthentication = SenderPolicy.TokenAuthentication.allCases
        sender.grants = SenderPolicy.Grant.allCases
        let policy = Policy(
            gateway: GatewayPolicy(listeners: [], publicURL: "https://localhost", state: ""), senders: ["s": sender], endpoints: [],
            schemes: [:],
            digest: "", warnings: [], files: [])
        let keys = DerivedKeys(replay: try Secret(random: 32), passwords: try Secret(random: 32))
        // Drawn anew at each start, so that no kept input can hold the right one.
        let secret = Base64.encode(try Random.bytes(32))
        let verifier = try BasicVerifier.make(Secret(utf8: "s:\(secret)"), generated: true, keys: keys).encoded()
        let credentials = CredentialSet([
            CredentialName(sender: "s", kind: .oauth): [
                CredentialVersion(number: 1, state: .active, created: now, value: PlainCredential(verifier))
            ]
        ])
        let signing = SigningKeySet([try SigningKey.generate(.es256, at: now)])
        let digests = try Secret(random: 32)
        validator = AccessTokenValidator(
            keyring: TokenKeyring(issuer: "https://localhost", own: signing),
            senders: PolicySenders(policy: policy, credentials: credentials),
            digests: digests, lookup: Nothing())
        server = try AuthorizationServer(
            policy: policy, credentials: credentials, keys: keys, signing: signing, validator: validator, passwords: PasswordCache(),
            digests: digests, mutualTLS: true)
        tokens = try TokenWorkspace()
        workspace = try OAuthWorkspace()
    }
}

// One thread runs the fuzzer, and nothing else touches it.
nonisolated(unsafe) private let target: Target = {
    do { return try Target() } catch { preconditionFailure("the fuzz target could not be made: \(error)") }
}()
