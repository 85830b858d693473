public import GatehouseCrypto
public import GatehouseTime

/// The keys of own tokens: at most one that signs, and those whose tokens may still be about.
public struct SigningKeySet: Sendable, Equatable {
    /// Newest first.
    public let keys: [SigningKey]

    public init(_ keys: [SigningKey] = []) { self.keys = keys.sorted { $0.created > $1.created } }

    /// The same keys in the same states.
    public static func == (left: SigningKeySet, right: SigningKeySet) -> Bool {
        left.keys.elementsEqual(right.keys) { $0.id == $1.id && $0.state == $1.state && $0.algorithm == $1.algorithm }
    }

    public var active: SigningKey? { keys.first { $0.state == .active } }

    /// Those that count at `now`.
    public func live(at now: WallTime) -> SigningKeySet { SigningKeySet(keys.filter { $0.state.isLive(at: now) }) }

    /// The JWK Set (RFC 7517 section 5) for others to check tokens with: public members only, each `kid` once (SEC-40).
    public func jwks() throws(CryptoError) -> [UInt8] {
        var listed: [UInt8] = []
        for key in keys {
            var writer = JSONWriter(capacity: 512)
            for (name, value) in try key.key.publicKey.jwkMembers() {
                switch name {
                case "crv": writer.member("crv", value)
                case "kty": writer.member("kty", value)
                case "x": writer.member("x", value)
                case "y": writer.member("y", value)
                case "e": writer.member("e", value)
                default: writer.member("n", value)
                }
            }
            writer.member("kid", key.id)
            writer.member("use", "sig")
            writer.member("alg", key.algorithm.rawValue)
            if !listed.isEmpty { listed.append(UInt8(ascii: ",")) }
            listed += writer.finish()
        }
        var set = JSONWriter(capacity: listed.count + 16)
        set.member("keys", json: [UInt8(ascii: "[")] + listed + [UInt8(ascii: "]")])
        return set.finish()
    }
}
