import GatehouseAudit
import GatehouseTime

/// Records as lines for a terminal: time, decision, reason, endpoint, sender, event, reference. Cut to the terminal's width where there is
/// one: the event gives way first, then the date and the fraction of the second, then one of two names that are the same, then both.
struct RecordRows {
    private let width: Int?
    private let hasColour: Bool

    /// Looks at standard output as it is now; a pager may take its place afterwards.
    init() {
        let output = Terminal.Stream.output
        width = output.isTerminal || Terminal.environment("COLUMNS") != nil ? output.width : nil
        hasColour = output.hasColour
    }

    func text(_ record: LogRecord) -> String {
        let isNarrow = width.map { $0 < 100 } ?? false
        let whole = String(record.time.description.prefix(isNarrow ? 19 : 23)).replacing("T", with: " ") + "Z"
        let time = width.map { $0 < 120 } ?? false ? String(whole.dropFirst(11)) : whole
        guard record.kind == "decision" else {
            return time + "  " + styled(fit("\(record.kind)", 9), .faint) + "  " + rest(other(record), after: time.count + 13)
        }
        let decision = record.decision ?? ""
        if isNarrow, let width { return narrow(record, time, decision, width) }
        let names = width.map { max(3, min(14, ($0 - time.count - 9 - 19 - 26 - 10) / 2)) } ?? 14
        let columns = [fit(record.reason ?? "", 19), fit(record.endpoint ?? "-", names), fit(record.sender ?? "-", names)]
        let event = [record.event?.id, record.event?.type].compactMap { $0 }.joined(separator: " ")
        let fixed = time.count + 9 + 19 + 2 * names + 26 + 10
        let room = width.map { $0 - fixed - 2 }
        var line = time + "  " + styled(fit(decision, 9), Self.style(decision)) + "  " + columns.joined(separator: "  ")
        if let room {
            if room >= 6 { line += "  " + fit(event.isEmpty ? "-" : event, room) }
        } else {
            line += "  " + Terminal.printable(event.isEmpty ? "-" : event)
        }
        return line + "  " + (record.reference?.description ?? "-")
    }

    /// One name: the endpoint's, with the sender's where that is another; none where there is no room for it, and a shorter reason then.
    private func narrow(_ record: LogRecord, _ time: String, _ decision: String, _ width: Int) -> String {
        let endpoint = record.endpoint ?? record.sender ?? "-"
        let name = record.sender.map { $0 == endpoint ? endpoint : "\(endpoint)/\($0)" } ?? endpoint
        let fixed = time.count + 9 + 26 + 6
        let room = width - fixed - 19 - 2
        var columns = [time, styled(fit(decision, 9), Self.style(decision))]
        if room >= 4 {
            columns += [fit(record.reason ?? "", 19), fit(name, room)]
        } else {
            columns.append(fit(record.reason ?? "", max(3, min(19, width - fixed))))
        }
        return (columns + [record.reference?.description ?? "-"]).joined(separator: "  ")
    }

    private func other(_ record: LogRecord) -> String {
        switch record.kind {
        case "admin":
            let parts = [record.value["command"], record.value["credential"], record.value["result"], record.value["user"]]
            return parts.compactMap { $0?.string }.joined(separator: " ")
        case "token":
            let names = ["grant", "authentication", "token", "problem"].map { record.value[$0]?.string }
            let parts = [record.action, record.reason, record.sender] + names + [record.reference?.description]
            return parts.compactMap { $0 }.joined(separator: " ")
        default:
            // Short ones only: a checkpoint's text is for other readers.
            let details = (record.value["details"]?.members ?? []).compactMap { detail in
                (detail.value.string ?? detail.value.integer.map(String.init)).flatMap {
                    $0.utf8.count <= 64 ? "\(detail.name)=\($0)" : nil
                }
            }
            let names = [record.endpoint, record.sender, record.event?.id, record.reference?.description].compactMap { $0 }
            return ([record.action ?? ""] + names + details).joined(separator: " ")
        }
    }

    private func rest(_ text: String, after used: Int) -> String { width.map { clip(text, max(8, $0 - used)) } ?? Terminal.printable(text) }

    private func fit(_ text: String, _ columns: Int) -> String {
        guard width != nil else {
            let shown = Terminal.printable(text)
            return shown + String(repeating: " ", count: max(0, columns - shown.count))
        }
        let shown = clip(text, columns)
        return shown + String(repeating: " ", count: max(0, columns - shown.count))
    }

    private func clip(_ text: String, _ columns: Int) -> String {
        let shown = Terminal.printable(text)
        return shown.count <= columns ? shown : shown.prefix(max(0, columns - 1)) + "…"
    }

    private func styled(_ text: String, _ style: Terminal.Style) -> String {
        hasColour && style != .plain ? "\u{1b}[\(style.rawValue)m\(text)\u{1b}[0m" : text
    }

    private static func style(_ decision: String) -> Terminal.Style {
        switch decision {
        case "accepted": .good
        case "rejected", "failed": .bad
        case "duplicate": .caution
        default: .faint
        }
    }
}
