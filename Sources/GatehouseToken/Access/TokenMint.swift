public import GatehouseCrypto
public import GatehousePolicy
public import GatehouseTime

/// Makes access tokens: `at+jwt` (RFC 9068), or opaque ones that are kept as keyed digests. For one event loop; not to be shared between
/// threads.
public final class TokenMint {
    public let issuer: String
    public let lifetime: Duration
    public let format: GatewayPolicy.OAuth.TokenFormat
    private let context: SigningContext
    private let digester: OpaqueDigester
    /// Base64url of the header, and the dot: the same for every token of a key.
    private let head: [UInt8]
    /// Random bytes for the next ids, which are no secrets.
    private var ids: ArraySlice<UInt8> = []

    /// - Parameters:
    ///   - lifetime: at least a second; fractions are dropped.
    ///   - digests: keys the digests of opaque tokens.
    public init(
        issuer: String, key: SigningKey, format: GatewayPolicy.OAuth.TokenFormat, lifetime: Duration, digests: Secret
    ) throws(CryptoError) {
        self.issuer = issuer
        self.lifetime = .seconds(max(lifetime.components.seconds, 1))
        self.format = format
        context = try SigningContext(key.key, key.algorithm.scheme)
        digester = try OpaqueDigester(digests)
        var header = JSONWriter(capacity: 128)
        header.member("alg", key.algorithm.rawValue)
        header.member("typ", "at+jwt")
        header.member("kid", key.id)
        var head: [UInt8] = []
        Base64.append(header.finish(), to: &head, alphabet: .url, padded: false)
        head.append(UInt8(ascii: "."))
        self.head = head
    }

    /// A token that begins now. Its `jti` has 128 random bits, an opaque token itself 256 (SEC-34).
    public func issue(_ claims: TokenClaims, at now: WallTime) throws(CryptoError) -> MintedToken {
        let issued = WallTime(seconds: now.seconds)
        let token = AccessToken(
            issuer: issuer, audiences: claims.audiences, sender: claims.sender,
            id: try id(), scopes: claims.scopes, issued: issued,
            expires: issued + lifetime, certificate: claims.certificate, credentials: claims.credentials)
        switch format {
        case .jwt: return MintedToken(text: try sign(token), token: token, digest: nil)
        case .opaque:
            let text = Array(Base64.encode(try Random.bytes(OpaqueDigester.randomBytes), alphabet: .url, padded: false).utf8)
            guard let digest = text.withUnsafeBytes({ digester.digest($0) }) else { throw CryptoError(.failed, "HMAC failed") }
            return MintedToken(text: Secret(text), token: token, digest: digest)
        }
    }

    private func id() throws(CryptoError) -> String {
        if ids.isEmpty { ids = try Random.bytes(64 * Self.idLength)[...] }
        defer { ids = ids.dropFirst(Self.idLength) }
        return ids.withUnsafeBytes { Base64.encode(UnsafeRawBufferPointer(rebasing: $0[..<Self.idLength]), alphabet: .url, padded: false) }
    }

    private static let idLength = 16

    private func sign(_ token: AccessToken) throws(CryptoError) -> Secret {
        var text: [UInt8] = []
        text.reserveCapacity(1024)
        text.append(contentsOf: head)
        Base64.append(token.claims(), to: &text, alphabet: .url, padded: false)
        let signature: Result<[UInt8], CryptoError> = text.withUnsafeBytes { bytes in
            Result { () throws(CryptoError) in try context.sign(bytes) }
        }
        text.append(UInt8(ascii: "."))
        Base64.append(try signature.get(), to: &text, alphabet: .url, padded: false)
        return Secret(text)
    }
}
