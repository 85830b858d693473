import GatehouseAudit
import GatehouseCrypto
import GatehousePolicy
import GatehouseTime
import GatehouseVerify

/// Looks for what would have to be different for a request to pass, in order of likelihood. Each supposition is tried with the verifier
/// that decides about requests, so what is called proved is.
struct Explainer {
    let bench: ExplainBench
    /// Where schemes are looked for before the shipped ones.
    let directory: String

    typealias Cause = Explanation.Cause

    func explain() -> Explanation {
        guard let (reason, cause) = RouteCauses(bench: bench).refusal() else { return verified() }
        var explanation = Explanation(
            endpoint: bench.endpoint.name, sender: nil, decision: "rejected", reason: reason.rawValue, causes: [cause],
            notes: bench.request.notes)
        let then: Explanation
        let condition: String
        if reason == .notFound {
            var there = bench
            there.request.replacePath(bench.endpoint.path)
            then = Explainer(bench: there, directory: directory).explain()
            condition = "At \(bench.endpoint.path)"
        } else if reason == .mediaType {
            then = verified()
            condition = "But for that"
        } else {
            return explanation
        }
        if then.decision == "rejected" {
            explanation.causes += then.causes
        } else {
            explanation.notes.append("\(condition) it would be \(then.decision).")
        }
        return explanation
    }

    private func verified() -> Explanation {
        let verification = bench.verification()
        var explanation = Explanation(
            endpoint: bench.endpoint.name, sender: verification?.sender, decision: "rejected", reason: "malformed", causes: [], notes: [])
        explanation.notes = bench.request.notes + bench.notes
        guard let verification else {
            explanation.causes = [
                ReasonTexts.cause(.malformed, "The listener would refuse the head, or the policy names what nothing can be verified by.")
            ]
            return explanation
        }
        switch verification.outcome {
        case .authenticated:
            explanation.decision = "accepted"
            explanation.reason = "ok"
            explanation.causes = [
                Cause(
                    cause: "passes", certainty: .proved, summary: "This request passes every check.",
                    evidence: "The verifier accepts it at \(bench.at)" + (verification.sender.map { " as \($0)" } ?? "") + ".",
                    fix:
                        "If it was refused, then something on the way changed it, or it came at another time or with another set of secrets."
                )
            ]
        case .handshake:
            explanation.decision = "ignored"
            explanation.reason = "handshake"
            explanation.causes = [ReasonTexts.cause(.handshake, "It is one of those that the endpoint's schemes name.")]
        case .passwordNeeded: explanation.reason = "unavailable"
        case .refused(let reason):
            explanation.reason = reason.rawValue
            let found = causes(reason, verification)
            explanation.causes = found.causes
            explanation.notes += found.notes
            if bench.budget.wasSpent, !explanation.causes.contains(where: { $0.certainty == .proved }) {
                explanation.notes.append(unfinished)
            }
        }
        return explanation
    }

    private var unfinished: String {
        "Not everything was tried: the body is large (\(bench.request.body.count) bytes), and a search ends after "
            + "\(bench.budget.duration.components.seconds) s. A smaller request of the same sender shows the same fault sooner."
    }

    private var schemes: SchemeShelf { SchemeShelf(policy: bench.policy, directory: directory) }

    private func causes(_ reason: Reason, _ verification: Verification) -> (causes: [Cause], notes: [String]) {
        let schemes = bench.endpoint.schemeNames.compactMap { bench.policy.schemes[$0] }
        var causes: [Cause] = []
        var notes: [String] = []
        switch reason {
        case .signatureMismatch, .signatureMalformed, .signatureMissing, .timestampMissing, .signedWithRetired, .credentialUnknown:
            for scheme in schemes where causes.isEmpty { (causes, notes) = signatureCauses(scheme, reason) }
            let hasToken = verification.checks.contains { $0.check == .oauth && $0.token != nil }
            if causes.isEmpty, reason == .credentialUnknown, bench.endpoint.takesBasic, !hasToken { causes = passwordCauses() }
        case .timestampStale, .timestampFuture:
            for scheme in schemes {
                causes += TimeCauses(bench: bench.only(scheme), scheme: scheme).causes(verification.signedAt, of: verification.sender)
            }
        case .credentialMissing, .credentialMismatch, .credentialRetired: causes = bearerCauses(verification) ?? passwordCauses()
        case .malformed: causes = BearerCauses.misused(verification.tokenFlaw, "The verifier says so at \(bench.at).").map { [$0] } ?? []
        case .method: causes = [RouteCauses(bench: bench).method()]
        default: break
        }
        guard causes.isEmpty else { return (causes, notes) }
        let checks = verification.checks.map { DecisionRecord.Check($0) }
        let words = RecordExplainer.words(checks)
        let flaw = verification.tokenFlaw.map { " What was wrong: \($0)." } ?? ""
        let evidence = "The verifier says so at \(bench.at)" + (words.isEmpty ? "." : ": \(words).") + flaw
        let bearer =
            reason == .credentialUnknown
            ? BearerCauses.unknown(verification.tokenFlaw, checks, evidence)
            : BearerCauses.refused(reason, verification.tokenFlaw, checks, evidence)
        let cause = bearer ?? ReasonTexts.cause(reason, evidence, sender: verification.sender ?? bench.endpoint.soleSender)
        return ([cause], [])
    }

    private func signatureCauses(_ scheme: Scheme, _ reason: Reason) -> (causes: [Cause], notes: [String]) {
        let bench = bench.only(scheme)
        let headers = HeaderCauses(bench: bench, scheme: scheme, schemes: schemes).causes()
        if !headers.causes.isEmpty { return headers }
        if let form = TimeCauses(bench: bench, scheme: scheme).form() { return ([form], []) }
        let separators = SeparatorCauses.causes(bench, scheme)
        if !separators.isEmpty { return (separators, []) }
        let search = SignatureSearch(bench: bench, scheme: scheme, schemes: schemes)
        let found = search.proved()
        if !found.causes.isEmpty { return found }
        let traces = search.traces()
        guard traces.isEmpty, reason == .signatureMismatch else { return (traces, []) }
        return (CredentialCauses(bench: bench, scheme: scheme).untestable(), [])
    }

    /// Of an endpoint that takes tokens; nil where what it misses may be something else.
    private func bearerCauses(_ verification: Verification) -> [Cause]? {
        if let cause = BearerCauses.cause(verification.checks.map { DecisionRecord.Check($0) }, bench.endpoint) { return [cause] }
        guard !bench.endpoint.takesBasic, !bench.endpoint.tokens.isEmpty, bench.request.value("authorization") == nil else { return nil }
        return [BearerCauses.missing("It has no Authorization header.")]
    }

    private func passwordCauses() -> [Cause] {
        guard let value = bench.request.value("authorization") else {
            let near = bench.request.headers.first { $0.name.lowercased().contains("auth") }
            return [
                Cause(
                    cause: "authorization-missing", certainty: .evident, summary: "The request has no Authorization header.",
                    evidence: near.map { "There is a header \($0.name), which is not it." } ?? "None of its headers is one.",
                    fix: "Let the sender send `Authorization: Basic …`; a proxy before the gateway may have taken it away.")
            ]
        }
        guard value.lowercased().hasPrefix("basic "), let bytes = Base64.decode(String(value.dropFirst(6))),
            let colon = bytes.firstIndex(of: 0x3a)
        else {
            return [
                Self.malformedAuthorization("It has \(value.utf8.count) characters, and is not `Basic` with the base64 of USER:PASSWORD.")
            ]
        }
        let (user, password) = (Array(bytes[..<colon]), Array(bytes[(colon + 1)...]))
        var passwordOnly = bench
        passwordOnly.endpoint.authenticate = [.basic]
        func passes(_ user: [UInt8], _ password: [UInt8]) -> Bool {
            var trial = passwordOnly
            trial.request.replace("authorization", with: "Basic " + Base64.encode(user + [0x3a] + password))
            if case .authenticated? = trial.verification()?.outcome { return true }
            return false
        }
        let trimmed = SecretCauses.trimmed(password)
        if trimmed != password, passes(user, trimmed) {
            return [
                Cause(
                    cause: "password-blanks", certainty: .proved, summary: "The password is sent with blanks or a newline around it.",
                    evidence: "Without them it is the stored one.", fix: "Remove the blanks where the sender has its password.")
            ]
        }
        if !bench.endpoint.senders.contains(where: { Array($0.utf8) == user }) {
            return [
                Cause(
                    cause: "user-unknown", certainty: .evident, summary: "The user name is none of this endpoint's senders.",
                    evidence: "It has \(user.count) bytes; the endpoint's senders are \(bench.endpoint.senders.joined(separator: ", ")).",
                    fix: "The user name is the sender's name, in the same case.")
            ]
        }
        let name = String(decoding: user, as: UTF8.self)
        return [
            ReasonTexts.cause(
                .credentialMismatch, "The user is \(name), and no live version of \(name)/basic has this password.", sender: name)
        ]
    }

    static func malformedAuthorization(_ evidence: String) -> Cause {
        Cause(
            cause: "authorization-malformed", certainty: .evident, summary: "The Authorization header is not that of user and password.",
            evidence: evidence, fix: "Encode USER:PASSWORD once, in standard base64.")
    }
}

extension EndpointPolicy {
    /// Where there is one only.
    var soleSender: String? { senders.count == 1 ? senders.first : nil }

    var takesBasic: Bool {
        func takes(_ requirement: Requirement) -> Bool {
            switch requirement {
            case .basic: true
            case .any(let alternatives): alternatives.contains(where: takes)
            default: false
            }
        }
        return authenticate.contains(where: takes)
    }
}
