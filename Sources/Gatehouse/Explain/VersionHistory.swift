import GatehouseState
import GatehouseTime
import GatehouseVerify

/// What became of each version of each credential, those too whose value is destroyed.
struct VersionHistory: Sendable {
    struct Fate: Sendable {
        var number: Int
        var created: WallTime
        /// When it was retired or revoked, or its overlap ended; nil while it counts.
        var ended: WallTime?
        var isRevoked = false
    }

    private(set) var fates: [CredentialName: [Fate]]

    init(_ fates: [CredentialName: [Fate]] = [:]) { self.fates = fates }

    init(_ statuses: [CredentialStatus]) {
        fates = Dictionary(
            statuses.map { status in
                (
                    status.name,
                    status.versions.map { Fate(number: $0.number, created: $0.created, ended: $0.ended, isRevoked: $0.state == .revoked) }
                )
            }, uniquingKeysWith: { first, _ in first })
    }

    func fate(_ name: CredentialName, _ version: Int) -> Fate? { fates[name]?.first { $0.number == version } }

    func revoked(_ name: CredentialName) -> [Fate] { (fates[name] ?? []).filter(\.isRevoked) }

    /// In words: `version 2, which was retired at …; version 3 was made at …`.
    func words(_ name: CredentialName, _ version: Int) -> String {
        let next = (fates[name] ?? []).filter { $0.number > version }.min { $0.number < $1.number }
        let ended = fate(name, version)?.ended.map { " It was retired at \($0)." } ?? ""
        return ended + (next.map { " Version \($0.number) was made at \($0.created)." } ?? "")
    }
}
