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

    /// Nil for a kind that this program does not know: a newer one made it.
    init?(_ row: Row) {
        guard let kind = CredentialKind(rawValue: row["kind"]) else { return nil }
        func time(_ column: String) -> WallTime? { (row[column] as Int64?).map { WallTime(microseconds: $0) } }
        name = CredentialName(sender: row["sender"], kind: kind)
        version = row["version"]
        storedState = row["state"]
        created = WallTime(microseconds: row["created"])
        acceptedUntil = time("accepted_until")
        storedEnd = time("ended")
        sealed = (row["sealed"] as Blob?)?.bytes
        firstUsed = time("first_used")
        lastUsed = time("last_used")
        uses = row["uses"]
        expires = time("expires")
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
        let rows: [Row]
        if let name {
            rows = try Row.fetchAll(
                database, sql: "SELECT * FROM credential WHERE sender = ? AND kind = ? ORDER BY version DESC",
                arguments: [name.sender, name.kind.rawValue])
        } else {
            rows = try Row.fetchAll(database, sql: "SELECT * FROM credential ORDER BY sender, kind, version DESC")
        }
        return rows.compactMap(CredentialRow.init)
    }
}
