import Gatehouse
import GatehouseAudit

/// What `audit review --summary` prints.
struct SummaryText {
    var summary: ReviewSummary
    var tolerances: [String: SkewTolerance]

    var lines: [String] {
        var lines = ["\(summary.requests) decision\(summary.requests == 1 ? "" : "s")"]
        if summary.requests != summary.records { lines[0] += " in \(summary.records) record\(summary.records == 1 ? "" : "s")" }
        let tables: [(title: String, table: CountTable, isWhole: Bool)] = [
            ("by decision", summary.decisions, true), ("by reason", summary.reasons, true), ("by endpoint", summary.endpoints, true),
            ("by sender", summary.senders, true),
            // A request may have none, or several.
            ("by credential version", summary.versions, false),
        ]
        for (title, table, isWhole) in tables where !table.byCount.isEmpty {
            lines += ["", Terminal.styled(title, .strong)]
            lines += Self.bars(table.byCount, others: table.others, of: isWhole ? summary.requests : nil)
        }
        let hours = summary.hours.byText
        if !hours.isEmpty {
            lines += ["", Terminal.styled("by hour (UTC)", .strong)]
            lines += Self.bars(hours.map { ($0.text.replacing("T", with: " ") + "h", $0.count) }, others: summary.hours.others)
        }
        if !summary.skews.isEmpty {
            lines += ["", Terminal.styled("arrival after the signed time", .strong) + "     median        least         most"]
            let width = summary.skews.keys.map(\.count).max() ?? 0
            for (sender, skew) in summary.skews.sorted(by: { $0.key < $1.key }) {
                let values = [skew.median, skew.least, skew.most].map { Self.right(Self.seconds($0), 13) }
                lines.append("  " + Self.left(Terminal.printable(sender), max(width, 30)) + values.joined())
            }
        }
        return lines
    }

    /// Senders whose clock is about to be, or already is, off by more than their endpoints allow.
    var warnings: [String] {
        summary.skews.sorted { $0.key < $1.key }.compactMap { sender, skew in
            guard let tolerance = tolerances[sender], let usual = skew.usual else { return nil }
            let late = tolerance.late.components.seconds * 1_000
            let early = tolerance.early.components.seconds * 1_000
            if skew.median * 2 > late || usual.upperBound * 5 > late * 4 {
                return
                    "\(sender): requests arrive up to \(Self.seconds(max(usual.upperBound, skew.median))) after they were signed (median \(Self.seconds(skew.median))), "
                    + "and \(Self.seconds(late)) are tolerated: its clock is slow, or it queues them"
            }
            if -skew.median * 2 > early || -usual.lowerBound * 5 > early * 4 {
                return "\(sender): requests arrive up to \(Self.seconds(max(-usual.lowerBound, -skew.median))) before their signed time, "
                    + "and \(Self.seconds(early)) are tolerated: its clock is fast, or this one slow"
            }
            return nil
        }
    }

    /// One object.
    var json: JSON {
        func counts(_ entries: [(text: String, count: UInt64)]) -> JSON {
            .object(entries.map { JSON.Member(name: $0.text, value: .number(Int(clamping: $0.count))) })
        }
        return .object([
            "records": .number(Int(clamping: summary.records)), "requests": .number(Int(clamping: summary.requests)),
            "decisions": counts(summary.decisions.byCount),
            "reasons": counts(summary.reasons.byCount), "endpoints": counts(summary.endpoints.byCount),
            "senders": counts(summary.senders.byCount),
            "versions": counts(summary.versions.byCount), "hours": counts(summary.hours.byText),
            "skew_ms": .object(
                summary.skews.sorted { $0.key < $1.key }.map { sender, skew in
                    JSON.Member(
                        name: sender,
                        value: .object([
                            "median": .number(Int(skew.median)), "least": .number(Int(skew.least)), "most": .number(Int(skew.most)),
                            "count": .number(Int(clamping: skew.count)),
                        ]))
                }),
            "warnings": .array(warnings.map { .string($0) }),
        ])
    }

    /// - Parameter all: what the counts add up to; what they leave is in a row of its own.
    private static func bars(_ entries: [(text: String, count: UInt64)], others: UInt64, of all: UInt64? = nil) -> [String] {
        let counted = entries.reduce(others) { $0 &+ $1.count }
        let none = all.map { $0 > counted ? $0 - counted : 0 } ?? 0
        let entries = entries + (others > 0 ? [("others", others)] : []) + (none > 0 ? [("(none)", none)] : [])
        let block = Terminal.isUTF8 ? "█" : "#"
        let most = entries.map(\.count).max() ?? 1
        let label = min(44, entries.map { Terminal.printable($0.text).count }.max() ?? 0)
        let digits = String(most).count
        let room = max(10, min(60, Terminal.Stream.output.width - label - digits - 6))
        return entries.map { entry in
            let length = entry.count * UInt64(room) / max(1, most)
            let bar = String(repeating: block, count: Int(max(1, length)))
            return "  " + left(Terminal.printable(entry.text), label) + right("\(entry.count)", digits + 2) + "  "
                + Terminal.styled(bar, .faint)
        }
    }

    static func seconds(_ milliseconds: Int64) -> String {
        let sign = milliseconds < 0 ? "-" : ""
        let size = milliseconds.magnitude
        if size >= 10 * 86_400_000 { return "\(sign)\(size / 86_400_000) d" }
        let fraction = String(size % 1_000)
        return size < 10_000
            ? "\(sign)\(size / 1_000).\(String(repeating: "0", count: 3 - fraction.count))\(fraction) s" : "\(sign)\(size / 1_000) s"
    }

    private static func left(_ text: String, _ width: Int) -> String {
        text.count > width ? text.prefix(max(0, width - 1)) + "…" : text + String(repeating: " ", count: width - text.count)
    }

    private static func right(_ text: String, _ width: Int) -> String { String(repeating: " ", count: max(0, width - text.count)) + text }
}
