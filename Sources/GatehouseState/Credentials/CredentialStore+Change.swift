import GRDB
import GatehouseCrypto
public import GatehouseTime
public import GatehouseVerify

extension CredentialStore {
    /// Makes the first version, or the next one where no older version is live.
    public func add(_ name: CredentialName, value: Value, at now: WallTime) throws(StateError) -> CredentialChange {
        if let live = try database.read({ try CredentialRow.all($0, name) }).first(where: { $0.isLive(at: now) }) {
            throw Self.exists(name, live)
        }
        let (form, text) = try form(of: value, for: name)
        let fingerprint = try fingerprint(form.identity, name.kind)
        let change = try database.write { database in
            let rows = try CredentialRow.all(database, name)
            if let live = rows.first(where: { $0.isLive(at: now) }) { throw Self.exists(name, live) }
            var change = CredentialChange(action: .add, name: name, version: nil, generated: text)
            (change.version, change.expires) = try insert(form, fingerprint, name, after: rows, now, database)
            return change
        }
        announce([name])
        return change
    }

    /// Makes a new active version. Older active versions are accepted for `overlap` more; with an overlap of zero every older version is
    /// revoked, and its value gone on return.
    public func rotate(_ name: CredentialName, value: Value, overlap: Duration, at now: WallTime) throws(StateError) -> CredentialChange {
        guard overlap >= .zero else { throw StateError(.value, "an overlap cannot be negative") }
        guard overlap <= Self.longestOverlap else {
            throw StateError(
                .value,
                "an overlap lasts at most 3650 days, and this is \(overlap.components.seconds / 86_400): an old value that is to stay for good needs none"
            )
        }
        guard try database.read({ try CredentialRow.all($0, name) }).contains(where: { $0.isLive(at: now) }) else {
            throw Self.notLive(name)
        }
        let (form, text) = try form(of: value, for: name)
        let fingerprint = try fingerprint(form.identity, name.kind)
        var change = CredentialChange(action: .rotate, name: name, version: nil, generated: text)
        let revokes = overlap == .zero
        change = try database.write { database in
            var change = change
            let rows = try CredentialRow.all(database, name)
            let live = rows.count { $0.isLive(at: now) }
            guard live > 0 else { throw Self.notLive(name) }
            guard revokes || live < Self.mostLive else {
                throw StateError(
                    .exists,
                    "\(live) versions of \(name) are accepted already, which is the most: wait until an overlap ends, retire one that is not used, "
                        + "or end all of them with --overlap 0")
            }
            (change.version, change.expires) = try insert(form, fingerprint, name, after: rows, now, database)
            if revokes {
                change.ended = rows.filter { $0.isLive(at: now) }.map(\.version)
                for row in rows where row.state != .revoked { try Self.revoke(row, now, database) }
                return change
            }
            for row in rows where row.state == .active {
                try Self.update("state = 'retiring', accepted_until = ?", [(now + overlap).microseconds], row, database)
                change.retiring.append(row.version)
                change.acceptedUntil = now + overlap
            }
            return change
        }
        if revokes { try database.truncateLog() }
        announce([name])
        return change
    }

    /// Ends a version that is not used any more. Refused as `inUse`, unless `force`, where its verdict is `in-use`, and where no other
    /// version is active: then nothing would be accepted, now or when the last overlap ends.
    public func retire(_ name: CredentialName, version: Int, quiet: Duration, force: Bool = false, at now: WallTime) throws(StateError)
        -> CredentialChange
    {
        let change = try database.write { database in
            let row = try Self.row(name, version, database)
            guard row.isLive(at: now) else {
                throw StateError(
                    .unknown, "version \(version) of \(name) is \(row.state(at: now) == .revoked ? "revoked" : "retired") already")
            }
            var change = CredentialChange(action: .retire, name: name, version: version)
            let status = try Self.status(name, at: now, database).first
            if let refusal = status?.refusal(toRetire: version, quiet: quiet, at: now) {
                guard force else { throw refusal }
                change.forced = true
            }
            try Self.update("state = 'retired', ended = ?", [now.microseconds], row, database)
            change.ended = [version]
            change.endsAt = try Self.end(name, after: change.ended, now, database)
            return change
        }
        announce([name])
        return change
    }

    /// Stops a version, or all of them, and destroys the values: on return no ciphertext of them is in the database or its log.
    public func revoke(_ name: CredentialName, version: Int? = nil, at now: WallTime) throws(StateError) -> CredentialChange {
        let change = try database.write { database in
            let rows = try version.map { [try Self.row(name, $0, database)] } ?? CredentialRow.all(database, name)
            guard !rows.isEmpty else { throw Self.unknown(name) }
            var change = CredentialChange(action: .revoke, name: name, version: version)
            // The value of a retired version goes too, but it was not accepted before.
            for row in rows where row.state != .revoked {
                try Self.revoke(row, now, database)
                if row.isLive(at: now) { change.ended.append(row.version) }
            }
            change.endsAt = try Self.end(name, after: change.ended, now, database)
            return change
        }
        // Also where nothing was left to revoke: an earlier call may have been cut off between the two steps.
        try database.truncateLog()
        announce([name])
        return change
    }

    /// Marks versions whose overlap has ended, and destroys values that were retired longer than `keep` ago. True where anything changed.
    ///
    /// To be called every second: until the next end comes it does not touch the database.
    @discardableResult
    public func expire(keep: Duration, at now: WallTime) throws(StateError) -> Bool {
        if let due, due.keep == keep {
            guard let next = due.at, next <= now else { return false }
        }
        let (ended, destroyed) = try database.write { database in
            let ended = try Self.names(
                "UPDATE credential SET state = 'retired', ended = accepted_until WHERE state = 'retiring' AND accepted_until <= ?", now,
                database)
            let destroyed = try Self.names(
                "UPDATE credential SET sealed = NULL, fingerprint = NULL WHERE state = 'retired' AND sealed IS NOT NULL AND ended <= ?",
                now - keep, database)
            return (ended, destroyed)
        }
        if !destroyed.isEmpty { try database.truncateLog() }
        let isChanged = !ended.isEmpty || !destroyed.isEmpty
        if isChanged { announce(ended.union(destroyed)) }
        let generation = generation
        // Where it cannot be read the next call looks at everything again; what was done here has to be told now.
        if let next = try? nextEnd(keep: keep) { self.keep(next, of: generation) }
        return isChanged
    }

    /// When an overlap ends next, or a retired value's time is up.
    private func nextEnd(keep: Duration) throws(StateError) -> Due {
        try database.read { database in
            let overlap = try Int64.fetchOne(database, sql: "SELECT MIN(accepted_until) FROM credential WHERE state = 'retiring'")
            let kept = try Int64.fetchOne(
                database, sql: "SELECT MIN(ended) FROM credential WHERE state = 'retired' AND sealed IS NOT NULL")
            let ends = [overlap.map { WallTime(microseconds: $0) }, kept.map { WallTime(microseconds: $0) + keep }]
            return Due(keep: keep, at: ends.compactMap { $0 }.min())
        }
    }

    /// See ``CredentialChange/endsAt``.
    private static func end(_ name: CredentialName, after ended: [Int], _ now: WallTime, _ database: Database) throws -> WallTime? {
        guard !ended.isEmpty else { return nil }
        let live = try CredentialRow.all(database, name).filter { $0.isLive(at: now) }
        return live.contains { $0.state == .active } ? nil : live.compactMap(\.acceptedUntil).max()
    }

    private static func names(_ update: String, _ time: WallTime, _ database: Database) throws -> Set<CredentialName> {
        let rows = try Row.fetchAll(database, sql: update + " RETURNING sender, kind", arguments: [time.microseconds])
        return Set(rows.compactMap { row in CredentialKind(rawValue: row["kind"]).map { CredentialName(sender: row["sender"], kind: $0) } })
    }

    /// Versions of a credential that are accepted at once. A request is compared with each of them for every signature that it carries, so
    /// that without a bound some rotations in a row would make every event of a sender's too much work to be checked.
    private static let mostLive = 10
    /// Ten years: beyond it, times leave the calendar that records are written in.
    private static let longestOverlap = Duration.seconds(3_650 * 86_400)

    private func form(of value: Value, for name: CredentialName) throws(StateError) -> (CredentialForm, Secret?) {
        switch value {
        case .generated:
            let text = try Self.makeValue(for: name)
            return (try CredentialForm(generated: text, for: name, keys: keys), text)
        case .made(let text):
            return (try CredentialForm(generated: text, for: name, keys: keys), nil)
        case .given(let secret):
            return (try CredentialForm(given: secret, for: name, keys: keys), nil)
        }
    }

    private func insert(
        _ form: CredentialForm, _ fingerprint: [UInt8]?, _ name: CredentialName, after rows: [CredentialRow], _ now: WallTime,
        _ database: Database
    ) throws -> (version: Int, expires: WallTime?) {
        if let fingerprint { try Self.refuseShared(fingerprint, name, now, database) }
        let version = (rows.map(\.version).max() ?? 0) + 1
        let sealed = try SealedCredential.seal(form.stored, key: sealing, name: name, version: version)
        let expires = try Self.expiry(form, name, database)
        try database.execute(
            sql: """
                INSERT INTO credential (sender, kind, version, state, created, sealed, fingerprint, expires)
                VALUES (?, ?, ?, 'active', ?, ?, ?, ?)
                """,
            arguments: [
                name.sender, name.kind.rawValue, version, now.microseconds, Blob(sealed), fingerprint.map { Blob($0) },
                expires?.microseconds,
            ])
        return (version, expires)
    }

    /// `exp` of a public key that is a JWK, in Unix seconds; no other form has a date.
    private static func expiry(_ form: CredentialForm, _ name: CredentialName, _ database: Database) throws -> WallTime? {
        guard name.kind == .key, form.stored.hasPrefix("{") else { return nil }
        let text = form.stored.withBytes { String(decoding: $0, as: UTF8.self) }
        let seconds = try Double.fetchOne(
            database, sql: "SELECT json_extract(?1, '$.exp') WHERE json_valid(?1) AND json_type(?1, '$.exp') IN ('integer', 'real')",
            arguments: [text])
        guard let seconds, seconds > 0, seconds < 253_402_300_800 else { return nil }
        return WallTime(seconds: Int64(seconds))
    }

    /// One value proves one sender.
    private static func refuseShared(_ fingerprint: [UInt8], _ name: CredentialName, _ now: WallTime, _ database: Database) throws {
        let rows = try CredentialRow.all(database, "WHERE kind = ? AND fingerprint = ?", [name.kind.rawValue, Blob(fingerprint)])
        guard let other = rows.first(where: { $0.isLive(at: now) }) else { return }
        let reason = other.name == name ? "it needs a new one" : "two senders cannot be told apart by one value"
        throw StateError(.value, "\(name): this value is version \(other.version) of \(other.name) already, and \(reason)")
    }

    private static func revoke(_ row: CredentialRow, _ now: WallTime, _ database: Database) throws {
        try update("state = 'revoked', ended = ?, sealed = NULL, fingerprint = NULL", [now.microseconds], row, database)
    }

    private static func update(_ assignments: String, _ arguments: StatementArguments, _ row: CredentialRow, _ database: Database) throws {
        try database.execute(
            sql: "UPDATE credential SET \(assignments) WHERE sender = ? AND kind = ? AND version = ?",
            arguments: arguments + [row.name.sender, row.name.kind.rawValue, row.version])
    }

    private static func row(_ name: CredentialName, _ version: Int, _ database: Database) throws -> CredentialRow {
        let rows = try CredentialRow.all(database, name)
        guard !rows.isEmpty else { throw unknown(name) }
        guard let row = rows.first(where: { $0.version == version }) else {
            throw StateError(
                .unknown,
                "\(name) has no version \(version), but \(rows.map { "\($0.version)" }.joined(separator: ", ")); "
                    + "see `gatehouse secret status \(name)`"
            )
        }
        return row
    }

    private static func exists(_ name: CredentialName, _ live: CredentialRow) -> StateError {
        StateError(
            .exists,
            "\(name) has a live version (\(live.version)): use `gatehouse secret rotate \(name)` to replace it without losing events")
    }

    private static func notLive(_ name: CredentialName) -> StateError {
        StateError(.unknown, "\(name) has no live version to rotate: use `gatehouse secret add \(name)`")
    }
}
