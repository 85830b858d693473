import GatehouseAudit
import GatehousePolicy
import GatehouseState
import GatehouseTime
import GatehouseVerify

/// What fits a signature that does not hold, where the request itself is not there: a change of secrets since the sender's last accepted
/// event, and the parts that the scheme signs.
struct RecordedMismatch {
    let record: LogRecord
    let endpoint: EndpointPolicy
    let scheme: Scheme
    let credentials: CredentialSet
    let history: VersionHistory
    let log: AuditLog

    private var words: SignedWords { SignedWords(scheme: scheme) }

    func causes() throws -> [Explanation.Cause] {
        let senders = record.sender.map { [$0] } ?? endpoint.senders
        var causes: [Explanation.Cause] = []
        for sender in senders {
            let name = CredentialName(sender: sender, kind: words.kind)
            causes += CredentialCauses.revoked(name, history)
            let accepted = try lastAccepted(of: sender)
            if words.isEquality {
                causes.append(words.unequal(sender, evidence: accepted.map { "The right one came last at \($0.time). " } ?? ""))
            } else if let accepted {
                causes += since(accepted, name)
            } else {
                causes.append(neverAccepted(sender))
            }
        }
        return causes
    }

    private func lastAccepted(of sender: String) throws -> LogRecord? {
        var last: LogRecord?
        let filter = RecordFilter(until: record.time, endpoint: endpoint.name, sender: sender, decision: "accepted")
        try log.review(filter, newest: 1) { line, _ in
            last = LogRecord(line: line.bytes) ?? last
            return true
        }
        return last
    }

    private func neverAccepted(_ sender: String) -> Explanation.Cause {
        Explanation.Cause(
            cause: "never-accepted", certainty: .possible,
            summary: "No event of \(sender) was ever accepted here, so the \(words.credential) may never have been right.",
            evidence: "The log has none before this request. Scheme \(scheme.name) signs `\(scheme.signed.map(\.notation).joined())`"
                + (signsURL ? ", with the URL \(endpoint.publicURL)." : "."),
            fix: "Compare the \(words.credential)s: \(words.renewal(sender))"
                + (signsURL ? "; and the URL that the sender was given with that one, character for character." : "."))
    }

    /// What may have come about since an event was accepted.
    private func since(_ accepted: LogRecord, _ name: CredentialName) -> [Explanation.Cause] {
        let version = accepted.checks.first { $0.check == "signature" }?.version.map(String.init) ?? "?"
        let evidence = "Version \(version) of \(name) was accepted at \(accepted.time)."
        // What was accepted last still counted, as far as is known now: then a new version beside it explains nothing.
        let stillCounted = credentials[name].contains { String($0.number) == version && $0.state.isLive(at: record.time) }
        if !stillCounted, let newer = credentials[name].first(where: { $0.created > accepted.time && $0.created <= record.time }) {
            return [
                Explanation.Cause(
                    cause: "secret-changed", certainty: .possible,
                    summary: "The \(words.credential) of \(name.sender) was changed since its last accepted event.",
                    evidence: evidence + " Version \(newer.number) was made at \(newer.created).",
                    fix: "Let the sender take over version \(newer.number).")
            ]
        }
        let unchanged = "The \(words.credential) of \(name.sender) was right before and still counted"
        var causes: [Explanation.Cause] = []
        if signsURL {
            causes.append(
                Explanation.Cause(
                    cause: "url-differs", certainty: .possible,
                    summary: "\(unchanged): the sender may call, and sign, another URL than \(endpoint.publicURL).",
                    evidence: evidence + " Scheme \(scheme.name) signs the URL: scheme, host, port, path, slash at the end and query.",
                    fix: "Give the sender exactly that URL, or set `public-url` of endpoint \(endpoint.name) to the one that it calls."))
        }
        let others = SignedWords(scheme: withoutURL)
        if !others.parts.isEmpty {
            causes.append(
                Explanation.Cause(
                    cause: others.parts == ["the body"] ? "body-changed" : "signed-part-changed", certainty: .possible,
                    summary: "\(unchanged): \(others.anyPart) was changed on the way, or never was what the sender signed.",
                    evidence: evidence,
                    fix: "Look for what rewrites \(others.anyPart) between the sender's signature and the gateway."))
        }
        return causes + [stranger(accepted, name.sender)]
    }

    private func stranger(_ accepted: LogRecord, _ sender: String) -> Explanation.Cause {
        let (now, before) = (record.remote ?? "an unknown address", accepted.remote ?? "an unknown address")
        return Explanation.Cause(
            cause: "not-the-sender", certainty: .possible, summary: "The request is not from \(sender), or signed with another secret.",
            evidence: now == before
                ? "It came from \(now), as the last accepted event did."
                : "It came from \(now), and the last accepted event from \(before).",
            fix: "Anybody can call the URL, and such a request was refused rightly. Where it is the sender's, compare the "
                + "\(words.credential): \(words.renewal(sender)).")
    }

    private var signsURL: Bool { scheme.signed.contains(.url) }

    private var withoutURL: Scheme {
        var other = scheme
        other.signed.removeAll { $0 == .url || $0 == .method }
        return other
    }
}
