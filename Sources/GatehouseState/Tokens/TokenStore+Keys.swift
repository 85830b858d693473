import GRDB
import GatehouseCrypto
public import GatehouseTime
public import GatehouseToken

/// What a change of the signing keys did.
public struct SigningKeyChange: Sendable {
    /// `kid` of the key that signs from now on; nil where none was made.
    public var made: String?
    public var algorithm: JWSAlgorithm
    /// Keys that stopped signing, and until when their tokens are accepted.
    public var retiring: [(kid: String, until: WallTime)] = []
    /// Keys whose last token has expired: destroyed.
    public var dropped: [String] = []
}

extension TokenStore {
    /// Sees to it that there is one key that signs with `algorithm`: makes the first, replaces one of another algorithm or older than
    /// `rotateEvery`, and destroys those whose last token has expired. For the start, a reload, and now and then.
    ///
    /// - Parameters:
    ///   - lifetime: of tokens from now on. A key is kept for the longest that its tokens were ever given.
    /// - Returns: nil where nothing changed.
    public func prepareKeys(
        algorithm: JWSAlgorithm, lifetime: Duration, rotateEvery: Duration? = nil, at now: WallTime
    ) throws(StateError) -> SigningKeyChange? {
        let rows = try database.read { try SealedSigningKey.all($0) }
        let active = rows.filter { $0.retiringUntil == nil }
        let isDue = active.first.map { key in rotateEvery.map { key.created + $0 <= now } ?? false } ?? true
        let rotates = isDue || active.count != 1 || active.first?.algorithm != algorithm
        var change = SigningKeyChange(algorithm: algorithm)
        if rotates { change = try rotate(algorithm, lifetime, at: now) }
        if let key = active.first, !rotates, key.longestLifetime < lifetime {
            try database.write { database in
                try database.execute(
                    sql: "UPDATE signing_key SET longest_lifetime = ? WHERE id = ?", arguments: [lifetime.microseconds, key.id])
            }
        }
        change.dropped = rows.filter { $0.retiringUntil.map { $0 <= now } ?? false }.map(\.id)
        if !change.dropped.isEmpty {
            try database.write { database in
                for id in change.dropped { try database.execute(sql: "DELETE FROM signing_key WHERE id = ?", arguments: [id]) }
            }
            try database.truncateLog()
        }
        guard rotates || !change.dropped.isEmpty else { return nil }
        keysChanged()
        return change
    }

    /// Makes a key that signs from now on. The old one's tokens stay good until they expire.
    public func rotateKeys(algorithm: JWSAlgorithm, lifetime: Duration, at now: WallTime) throws(StateError) -> SigningKeyChange {
        let change = try rotate(algorithm, lifetime, at: now)
        keysChanged()
        return change
    }

    private func rotate(_ algorithm: JWSAlgorithm, _ lifetime: Duration, at now: WallTime) throws(StateError) -> SigningKeyChange {
        let key: SigningKey
        do { key = try SigningKey.generate(algorithm, at: now) } catch {
            throw StateError(.value, "no token-signing key could be made: \(error)")
        }
        return try database.write { database in
            var change = SigningKeyChange(made: key.id, algorithm: algorithm)
            for row in try SealedSigningKey.all(database) where row.retiringUntil == nil {
                let until = now + max(row.longestLifetime, lifetime) + Self.handover
                try database.execute(
                    sql: "UPDATE signing_key SET retiring_until = ? WHERE id = ?", arguments: [until.microseconds, row.id])
                change.retiring.append((row.id, until))
            }
            try SealedSigningKey.insert(key, lifetime: lifetime, sealing: credentials.sealing, database)
            return change
        }
    }

    /// How long after a rotation some loop may still sign with the key it has.
    private static let handover = Duration.seconds(60)
}
