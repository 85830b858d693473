internal import GatehouseTime

/// A record as an OCSF 1.3 event.
enum OCSFEvent {
    static func append(_ record: LogRecord, to output: inout RecordWriter) {
        let isAuthentication =
            record.kind == "token" || record.decision == "rejected" && !Self.aboutTheRequest.contains(record.reason ?? "")
        let category: Int64 = isAuthentication ? 3 : 6
        let classUID: Int64 = isAuthentication ? 3_002 : 6_003
        let (activity, name) = Self.activity(record, isAuthentication)
        let refused = Self.isFailure(record)
        output.append("{\"category_uid\":")
        output.append(decimal: category)
        output.append(
            isAuthentication ? ",\"category_name\":\"Identity & Access Management\"" : ",\"category_name\":\"Application Activity\"")
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
        if let remote = record.remote {
            output.append(",\"src_endpoint\":{\"ip\":", text: remote)
        } else {
            // What came from no connection came from the gateway itself, or from its machine.
            output.append(",\"src_endpoint\":{\"name\":", text: record.node)
        }
        output.append("}")
        if record.kind == "token" { output.append(",\"auth_protocol_id\":6,\"auth_protocol\":\"OAUTH 2.0\"") }
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
        output.append(
            ",\"metadata\":{\"version\":\"1.3.0\",\"product\":{\"name\":\"Gatehouse\",\"vendor_name\":\"Gatehouse\"},\"uid\":",
            text: record.hash.description)
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
        if let action = value["action"]?.string ?? value["details"]?["action"]?.string {
            output.append(",\"action\":", text: action, limit: limit)
        }
        if let result = value["result"]?.string { output.append(",\"result\":", text: result, limit: limit) }
        if let version = value["version"]?.integer {
            output.append(",\"version\":")
            output.append(decimal: version)
        }
    }

    /// Also a command that was refused.
    private static func isFailure(_ record: LogRecord) -> Bool {
        switch record.kind {
        case "admin": record.value["result"]?.string != "ok"
        case "token": record.action == "refused"
        default: record.decision == "rejected" || record.decision == "failed"
        }
    }

    /// Tickets are Kerberos' own in OCSF: whoever asks for a token logs on, and what is done to one has no number there.
    private static func activity(_ record: LogRecord, _ isAuthentication: Bool) -> (Int64, String) {
        if isAuthentication {
            return switch record.action {
            case "introspected": (99, "Token Introspection")
            case "revoked": (99, "Token Revocation")
            default: (1, "Logon")
            }
        }
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
        "rate", "too-large", "malformed", "not-found", "method", "media-type", "timeout", "expectation", "host", "event-conflict",
        "event-type",
    ]
}
