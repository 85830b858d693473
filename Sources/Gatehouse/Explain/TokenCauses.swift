import GatehouseAudit
import GatehouseVerify

/// What the record of a request to the token service says: why no token was issued, or none counted.
enum TokenCauses {
    static func explain(_ record: LogRecord, reason code: String) -> Explanation {
        var explanation = Explanation(
            reference: record.reference?.description, endpoint: nil, sender: record.sender, decision: record.action ?? "refused", reason: code,
            causes: [], notes: [])
        var parts = ["The answer was \(record.answer ?? 0) to \(record.remote ?? "an unknown address") at \(record.time)."]
        if let method = record.value["authentication"]?.string { parts.append("The client used \(method).") }
        if let grant = record.value["grant"]?.string { parts.append("It asked for \(grant).") }
        if let token = record.value["token"]?.string { parts.append("The token is \(token).") }
        let (summary, fix) = text(code)
        explanation.causes = [
            Explanation.Cause(
                cause: code, certainty: .evident, summary: summary, evidence: parts.joined(separator: " "),
                fix: record.sender.map { fix.replacing("SENDER", with: $0) } ?? fix)
        ]
        return explanation
    }

    private static func text(_ code: String) -> (summary: String, fix: String) {
        switch Reason(rawValue: code) {
        case .ok: ("The request was granted.", "Nothing is to be done.")
        case .malformed:
            (
                "The request is no token request as RFC 6749 has them.",
                "POST a form with each parameter once, none in the URL, and one way of client authentication."
            )
        case .credentialMissing: ("The request names no client, or nothing that proves it.", "Let the client send its id and secret, an assertion, or its certificate.")
        case .credentialUnknown: ("The client is no sender, or has no live credential for this method.", "The client id is the sender's name: gatehouse secret status SENDER/oauth")
        case .credentialMismatch: ("The client secret, password or assertion is not the sender's.", "Enter it anew at the client: gatehouse secret rotate SENDER/oauth")
        case .credentialRetired: ("The client uses a version that is no longer accepted.", "Let the client take over the newest version.")
        case .certificateMissing, .certificateMismatch:
            ("The connection's client certificate is missing, or not the sender's.", "See `gatehouse secret status SENDER/certificate`, and what ends TLS before the gateway.")
        case .duplicate: ("The client assertion was used before.", "Each assertion needs a `jti` of its own and is good for one request.")
        case .tokenMalformed: ("The client assertion is no JWT as RFC 7523 has them, or lacks a claim.", "It needs iss, sub, aud, exp and jti.")
        case .tokenSignature: ("None of the sender's keys signed the client assertion.", "Register the key: gatehouse secret rotate SENDER/key --value-file public.pem")
        case .tokenAudience: ("The assertion, or the token, is for somebody else.", "An assertion's aud is the issuer; a token's audience one of the sender's `audiences`.")
        case .tokenExpired: ("The client assertion has expired.", "Make a fresh one for each request, and set clocks by NTP.")
        case .tokenNotYet: ("The client assertion is from the future, or ends too far ahead.", "Set the client's clock; `assertion-lifetime` says how far ahead exp may be.")
        case .tokenScope: (
            "The client asked for a grant or a scope that the sender's policy does not have.",
            "Compare its grant_type with `grants` of the sender, and what it asks for with `scopes`; add what is meant, or let the client ask for less."
        )
        case .network: ("The request came from an address outside the sender's networks.", "Add the network in senders/SENDER.yaml, or name the proxy in `trusted-proxies`.")
        case .method, .mediaType, .tooLarge: ("The request is not a POST of a small form.", "Send application/x-www-form-urlencoded by POST.")
        case .unavailable: ("The gateway could not decide, store or audit.", "Look at its log, `gatehouse status`, and the disk.")
        default: ("The request was refused: \(code).", "Compare it with the sender's policy: grants, scopes, audiences, token-authentication.")
        }
    }
}
