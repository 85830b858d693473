import GatehouseAudit
import GatehouseOAuth
import GatehousePolicy
import GatehouseVerify

/// What the record of a request to the token service says: why no token was issued, or none counted.
struct TokenCauses {
    let record: LogRecord
    let policy: Policy

    func explain(reason code: String) -> Explanation {
        let (cause, text) = cause(code)
        var explanation = Explanation(
            reference: record.reference?.description, endpoint: record.endpoint, sender: record.sender,
            decision: record.action ?? "refused", reason: code, causes: [], notes: [])
        explanation.causes = [
            Explanation.Cause(
                cause: cause, certainty: .evident, summary: named(text.summary), evidence: evidence,
                fix: named(text.fix))
        ]
        if record.policy.map({ $0 != policy.digest }) == true {
            explanation.notes.append("The policy has changed since.")
        }
        return explanation
    }

    private func named(_ text: String) -> String { record.sender.map { text.replacing("SENDER", with: $0) } ?? text }

    private func cause(_ code: String) -> (String, TokenProblemText) {
        if let problem = record.value["problem"]?.string.flatMap({ OAuthProblem(rawValue: $0) }) {
            let isFAPI = record.sender.flatMap { policy.senders[$0] }.map { policy.gateway.profile(of: $0) == .fapi2 } ?? false
            return (problem.rawValue, problem == .assertionAudience && isFAPI ? .audienceOfFAPI2 : TokenProblemText(problem))
        }
        guard let reason = Reason(rawValue: code) else { return (code, TokenProblemText(unknown: code)) }
        switch record.action {
        case "introspected": return (code, TokenProblemText(introspected: reason, detail: record.detail))
        case "revoked": return (code, TokenProblemText(revoked: reason, detail: record.detail))
        case "issued": return (code, .issued)
        default: return (code, TokenProblemText(refused: reason))
        }
    }

    private var evidence: String {
        var parts = ["The answer was \(record.answer ?? 0) to \(record.remote ?? "an unknown address") at \(record.time)."]
        if let error = record.value["error"]?.string { parts.append("Its error was \(error).") }
        if let method = record.value["authentication"]?.string {
            let version = record.value["version"]?.integer.map { ", version \($0)" } ?? ""
            parts.append("The client used \(method)\(version).")
        }
        if let grant = record.value["grant"]?.string { parts.append("It asked for \(grant).") }
        if let token = record.value["token"]?.string { parts.append("The token is \(token).") }
        if let detail = record.detail { parts.append("What was wrong: \(detail).") }
        if let known { parts.append(known) }
        return parts.joined(separator: " ")
    }

    /// What the sender's policy says of the matter.
    private var known: String? {
        guard record.action == "refused", let sender = record.sender.flatMap({ policy.senders[$0] }) else { return nil }
        func list(_ name: String, _ values: [String]) -> String {
            "\(name) of \(sender.name) is \(values.isEmpty ? "empty" : values.joined(separator: ", "))."
        }
        switch record.value["problem"]?.string.flatMap({ OAuthProblem(rawValue: $0) }) {
        case .noSecret, .noKey, .noCertificate, .methodUnlisted, .noAuthentication, .certificateMissing:
            return list("`token-authentication`", sender.tokenAuthentication.map(\.rawValue))
        case .grantUnlisted: return list("`grants`", sender.grants.map(\.rawValue))
        case .scope: return list("`scopes`", sender.scopes)
        case .target: return list("`audiences`", sender.audiences)
        case .network: return list("`networks`", sender.networks.map(\.description))
        case .assertionAudience: return "The issuer is \(policy.gateway.issuer)."
        default: return nil
        }
    }
}
