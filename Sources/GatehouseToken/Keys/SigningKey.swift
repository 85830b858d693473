public import GatehouseCrypto
public import GatehouseTime

/// A key that own tokens are signed with.
public struct SigningKey: Sendable {
    /// `kid`: the key's RFC 7638 thumbprint.
    public let id: String
    public let algorithm: JWSAlgorithm
    public let created: WallTime
    public var state: State
    public let key: PrivateKey

    public enum State: Sendable, Hashable {
        /// Signs.
        case active
        /// Signs no more; its tokens are accepted, and it is shown to others, before `until`, when the last of them has expired.
        case retiring(until: WallTime)

        public func isLive(at now: WallTime) -> Bool {
            switch self {
            case .active: true
            case .retiring(let until): now < until
            }
        }
    }

    /// Fails where the key is not of the algorithm's kind.
    public init(algorithm: JWSAlgorithm, created: WallTime, state: State = .active, key: PrivateKey) throws(CryptoError) {
        guard JWSAlgorithm.fitting(key.publicKey.kind).contains(algorithm) else {
            throw CryptoError(.unsupportedKey, "a key of kind \(key.publicKey.kind) does not sign \(algorithm.rawValue)")
        }
        id = try key.publicKey.thumbprint()
        self.algorithm = algorithm
        self.created = created
        self.state = state
        self.key = key
    }

    /// A fresh one. RSA takes its time.
    public static func generate(_ algorithm: JWSAlgorithm, at now: WallTime) throws(CryptoError) -> SigningKey {
        try SigningKey(algorithm: algorithm, created: now, key: try PrivateKey.generate(algorithm.generated))
    }
}
