import GatehouseAudit
import GatehousePolicy
import GatehouseToken
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

    /// A token that does not count, where its reason may mean several things and the detail says which. Nil where the reason's own words do.
    static func refused(_ reason: Reason, _ detail: String?, _ checks: [DecisionRecord.Check], _ evidence: String) -> Explanation.Cause? {
        guard let detail else { return nil }
        func cause(_ code: String, _ summary: String, _ fix: String) -> Explanation.Cause {
            Explanation.Cause(cause: code, certainty: .evident, summary: summary, evidence: evidence, fix: fix)
        }
        switch reason {
        case .tokenRevoked where detail == TokenFlaw.revoked.description:
            return cause(
                reason.rawValue, "The access token was revoked by its client, at /oauth/revoke.",
                "Let the client fetch a fresh one, and revoke only what it sends no more.")
        case .tokenRevoked:
            guard let client = checks.first(where: { $0.check == "oauth" })?.client,
                let kind = CredentialKind.allCases.first(where: { detail.hasSuffix(" of \(client)/\($0.rawValue)") })
            else { return nil }
            let name = "\(client)/\(kind.rawValue)"
            return cause(
                reason.rawValue, "The credential that the access token was issued for was revoked.",
                "Let the client fetch a fresh one with the newest version: gatehouse secret status \(name)")
        case .tokenBinding where detail == TokenFlaw.unbound.description:
            return cause(
                "token-unbound", "The access token is bound to no client certificate, and its sender is held to fapi2.",
                "Let the client fetch one while it presents its client certificate; a trusted issuer binds its tokens with "
                    + "`cnf`.`x5t#S256` (RFC 8705 section 3.1).")
        case .tokenBinding where detail == TokenFlaw.boundOtherwise.description:
            return cause(
                "token-bound-otherwise", "The access token is bound in a way that cannot be checked here.",
                "Let its issuer bind it to the client certificate (RFC 8705 section 3.1), or not at all.")
        case .tokenSignature where detail.hasPrefix("`alg` is "):
            return cause(
                "token-algorithm", "The access token is signed with an algorithm that does not count here.",
                "Let its issuer sign with ES256, PS256 or EdDSA; RS256 counts for senders that are not held to fapi2.")
        default: return nil
        }
    }

    /// A genuine token of a client that is no sender; nil where no such token came.
    static func unknown(_ detail: String?, _ checks: [DecisionRecord.Check], _ evidence: String) -> Explanation.Cause? {
        guard let check = checks.first(where: { $0.check == "oauth" && $0.result == "unknown" }) else { return nil }
        guard let client = check.client, detail != TokenFlaw.client.description else { return unmapped(check.client, evidence) }
        return Explanation.Cause(
            cause: "token-sender-removed", certainty: .evident,
            summary: "The access token was issued to \(client), which is no sender here any more.", evidence: evidence,
            fix: "Where it should still be let in, write senders/\(client).yaml again, and name it in `senders` of the endpoint.")
    }

    /// A genuine token of a client that nobody mapped.
    private static func unmapped(_ client: String?, _ evidence: String) -> Explanation.Cause {
        Explanation.Cause(
            cause: "token-client-unknown", certainty: .evident, summary: "The access token is genuine, and its client is no sender here.",
            evidence: evidence,
            fix:
                "Name its `client_id`\(client.map { ", \($0)," } ?? "") in `clients` of the issuer's entry in `oauth.trust`, with the sender "
                + "that it is.")
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
