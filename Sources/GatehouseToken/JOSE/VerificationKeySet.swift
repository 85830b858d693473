internal import GatehouseCrypto

/// Public keys by which one party's signatures are checked: one PEM key, one JWK or a JWK Set (RFC 7517 section 5).
public struct VerificationKeySet: Sendable {
    public let keys: [VerificationKey]

    public init(_ keys: [VerificationKey]) { self.keys = keys }

    /// A PEM public key (`-----BEGIN PUBLIC KEY-----`), a JWK or a JWK Set, by how it begins.
    ///
    /// Keys of a set that are for something else are passed over, as RFC 7517 section 5 asks; one must remain. Private members are refused.
    public init(_ text: [UInt8]) throws(JWKError) {
        guard text.count <= Self.maximumLength else { throw JWKError("a key set has at most \(Self.maximumLength) bytes") }
        if text.starts(with: "-----BEGIN".utf8) {
            let key: PublicKey
            do { key = try PublicKey(pem: String(decoding: text, as: UTF8.self)) } catch { throw JWKError(error.message) }
            keys = [try VerificationKey(key)]
            return
        }
        guard let members = StrictJSON(text)?.members else {
            throw JWKError("neither a PEM public key nor a JWK or JWK Set in JSON without repeated members")
        }
        guard let listed = members["keys"] else {
            guard let key = try VerificationKey(jwk: members) else {
                throw JWKError("the JWK is not for checking signatures with ES256, RS256, PS256 or EdDSA")
            }
            keys = [key]
            return
        }
        guard let elements = listed.elements, elements.count <= Self.maximumKeys else {
            throw JWKError("\"keys\" of a JWK Set is an array of at most \(Self.maximumKeys) keys")
        }
        var keys: [VerificationKey] = []
        for element in elements {
            guard let members = element.members else { throw JWKError("\"keys\" of a JWK Set holds something else than objects") }
            guard let key = try VerificationKey(jwk: members) else { continue }
            if let id = key.id, keys.contains(where: { $0.id?.utf8.elementsEqual(id.utf8) ?? false }) {
                throw JWKError("two keys of the JWK Set have the same \"kid\"")
            }
            keys.append(key)
        }
        guard !keys.isEmpty else { throw JWKError("no key of the JWK Set is for checking signatures with ES256, RS256, PS256 or EdDSA") }
        self.keys = keys
    }

    /// Those that may have made a signature: by name where keys have names, and able to do the algorithm. A name is looked up, nothing else
    /// is done with it (SEC-47).
    package func candidates(id: String?, algorithm: JWSAlgorithm) -> [VerificationKey] {
        var found: [VerificationKey] = []
        for key in keys where key.algorithms.contains(algorithm) {
            if let id, let own = key.id, !own.utf8.elementsEqual(id.utf8) { continue }
            found.append(key)
            if found.count == Self.maximumTries { break }
        }
        return found
    }

    /// Signatures that one message makes us check.
    static let maximumTries = 8
    private static let maximumKeys = 64
    private static let maximumLength = 131_072
}
