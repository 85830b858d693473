import GRDB
public import GatehousePolicy
public import GatehouseTime
public import GatehouseVerify

/// How often one version proved its sender since the last report, and from where.
public struct CredentialUse: Sendable, Hashable {
    public var name: CredentialName
    public var version: Int
    public var first: WallTime
    public var last: WallTime
    public var count: Int
    /// The last use from each address and how many there were; bounded by ``CredentialUses``.
    public var addresses: [IPAddress: Count]

    public struct Count: Sendable, Hashable {
        public var last: WallTime
        public var uses: Int
    }

    /// Adds what was used to the stored counts, within the caller's transaction. Versions that are gone are passed over.
    static func save(_ uses: [CredentialUse], _ database: Database) throws {
        for use in uses {
            let identity: StatementArguments = [use.name.sender, use.name.kind.rawValue, use.version]
            try database.cachedStatement(
                sql: """
                    UPDATE credential SET first_used = min(ifnull(first_used, ?), ?), last_used = max(ifnull(last_used, ?), ?),
                        uses = uses + ?
                    WHERE sender = ? AND kind = ? AND version = ?
                    """
            ).execute(
                arguments: [
                    use.first.microseconds, use.first.microseconds, use.last.microseconds, use.last.microseconds, use.count,
                ] + identity)
            guard database.changesCount > 0 else { continue }
            for (address, count) in use.addresses {
                try database.cachedStatement(
                    sql: """
                        INSERT INTO credential_address (sender, kind, version, address, last_used, uses) VALUES (?, ?, ?, ?, ?, ?)
                        ON CONFLICT DO UPDATE SET last_used = max(last_used, excluded.last_used), uses = uses + excluded.uses
                        """
                ).execute(arguments: identity + [address.description, count.last.microseconds, count.uses])
            }
            try database.cachedStatement(
                sql: """
                    DELETE FROM credential_address WHERE sender = ?1 AND kind = ?2 AND version = ?3 AND address NOT IN (
                        SELECT address FROM credential_address WHERE sender = ?1 AND kind = ?2 AND version = ?3
                        ORDER BY last_used DESC, address LIMIT \(CredentialUses.addressLimit))
                    """
            ).execute(arguments: identity)
        }
    }
}

/// Uses gathered by one event loop between two reports: no lock and no I/O. Each loop has its own, and hands ``take()`` over once a second.
public struct CredentialUses: Sendable {
    private var uses: [Key: CredentialUse] = [:]

    private struct Key: Hashable {
        var name: CredentialName
        var version: Int
    }

    public init() {}

    public var isEmpty: Bool { uses.isEmpty }

    public mutating func record(_ name: CredentialName, version: Int, at time: WallTime, from address: IPAddress) {
        let key = Key(name: name, version: version)
        Self.record(
            &uses[key, default: CredentialUse(name: name, version: version, first: time, last: time, count: 0, addresses: [:])], time,
            address)
    }

    /// Adds what another loop gathered.
    public mutating func merge(_ other: [CredentialUse]) {
        for use in other {
            let key = Key(name: use.name, version: use.version)
            guard var mine = uses[key] else {
                uses[key] = use
                continue
            }
            mine.first = min(mine.first, use.first)
            mine.last = max(mine.last, use.last)
            mine.count += use.count
            for (address, count) in use.addresses { Self.note(address, count, &mine) }
            uses[key] = mine
        }
    }

    /// Everything gathered; empty afterwards.
    public mutating func take() -> [CredentialUse] {
        defer { uses.removeAll(keepingCapacity: true) }
        return Array(uses.values)
    }

    private static func record(_ use: inout CredentialUse, _ time: WallTime, _ address: IPAddress) {
        use.first = min(use.first, time)
        use.last = max(use.last, time)
        use.count += 1
        note(address, CredentialUse.Count(last: time, uses: 1), &use)
    }

    /// Of more addresses than are kept, those that were used last.
    private static func note(_ address: IPAddress, _ count: CredentialUse.Count, _ use: inout CredentialUse) {
        if let known = use.addresses[address] {
            use.addresses[address] = CredentialUse.Count(last: max(known.last, count.last), uses: known.uses + count.uses)
            return
        }
        if use.addresses.count >= addressLimit, let oldest = use.addresses.min(by: { $0.value.last < $1.value.last }) {
            guard oldest.value.last <= count.last else { return }
            use.addresses[oldest.key] = nil
        }
        use.addresses[address] = count
    }

    /// Addresses that are kept for a version, in memory between two reports and in the state: the last ones.
    static let addressLimit = 32
}
