internal import GatehouseTime

/// A record as a line of a table.
enum CSVRow {
    static let columns = [
        "seq", "time", "node", "kind", "reference", "endpoint", "sender", "decision", "reason", "answer", "event_id", "event_type",
        "event_key",
        "checks", "body_bytes", "body_sha256", "remote", "skew_ms", "took_us", "policy", "details", "hash",
    ]

    static func append(_ record: LogRecord, to output: inout [UInt8]) {
        let isDecision = record.kind == "decision"
        let checks = record.checks.map { check in
            ([check.check] + [check.scheme, check.version.map { "version \($0)" }, check.result].compactMap { $0 }).joined(separator: " ")
        }
        let texts: [String?] = [
            record.node, record.kind, record.reference?.description, record.endpoint, record.sender, record.decision, record.reason,
        ]
        var cells = [String(record.sequence), record.time.description] + texts.map { cell($0 ?? "") }
        cells.append(record.answer.map(String.init) ?? "")
        let event = isDecision ? record.event : nil
        cells += [cell(event?.id ?? ""), cell(event?.type ?? ""), cell(isDecision ? record.value["event"]?["key"]?.string ?? "" : "")]
        cells += [cell(checks.joined(separator: "; ")), record.body.map { String($0.bytes) } ?? "", record.body?.sha256?.description ?? ""]
        cells += [cell(record.remote ?? ""), record.skew.map(String.init) ?? "", record.value["took_us"]?.integer.map(String.init) ?? ""]
        cells += [cell(record.policy ?? ""), cell(details(record)), record.hash.description]
        output.append(contentsOf: cells.joined(separator: ",").utf8)
        output.append(contentsOf: [0x0d, 0x0a])
    }

    /// A text cell: quoted where it has to be, and with an apostrophe before what a spreadsheet would take for a formula (CWE-1236).
    static func cell(_ text: String) -> String {
        var text = text
        if let first = text.unicodeScalars.first, formulaStarts.contains(first) { text = "'" + text }
        guard text.utf8.contains(where: { $0 == 0x22 || $0 == 0x2c || $0 == 0x0d || $0 == 0x0a }) else { return text }
        return "\"" + text.replacing("\"", with: "\"\"") + "\""
    }

    /// The full-width forms too, which some spreadsheets read as the narrow ones.
    private static let formulaStarts = "=+-@\t\r\n\u{ff1d}\u{ff0b}\u{ff0d}\u{ff20}".unicodeScalars

    private static func details(_ record: LogRecord) -> String {
        if record.kind == "decision" {
            return [record.requests.map { "requests=\($0)" }, record.detail].compactMap { $0 }.joined(separator: " ")
        }
        let names = [
            "action", "command", "credential", "version", "result", "uid", "user", "grant", "authentication", "audience", "token",
            "problem",
            "error",
        ]
        return names.compactMap { name in
            record.value[name].flatMap { value in (value.string ?? value.integer.map(String.init)).map { "\(name)=\($0)" } }
        }.joined(separator: " ")
    }
}
