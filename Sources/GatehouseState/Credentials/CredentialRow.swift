import GRDB
import GatehouseTime
import GatehouseVerify

/// A row of the table `credential`.
struct CredentialRow {
    let name: CredentialName
    let version: Int
    private let storedState: String
    let created: WallTime
    let acceptedUntil: WallTime?
    private let storedEnd: WallTime?
    let sealed: [UInt8]?
    let firstUsed: WallTime?
    let lastUsed: WallTime?
    let uses: Int
    let expires: WallTime?

    /// In the order in which they are read; looking columns up by name takes longer than everything else about a row.
    static let columns =
        "sender, kind, version, state, created, accepted_until, ended, sealed, first_used, last_used, uses, expires"

    /// Of a row of ``columns``. Nil for a kind that this program does not know: a newer one made it.
    init?(_ row: Row) {
        guard let kind = CredentialKind(rawValue: row[1]) else { return nil }
        func time(_ column: Int) -> WallTime? { (row[column] as Int64?).map { WallTime(microseconds: $0) } }
        name = CredentialName(sender: row[0], kind: kind)
        version = row[2]
        storedState = row[3]
        created = WallTime(microseconds: row[4])
        acceptedUntil = time(5)
        storedEnd = time(6)
        sealed = (row[7] as Blob?)?.bytes
        firstUsed = time(8)
        lastUsed = time(9)
        uses = row[10]
        expires = time(11)
    }

    /// As stored; a retiring version says itself until when.
    var state: VersionState {
        switch storedState {
        case "active": .active
        case "retiring": .retiring(until: acceptedUntil ?? created)
        case "retired": .retired
        default: .revoked
        }
    }

    func state(at now: WallTime) -> VersionState {
        if case .retiring(let until) = state, until <= now { return .retired }
        return state
    }

    /// A version whose overlap has ended was retired at its end, whether or not anybody looked then.
    func ended(at now: WallTime) -> WallTime? {
        if case .retiring(let until) = state, until <= now { return until }
        return storedEnd
    }

    func isLive(at now: WallTime) -> Bool { state.isLive(at: now) }

    static func all(_ database: Database, _ name: CredentialName? = nil) throws -> [CredentialRow] {
        if let name {
            return try all(
                database, "WHERE sender = ? AND kind = ? ORDER BY version DESC", [name.sender, name.kind.rawValue])
        }
        return try all(database, "ORDER BY sender, kind, version DESC", [])
    }

    static func all(_ database: Database, _ clauses: String, _ arguments: StatementArguments) throws -> [CredentialRow] {
        let cursor = try Row.fetchCursor(database, sql: "SELECT \(columns) FROM credential \(clauses)", arguments: arguments)
        var rows: [CredentialRow] = []
        while let row = try cursor.next() { if let row = CredentialRow(row) { rows.append(row) } }
        return rows
    }
}
