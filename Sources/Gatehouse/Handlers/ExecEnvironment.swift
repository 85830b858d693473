import GatehouseTime

/// The whole environment of a handler program: what the gateway knows of the event, and nothing that it inherited or that the request
/// could choose the name of (SEC-86).
enum ExecEnvironment {
    /// `NAME=VALUE` strings. Values are printable ASCII, percent-encoded where they are not. Absent facts have no variable.
    static func variables(of event: HandOver) -> [String] {
        var variables = [
            variable("ENDPOINT", event.endpoint),
            variable("SENDER", event.sender),
            variable("RECEIVED", event.received.description),
            variable("REFERENCE", event.reference),
            variable("CHECKS", event.checks, limit: longestChecks),
            variable("ATTEMPT", String(event.attempt)),
        ]
        if let id = event.eventID { variables.append(variable("EVENT_ID", id)) }
        if event.isEventIDCut { variables.append(variable("EVENT_ID_CUT", "1")) }
        if let type = event.eventType { variables.append(variable("EVENT_TYPE", type)) }
        return variables
    }

    private static func variable(_ name: String, _ value: String, limit: Int = longestValue) -> String {
        "GATEHOUSE_\(name)=\(PrintableASCII.encode(value, limit: limit))"
    }

    private static let longestValue = 1024
    private static let longestChecks = 4096
}
