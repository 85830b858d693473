public import GatehouseCrypto
public import GatehousePolicy

/// The signature algorithms of RFC 7518 and RFC 8037 that tokens and assertions may carry. All are asymmetric: there is no MAC that a
/// public key could be taken for the key of, and no `none`.
public enum JWSAlgorithm: String, Sendable, Hashable, CaseIterable {
    case es256 = "ES256"
    case rs256 = "RS256"
    case ps256 = "PS256"
    case edDSA = "EdDSA"

    public init(_ signing: GatewayPolicy.OAuth.Signing) {
        switch signing {
        case .es256: self = .es256
        case .rs256: self = .rs256
        case .ps256: self = .ps256
        case .edDSA: self = .edDSA
        }
    }

    public var scheme: SignatureScheme {
        switch self {
        case .es256: .ecdsaP256SHA256Raw
        case .rs256: .rsaPKCS1(.sha256)
        case .ps256: .rsaPSS(.sha256)
        case .edDSA: .ed25519
        }
    }

    /// What a fresh key for it is.
    public var generated: PrivateKey.Generated {
        switch self {
        case .es256: .p256
        case .rs256, .ps256: .rsa(bits: 2048)
        case .edDSA: .ed25519
        }
    }

    /// Those a key can be used with: its kind decides, never what a token says (RFC 8725 section 3.1). Empty for kinds that have none.
    public static func fitting(_ kind: KeyKind) -> [JWSAlgorithm] {
        switch kind {
        case .p256: [.es256]
        case .rsa: [.ps256, .rs256]
        case .ed25519: [.edDSA]
        case .other: []
        }
    }

    /// FAPI 2.0 Security Profile section 5.4.1: RS256 is out.
    public static let fapi2: Set<JWSAlgorithm> = [.es256, .ps256, .edDSA]
}
