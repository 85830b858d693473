import GatehouseAudit
import GatehousePolicy
import GatehouseVerify

/// What the checks tell of a bearer token that is good, and of one that did not come.
enum BearerCauses {
    /// Nil where no good token of somebody else's came.
    static func cause(_ checks: [DecisionRecord.Check], _ endpoint: EndpointPolicy) -> Explanation.Cause? {
        guard let check = checks.first(where: { $0.check == "oauth" && $0.result == "mismatch" }), let client = check.client else {
            return nil
        }
        let senders = endpoint.senders.joined(separator: ", ")
        return Explanation.Cause(
            cause: "token-of-another", certainty: .evident,
            summary: "The access token was issued to \(client), which this request is "
                + "not from.",
            evidence: "Endpoint \(endpoint.name) is for \(senders), and every item of `authenticate` must hold for one and the same "
                + "sender.",
            fix: "Let each sender fetch a token of its own, or name \(client) in `senders` of the endpoint.")
    }

    /// Nil where the detail of a refusal is about something else.
    static func misused(_ detail: String?, _ evidence: String) -> Explanation.Cause? {
        guard let misuse = detail.flatMap({ BearerMisuse(rawValue: $0) }) else { return nil }
        return Explanation.Cause(
            cause: "token-misused", certainty: .evident,
            summary: "The access token came more than once: \(misuse.rawValue).", evidence: evidence,
            fix:
                "Let the sender send it in one Authorization field, as `Bearer …`, and nowhere else (RFC 6750 section 2); a proxy before the "
                + "gateway must not add one.")
    }

    /// A genuine token of a client that nobody mapped.
    static func unmapped(_ evidence: String) -> Explanation.Cause {
        Explanation.Cause(
            cause: "token-client-unknown", certainty: .evident, summary: "The access token is genuine, and its client is no sender here.",
            evidence: evidence,
            fix: "Name its `client_id` in `clients` of the issuer's entry in `oauth.trust`, with the sender that it "
                + "is.")
    }

    static func missing(_ evidence: String) -> Explanation.Cause {
        Explanation.Cause(
            cause: "token-missing", certainty: .evident,
            summary: "The request has no access token, and the endpoint asks for "
                + "one.", evidence: evidence,
            fix: "Let the sender fetch one at /oauth/token and send it as `Authorization: Bearer …`; a proxy before the gateway may "
                + "have taken it away.")
    }
}
