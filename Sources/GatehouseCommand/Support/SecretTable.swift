import Gatehouse
import GatehouseTime

/// What `secret status` shows to people.
struct SecretTable {
    var now: WallTime

    /// - Parameter all: every credential was asked for, so that what ends next is shown for all of them and for certificates.
    func show(_ reports: [SecretReport], ending items: [ExpiryItem], all: Bool) {
        for (index, report) in reports.enumerated() {
            if index > 0 { Terminal.say() }
            Terminal.say(Terminal.styled(Terminal.printable(report.credential), .strong))
            table(report).lines(indent: 2, width: Self.width, spare: Self.spare).forEach { Terminal.say($0) }
            for version in report.versions where isLive(version) && version.verdict == "safe-to-retire" {
                hint("nobody uses version \(version.version) any more: gatehouse secret retire \(report.credential) \(version.version)")
            }
        }
        let names = Set(reports.map(\.credential))
        let next = items.filter { all || names.contains($0.name) }
        guard !next.isEmpty else { return }
        Terminal.say()
        Terminal.say(Terminal.styled("Ends next", .strong))
        show(Array(next.prefix(Self.most)))
        if next.count > Self.most { hint("and \(next.count - Self.most) more: gatehouse secret status --expiring") }
    }

    func show(_ items: [ExpiryItem]) {
        var table = Table(["WHEN", "WHAT", "NAME", "VERSION", "VERDICT"], right: [3])
        for item in items {
            let left = WallTime(rfc3339: Array(item.expires.utf8)).map { $0 - now } ?? .zero
            let style: Terminal.Style = left <= .seconds(86_400) ? .bad : left <= .seconds(7 * 86_400) ? .caution : .plain
            table.add([
                Table.Cell(RelativeTime.text(item.expires, now: now), item.what == .overlap && item.verdict != "in-use" ? .plain : style),
                Table.Cell(item.what.rawValue), Table.Cell(item.name), Table.Cell(item.version.map(String.init) ?? ""),
                Table.Cell(item.verdict ?? "", Self.style(item.verdict ?? "")),
            ])
        }
        // What a long name begins with gives way first, then the verdict and the kind.
        table.lines(indent: 2, width: Self.width, spare: [4, 1], cut: 2).forEach { Terminal.say($0) }
    }

    private static var width: Int { Terminal.Stream.output.isTerminal ? Terminal.Stream.output.width : .max }
    private static let most = 5
    /// Columns that give way in a narrow terminal: first used, made, from, uses, expires, until.
    private static let spare = [5, 4, 8, 7, 3, 2]

    private func table(_ report: SecretReport) -> Table {
        var table = Table(
            ["VERSION", "STATE", "UNTIL", "EXPIRES", "MADE", "FIRST USED", "LAST USED", "USES", "FROM", "VERDICT"], right: [0, 7])
        for version in report.versions {
            let isLive = isLive(version)
            table.add([
                Table.Cell(String(version.version)),
                Table.Cell(version.state, version.state == "active" ? .good : isLive ? .caution : .faint),
                Table.Cell(RelativeTime.text(version.accepted_until, now: now)), expiry(version),
                Table.Cell(RelativeTime.text(version.created, now: now)), Table.Cell(RelativeTime.text(version.first_used, now: now)),
                Table.Cell(RelativeTime.text(version.last_used, now: now)), Table.Cell(String(version.uses)),
                Table.Cell(Self.from(version)),
                Table.Cell(version.verdict ?? "-", Self.style(version.verdict ?? "")),
            ])
        }
        return table
    }

    /// A key's own date ends nothing, unlike an overlap: it is accepted behind it.
    private func expiry(_ version: SecretReport.Version) -> Table.Cell {
        guard isLive(version), let expires = version.expires else { return Table.Cell("") }
        let hasPassed = WallTime(rfc3339: Array(expires.utf8)).map { $0 <= now } ?? false
        return Table.Cell((hasPassed ? "expired " : "") + RelativeTime.text(expires, now: now), hasPassed ? .bad : .plain)
    }

    private func isLive(_ version: SecretReport.Version) -> Bool { version.state == "active" || version.state == "retiring" }

    /// The latest addresses; all of them are in the JSON.
    private static func from(_ version: SecretReport.Version) -> String {
        let shown = version.addresses.prefix(2).map(\.address).joined(separator: ", ")
        let more = version.addresses.count - 2
        return more > 0 ? "\(shown) and \(version.uses_elsewhere > 0 ? "over " : "")\(more) more" : shown
    }

    private static func style(_ verdict: String) -> Terminal.Style {
        switch verdict {
        case "safe-to-retire": .good
        case "in-use": .strong
        default: .faint
        }
    }

    private func hint(_ text: String) { Terminal.say(Terminal.styled("  " + Terminal.printable(text), .faint)) }
}
