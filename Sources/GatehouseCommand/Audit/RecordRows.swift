import GatehouseAudit
import GatehouseTime

/// Records as lines for a terminal: time, decision, reason, endpoint, sender, event, reference.
///
/// Cut to the terminal's width where there is one. As it shrinks, these give way in this order, and whatever a width shows every greater one
/// shows too: the end of a long event; the fraction of the second; the date, which a line of its own then tells where it changes; the event;
/// the two columns of names, which become one; the ends of names and reason; the names.
struct RecordRows {
    private let layout: RecordLayout?
    private let hasColour: Bool
    /// Told by the last line that tells one.
    private var date = ""

    /// Looks at standard output as it is now; a pager may take its place afterwards.
    init() {
        let output = Terminal.Stream.output
        self.init(
            width: output.isTerminal || Terminal.environment("COLUMNS") != nil ? output.width : nil, hasColour: output.hasColour)
    }

    /// - Parameter width: nil: everything is shown whole.
    init(width: Int?, hasColour: Bool) {
        layout = width.map { RecordLayout(width: $0) }
        self.hasColour = hasColour
    }

    /// One line, or two where the first tells the date.
    mutating func text(_ record: LogRecord) -> String {
        let time = record.time.description
        guard let layout else { return line(record, Self.time(time, 0..<23)) }
        guard !layout.hasDate else { return line(record, Self.time(time, 0..<(layout.hasFraction ? 23 : 19))) }
        let line = line(record, Self.time(time, 11..<19))
        let own = String(time.prefix(10))
        guard own != date else { return line }
        date = own
        return styled(own, .strong) + "\n" + line
    }

    private static func time(_ text: String, _ range: Range<Int>) -> String {
        String(text.prefix(range.upperBound).dropFirst(range.lowerBound)).replacing("T", with: " ") + "Z"
    }

    private func line(_ record: LogRecord, _ time: String) -> String {
        guard record.kind == "decision" else {
            return time + "  " + styled(fit("\(record.kind)", 9), .faint) + "  " + rest(other(record), after: time.count + 13)
        }
        let decision = record.decision ?? ""
        let reason = record.reason ?? ""
        let event = [record.event?.id, record.event?.type].compactMap { $0 }.joined(separator: " ")
        var columns = [time, styled(fit(decision, 9), Self.style(decision)), fit(reason, layout?.reason ?? 19)]
        switch layout?.names ?? .two {
        case .none: break
        case .one(let width): columns.append(fit(Self.name(record.endpoint, record.sender, width), width))
        case .two:
            columns += [record.endpoint, record.sender].map { fit($0 ?? "-", RecordLayout.name) }
        }
        if let layout {
            if layout.event > 0 { columns.append(fit(event.isEmpty ? "-" : event, layout.event)) }
        } else {
            columns.append(Terminal.printable(event.isEmpty ? "-" : event))
        }
        return (columns + [record.reference?.description ?? "-"]).joined(separator: "  ")
    }

    /// One name where both are the same or only one is known; else both, each cut as far as it has to be.
    private static func name(_ endpoint: String?, _ sender: String?, _ width: Int) -> String {
        guard let endpoint, let sender, endpoint != sender else { return endpoint ?? sender ?? "-" }
        let (first, second) = (Terminal.printable(endpoint), Terminal.printable(sender))
        let left = clip(first, width - 1 - min(second.count, (width - 1) / 2))
        return left + "/" + clip(second, max(0, width - 1 - left.count))
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

    private func rest(_ text: String, after used: Int) -> String {
        layout.map { Self.clip(text, max(8, $0.width - used)) } ?? Terminal.printable(text)
    }

    private func fit(_ text: String, _ columns: Int) -> String {
        let shown = layout == nil ? Terminal.printable(text) : Self.clip(text, columns)
        return shown + String(repeating: " ", count: max(0, columns - shown.count))
    }

    private static func clip(_ text: String, _ columns: Int) -> String {
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
