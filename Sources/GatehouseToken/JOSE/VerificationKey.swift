public import GatehouseCrypto

/// A key that is no key here, said for the person who registered it.
public struct JWKError: Error, Sendable, Hashable, CustomStringConvertible {
    public let description: String

    public init(_ description: String) { self.description = description }
}

/// A public key with what it may be used for: what registered it decides, never the token (RFC 8725 section 3.1).
public struct VerificationKey: Sendable {
    /// The name that tokens call it by; nil where it was registered without one, and then any name may mean it.
    public let id: String?
    public let key: PublicKey
    /// In order of preference; never empty.
    public let algorithms: [JWSAlgorithm]

    /// A bare key: every algorithm of its kind.
    public init(_ key: PublicKey, id: String? = nil) throws(JWKError) {
        let algorithms = JWSAlgorithm.fitting(key.kind)
        guard !algorithms.isEmpty else {
            throw JWKError("the key is none of P-256, RSA and Ed25519, so no token's signature can be checked with it")
        }
        self.init(id: id, key: key, algorithms: algorithms)
    }

    private init(id: String?, key: PublicKey, algorithms: [JWSAlgorithm]) {
        self.id = id
        self.key = key
        self.algorithms = algorithms
    }

    /// Nil for a JWK that is for something else than checking signatures: another `use` (RFC 7517 section 4.2), other `key_ops` (4.3), an
    /// `alg` or kind of key that is not served. Throws for one that contradicts itself, and for a private or symmetric one.
    init?(jwk members: [String: StrictJSON]) throws(JWKError) {
        guard let kind = members["kty"]?.text else { throw JWKError("a JWK lacks \"kty\"") }
        if kind == "oct" { throw JWKError("the JWK is a symmetric key, which would let its holder make tokens as well as check them") }
        if let use = members["use"], use.text != "sig" { return nil }
        if let operations = members["key_ops"] {
            guard let operations = operations.elements, operations.contains(.string("verify")) else { return nil }
        }
        let known: Bool =
            switch (kind, members["crv"]?.text) {
            case ("RSA", _), ("EC", "P-256"), ("OKP", "Ed25519"): true
            default: false
            }
        guard known else { return nil }
        let key: PublicKey
        do { key = try PublicKey(jwk: members) } catch { throw JWKError(error.message) }
        var algorithms = JWSAlgorithm.fitting(key.kind)
        if let named = members["alg"] {
            guard let name = named.text else { throw JWKError("a JWK's \"alg\" is no string") }
            // RFC 9864 names the curve: Ed25519 is EdDSA with that key.
            let algorithm = name == "Ed25519" ? .edDSA : JWSAlgorithm(rawValue: name)
            guard let algorithm else { return nil }
            guard algorithms.contains(algorithm) else { throw JWKError("a JWK's \"alg\" \(algorithm.rawValue) is not for its kind of key") }
            algorithms = [algorithm]
        }
        guard !algorithms.isEmpty else { return nil }
        var id: String?
        if let named = members["kid"] {
            guard let name = named.text, name.utf8.count <= 256 else { throw JWKError("a JWK's \"kid\" is no string of at most 256 bytes") }
            id = name
        }
        self.init(id: id, key: key, algorithms: algorithms)
    }
}
