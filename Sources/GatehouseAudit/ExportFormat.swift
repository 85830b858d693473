internal import GatehouseCrypto
internal import GatehouseTime

/// How records are written for other programs.
public enum ExportFormat: String, Sendable, Hashable, CaseIterable {
    /// The records as they are.
    case jsonl
    /// RFC 4180, a header line first.
    case csv
    /// An event of the Open Cybersecurity Schema Framework a line: Authentication for who was not let in and for tokens, API Activity
    /// for everything else.
    case ocsf

    /// What stands before the first record.
    public var header: [UInt8] { self == .csv ? Array((CSVRow.columns.joined(separator: ",") + "\r\n").utf8) : [] }

    /// Appends one record with its line end; false where the line cannot be read as one.
    public func append(_ line: LogLine, to output: inout [UInt8]) -> Bool {
        switch self {
        case .jsonl:
            output.append(contentsOf: line.bytes)
            output.append(0x0a)
            return true
        case .csv:
            guard let record = LogRecord(line: line.bytes) else { return false }
            CSVRow.append(record, to: &output)
            return true
        case .ocsf:
            guard let record = LogRecord(line: line.bytes) else { return false }
            output.write { OCSFEvent.append(record, to: &$0) }
            return true
        }
    }
}

/// A record as a line of a table.
enum CSVRow {
    static let columns = [
        "seq", "time", "node", "kind", "reference", "endpoint", "sender", "decision", "reason", "answer", "event_id", "event_type", "event_key",
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
        if let first = text.unicodeScalars.first, "=+-@\t\r\n".unicodeScalars.contains(first) { text = "'" + text }
        guard text.utf8.contains(where: { $0 == 0x22 || $0 == 0x2c || $0 == 0x0d || $0 == 0x0a }) else { return text }
        return "\"" + text.replacing("\"", with: "\"\"") + "\""
    }

    private static func details(_ record: LogRecord) -> String {
        if record.kind == "decision" {
            return [record.requests.map { "requests=\($0)" }, record.detail].compactMap { $0 }.joined(separator: " ")
        }
        let names = [
            "action", "command", "credential", "version", "result", "user", "grant", "authentication", "audience", "token", "problem", "error",
        ]
        return names.compactMap { name in
            record.value[name].flatMap { value in (value.string ?? value.integer.map(String.init)).map { "\(name)=\($0)" } }
        }.joined(separator: " ")
    }
}

/// A record as an OCSF 1.3 event.
enum OCSFEvent {
    static func append(_ record: LogRecord, to output: inout RecordWriter) {
        let isAuthentication = record.kind == "token" || record.decision == "rejected" && !Self.aboutTheRequest.contains(record.reason ?? "")
        let category: Int64 = isAuthentication ? 3 : 6
        let classUID: Int64 = isAuthentication ? 3_002 : 6_003
        let (activity, name) = Self.activity(record, isAuthentication)
        let refused = record.decision == "rejected" || record.decision == "failed" || record.action == "refused"
        output.append("{\"category_uid\":")
        output.append(decimal: category)
        output.append(isAuthentication ? ",\"category_name\":\"Identity & Access Management\"" : ",\"category_name\":\"Application Activity\"")
        output.append(",\"class_uid\":")
        output.append(decimal: classUID)
        output.append(isAuthentication ? ",\"class_name\":\"Authentication\"" : ",\"class_name\":\"API Activity\"")
        output.append(",\"activity_id\":")
        output.append(decimal: activity)
        output.append(",\"activity_name\":", text: name)
        output.append(",\"type_uid\":")
        output.append(decimal: classUID * 100 + activity)
        output.append(",\"time\":")
        output.append(decimal: record.time.microseconds / 1_000)
        output.append(refused ? ",\"severity_id\":2,\"severity\":\"Low\"" : ",\"severity_id\":1,\"severity\":\"Informational\"")
        output.append(refused ? ",\"status_id\":2,\"status\":\"Failure\"" : ",\"status_id\":1,\"status\":\"Success\"")
        if let reason = record.reason { output.append(",\"status_detail\":", text: reason) }
        if let detail = record.detail { output.append(",\"message\":", text: detail, limit: RecordLimit.event) }
        if let requests = record.requests {
            output.append(",\"count\":")
            output.append(decimal: Int64(requests))
        }
        if let answer = record.answer { output.append(",\"status_code\":", text: String(answer)) }
        appendMetadata(record, to: &output)
        output.append(",\"actor\":{\"user\":{\"name\":", text: record.sender ?? record.value["user"]?.string ?? "unknown")
        output.append("},\"app_name\":\"gatehouse\"}")
        output.append(",\"src_endpoint\":{\"ip\":", text: record.remote ?? "127.0.0.1")
        output.append("}")
        if isAuthentication {
            output.append(",\"user\":{\"name\":", text: record.sender ?? "unknown")
            output.append("},\"service\":{\"name\":", text: record.endpoint ?? "gatehouse")
            output.append("},\"is_remote\":true")
        } else {
            output.append(",\"api\":{\"operation\":", text: Self.operation(record))
            output.append(",\"service\":{\"name\":", text: record.endpoint ?? "gatehouse")
            output.append("}")
            if let reference = record.reference {
                output.append(",\"request\":{\"uid\":", text: reference.description)
                output.append("}")
            }
            output.append("}")
            if record.kind == "admin", let credential = record.value["credential"]?.string {
                output.append(",\"resources\":[{\"type\":\"credential\",\"name\":", text: credential, limit: RecordLimit.event)
                if let version = record.value["version"]?.integer { output.append(",\"version\":", text: String(version)) }
                output.append("}]")
            }
        }
        appendUnmapped(record, to: &output)
        output.append("}\n")
    }

    private static func appendMetadata(_ record: LogRecord, to output: inout RecordWriter) {
        output.append(",\"metadata\":{\"version\":\"1.3.0\",\"product\":{\"name\":\"Gatehouse\",\"vendor_name\":\"Gatehouse\"},\"uid\":", text: record.hash.description)
        output.append(",\"sequence\":")
        output.append(decimal: record.sequence)
        if let reference = record.reference { output.append(",\"correlation_uid\":", text: reference.description) }
        output.append(",\"log_name\":", text: record.kind)
        output.append("}")
    }

    private static func appendUnmapped(_ record: LogRecord, to output: inout RecordWriter) {
        output.append(",\"unmapped\":{\"node\":", text: record.node)
        if let decision = record.decision { output.append(",\"decision\":", text: decision) }
        if record.kind == "token" {
            if let action = record.action { output.append(",\"action\":", text: action) }
            if let token = record.value["token"]?.string { output.append(",\"token\":", text: token) }
        }
        if record.kind == "admin" { appendAdmin(record.value, to: &output) }
        if !record.checks.isEmpty {
            output.append(",\"checks\":")
            output.append(record.checks)
        }
        if record.kind == "decision", let event = record.event {
            if let id = event.id { output.append(",\"event_id\":", text: id, limit: RecordLimit.event) }
            if let type = event.type { output.append(",\"event_type\":", text: type, limit: RecordLimit.event) }
        }
        if let digest = record.body?.sha256 {
            output.append(",\"body_sha256\":\"")
            output.append(hex: digest)
            output.append("\"")
        }
        if let skew = record.skew {
            output.append(",\"skew_ms\":")
            output.append(decimal: skew)
        }
        output.append("}")
    }

    private static func appendAdmin(_ value: RecordValue, to output: inout RecordWriter) {
        let limit = RecordLimit.value
        if let command = value["command"]?.string { output.append(",\"command\":", text: command, limit: limit) }
        if let credential = value["credential"]?.string { output.append(",\"credential\":", text: credential, limit: limit) }
        if let action = value["action"]?.string ?? value["details"]?["action"]?.string { output.append(",\"action\":", text: action, limit: limit) }
        if let result = value["result"]?.string { output.append(",\"result\":", text: result, limit: limit) }
        if let version = value["version"]?.integer {
            output.append(",\"version\":")
            output.append(decimal: version)
        }
    }

    private static func activity(_ record: LogRecord, _ isAuthentication: Bool) -> (Int64, String) {
        if isAuthentication { return record.kind == "token" ? (3, "Authentication Ticket") : (1, "Logon") }
        switch record.kind {
        case "decision": return (1, "Create")
        case "admin": return (3, "Update")
        default: return (99, "Other")
        }
    }

    private static func operation(_ record: LogRecord) -> String {
        switch record.kind {
        case "decision": record.event?.type ?? "deliver"
        case "admin": record.value["command"]?.string ?? "admin"
        default: record.action ?? record.kind
        }
    }

    /// Refusals that say nothing about who asked.
    private static let aboutTheRequest: Set<String> = [
        "rate", "too-large", "malformed", "not-found", "method", "media-type", "timeout", "expectation", "host", "event-conflict", "event-type",
    ]
}
