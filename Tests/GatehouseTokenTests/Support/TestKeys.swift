import GatehouseCrypto
import GatehouseTime

@testable import GatehouseToken

/// Keys made once for all tests.
enum TestKeys {
    static let p256 = generate(.p256)
    static let otherP256 = generate(.p256)
    static let ed25519 = generate(.ed25519)
    static let rsa = generate(.rsa(bits: 2048))

    static func key(for algorithm: JWSAlgorithm) -> PrivateKey {
        switch algorithm {
        case .es256: p256
        case .edDSA: ed25519
        case .rs256, .ps256: rsa
        }
    }

    private static func generate(_ kind: PrivateKey.Generated) -> PrivateKey {
        do { return try PrivateKey.generate(kind) } catch { fatalError("\(error)") }
    }

    /// A JWK with some more members.
    static func jwk(_ key: PublicKey, _ members: [(String, String)] = []) throws -> String {
        let own = try key.jwkMembers().map { "\"\($0.name)\":\"\($0.value)\"" }
        return "{" + (own + members.map { "\"\($0.0)\":\"\($0.1)\"" }).joined(separator: ",") + "}"
    }
}

/// A JWS out of any header and payload, good or bad.
enum TestJWS {
    static func make(_ header: String, _ payload: String, key: PrivateKey, scheme: SignatureScheme) throws -> String {
        let signed = part(header) + "." + part(payload)
        let signature = try Array(signed.utf8).withUnsafeBytes { try key.sign(scheme, $0) }
        return signed + "." + Base64.encode(signature, alphabet: .url, padded: false)
    }

    static func part(_ text: String) -> String { Base64.encode(Array(text.utf8), alphabet: .url, padded: false) }
}

extension WallTime {
    static let now = WallTime(seconds: 1_790_000_000)
}

extension StrictJSON {
    /// The strings of an array.
    var texts: [String] { (elements ?? []).compactMap(\.text) }
}
