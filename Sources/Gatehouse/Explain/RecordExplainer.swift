import GatehouseAudit
import GatehousePolicy
import GatehouseState
import GatehouseTime
import GatehouseToken
import GatehouseVerify

/// Explains a decision from the request itself where it was kept, else from its record and those around it. A record holds no body, so what
/// needs one says so.
struct RecordExplainer {
    let policy: Policy
    let credentials: CredentialSet
    let log: AuditLog
    let keys: DerivedKeys
    let tokens: AccessTokenValidator
    let history: VersionHistory
    /// Of policies.
    let directory: String
    /// The request itself, where it was kept.
    let stored: @Sendable (Reference) throws -> (request: [UInt8], arrived: WallTime)?

    /// Nil where there is no decision, about an event or a token, with that reference.
    func explain(_ reference: Reference) throws -> Explanation? {
        guard let (_, line) = try log.record(reference), let record = line.withUnsafeBytes({ LogRecord(line: $0) }),
            let code = record.reason
        else { return nil }
        if record.kind == "token" { return TokenCauses(record: record, policy: policy).explain(reason: code) }
        guard record.kind == "decision", let decision = record.decision else { return nil }
        var explanation = Explanation(
            reference: reference.description, endpoint: record.endpoint, sender: record.sender, decision: decision, reason: code,
            causes: [], notes: [])
        guard let reason = Reason(rawValue: code) else { return explanation }
        let endpoint = policy.endpoints.first { $0.name == record.endpoint }
        if let endpoint, record.policy.map({ $0 != policy.digest }) == true {
            explanation.notes.append("The policy has changed since; \(endpoint.name) is looked at as it is now.")
        }
        if let endpoint, decision == "rejected", let stored = try stored(reference) {
            let request = try ExplainedRequest(raw: stored.request)
            let isMisused = record.detail.flatMap { BearerMisuse(rawValue: $0) } != nil
            if Self.canBeTried(request, reason), !isMisused || request.withheld.isEmpty {
                let tried = try explain(request, at: stored.arrived, endpoint)
                explanation.causes = tried.causes
                explanation.notes += tried.notes
                explanation.notes.append("The request itself was kept, and was tried.")
                if tried.causes.contains(where: { $0.cause == "passes" }) {
                    explanation.notes.append("It was refused as \(code); what decides was changed since, by policy or by secrets.")
                }
                return explanation
            }
            let withheld = request.withheld.map { "\($0.name): \($0.value)" }.joined(separator: ", ")
            explanation.notes.append(
                "The request was kept, but not what it was refused for" + (withheld.isEmpty ? "" : " (\(withheld))")
                    + ", so this is from its record.")
        }
        explanation.causes = try causes(record, reason, endpoint)
        if explanation.causes.isEmpty {
            explanation.causes = [ReasonTexts.cause(reason, evidence(record, endpoint), sender: record.sender ?? endpoint?.soleSender)]
        }
        if reason == .signatureMismatch, !explanation.isExplained {
            let keeping =
                policy.gateway.audit.keepRejected == nil
                ? "Or keep refused requests from now on: audit: { keep-rejected: 24h }"
                : "Refused requests are kept, and this one is gone: newer ones pushed it out (audit: { keep-rejected-size }), its time was over, "
                    + "it was too large beside that size, more came than could be stored, or it came before they were kept."
            explanation.notes.append(
                "The request is needed to say more, and the record holds no body. Give it as it was sent: gatehouse explain --endpoint "
                    + "\(record.endpoint ?? "E") --request FILE --at \(record.time). \(keeping)")
        }
        return explanation
    }

    /// Where a request came from, and its certificate, are not kept, and credentials are without their value.
    private static func canBeTried(_ request: ExplainedRequest, _ reason: Reason) -> Bool {
        switch reason {
        case .network, .certificateMissing, .certificateMismatch, .tokenBinding: false
        case .credentialMissing, .credentialUnknown, .credentialMismatch, .credentialRetired, .tokenMalformed, .tokenSignature,
            .tokenExpired,
            .tokenNotYet, .tokenRevoked, .tokenAudience, .tokenScope:
            request.withheld.isEmpty
        default: true
        }
    }

    private func explain(_ request: ExplainedRequest, at time: WallTime, _ endpoint: EndpointPolicy) throws -> Explanation {
        let log = log
        let bench = try ExplainBench(
            policy: policy, endpoint: endpoint, credentials: credentials, request: request, keys: keys, at: time, history: history,
            tokens: tokens, usualSkew: { (try? Self.usualSkew(of: $0, in: log)) ?? nil })
        return Explainer(bench: bench, directory: directory).explain()
    }

    private func causes(_ record: LogRecord, _ reason: Reason, _ endpoint: EndpointPolicy?) throws -> [Explanation.Cause] {
        guard let endpoint else { return [] }
        let schemes = endpoint.schemeNames.compactMap { policy.schemes[$0] }
        switch reason {
        case .signatureMissing, .timestampMissing, .signatureMalformed:
            return schemes.lazy.compactMap { scheme in
                header(record, scheme) ?? timeText(record, scheme).flatMap { TimeCauses.form($0, scheme) } ?? separator(record, scheme)
                    ?? look(record, scheme) ?? (reason == .signatureMalformed ? SeparatorCauses.boundary(scheme) : nil)
            }.first.map { [$0] } ?? []
        case .timestampStale, .timestampFuture:
            let number = schemes.lazy.compactMap { timeText(record, $0) }.first.flatMap { Int64($0) }
            let signedAt = record.signedAt ?? schemes.lazy.compactMap { signedTime(record, $0) }.first
            let usual = try record.sender.flatMap { try Self.usualSkew(of: $0, in: log) }
            return TimeCauses.causes(number, signedAt, arrival: record.time, endpoint, schemes, usual: usual)
        case .mediaType where record.detail == EarlyChecks.contentCoding:
            return [ReasonTexts.contentCoding(evidence(record, endpoint))]
        case .unavailable where record.detail == RequestExchange.waitedInVain: return [ReasonTexts.waitedInVain(evidence(record, endpoint))]
        case .unavailable where RestoredWait.isReason(record.detail): return [ReasonTexts.restored(evidence(record, endpoint))]
        case .malformed: return BearerCauses.misused(record.detail, evidence(record, endpoint)).map { [$0] } ?? []
        case .signatureMismatch:
            // Another length or alphabet than the scheme's explains it without the body.
            if let look = schemes.lazy.compactMap({ look(record, $0) }).first { return [look] }
            let tried = record.checks.filter { $0.check == "signature" }.compactMap(\.scheme)
            guard let scheme = schemes.first(where: { tried.contains($0.name) }) ?? schemes.first else { return [] }
            return try RecordedMismatch(
                record: record, endpoint: endpoint, scheme: scheme, credentials: credentials, history: history, log: log
            ).causes()
        case .signedWithRetired, .credentialRetired: return retired(record, reason)
        case .credentialMismatch where record.checks.contains { $0.check == "basic" && $0.result == "malformed" }:
            let found = "What follows `Basic` is not the base64 of USER:PASSWORD. "
            return [Explainer.malformedAuthorization(found + evidence(record, endpoint))]
        case .credentialMissing where !endpoint.takesBasic && !endpoint.tokens.isEmpty:
            return [BearerCauses.missing(evidence(record, endpoint))]
        case .credentialUnknown: return BearerCauses.unknown(record.detail, record.checks, evidence(record, endpoint)).map { [$0] } ?? []
        case .tokenRevoked, .tokenBinding, .tokenSignature:
            return BearerCauses.refused(reason, record.detail, record.checks, evidence(record, endpoint)).map { [$0] } ?? []
        case .credentialMismatch: return BearerCauses.cause(record.checks, endpoint).map { [$0] } ?? []
        default: return []
        }
    }

    private func header(_ record: LogRecord, _ scheme: Scheme) -> Explanation.Cause? {
        guard let headers = RecordedHeaders(record), let finding = HeaderFinding(scheme, among: headers.names) else { return nil }
        return HeaderCauses.cause(finding, headers, SchemeShelf(policy: policy, directory: directory), provedBy: [])
    }

    private func separator(_ record: LogRecord, _ scheme: Scheme) -> Explanation.Cause? {
        SeparatorCauses.cause(scheme) { value($0, record) }?.cause
    }

    /// What the signature's own text tells.
    private func look(_ record: LogRecord, _ scheme: Scheme) -> Explanation.Cause? {
        guard scheme.signature.sources.count == 1, case .header(let name)? = scheme.signature.sources.first, let value = value(name, record)
        else { return nil }
        return SignatureLook(scheme: scheme, value: value, name: name).cause()
    }

    private func value(_ header: String, _ record: LogRecord) -> String? {
        record.value["request"]?["headers"]?.array?.first { $0["name"]?.string?.lowercased() == header }?["value"]?.string
    }

    private func value(_ source: ValueSource, _ record: LogRecord) -> String? {
        func value(from name: String) -> String? {
            record.value["request"]?["values"]?.array?.first { $0["from"]?.string == name }?["value"]?.string
        }
        switch source {
        case .header(let name): return self.value(name, record)
        case .query(let name): return value(from: "query:\(name)")
        case .json(let path): return value(from: "json:\(path.joined(separator: "."))")
        }
    }

    /// The timestamp as it was received.
    private func timeText(_ record: LogRecord, _ scheme: Scheme) -> String? {
        guard let timestamp = scheme.timestamp else { return nil }
        func text(_ source: ValueSource) -> String? { value(source, record) }
        var found = timestamp.source.flatMap(text)
        if found == nil, let whole = scheme.signature.sources.first.flatMap(text) {
            switch scheme.signature.layout {
            case .list(_, let assign, _, let label?):
                let start = whole.firstRange(of: label + assign)?.upperBound
                found = start.map { String(whole[$0...].prefix { $0.isNumber }) }
            case .positional(let separator, let position?, _):
                let items = whole.split(separator: separator.first ?? ",", omittingEmptySubsequences: false)
                found = items.indices.contains(position) ? String(items[position]) : nil
            default: break
            }
        }
        return found
    }

    /// The signed time as the record's fields have it.
    private func signedTime(_ record: LogRecord, _ scheme: Scheme) -> WallTime? {
        guard let timestamp = scheme.timestamp, let text = timeText(record, scheme) else { return nil }
        if let number = Int64(text) {
            let isMilliseconds = timestamp.unit == .ms || timestamp.unit == .auto && number > 100_000_000_000
            return isMilliseconds
                ? WallTime(microseconds: number.multipliedReportingOverflow(by: 1_000).partialValue) : WallTime(seconds: number)
        }
        return WallTime(rfc3339: Array(text.utf8)) ?? WallTime(httpDate: Array(text.utf8))
    }

    private func retired(_ record: LogRecord, _ reason: Reason) -> [Explanation.Cause] {
        guard let check = record.checks.first(where: { $0.result == "retired" }), let version = check.version, let sender = record.sender
        else { return [] }
        let kind: CredentialKind
        switch check.check {
        case "basic": kind = .basic
        case "certificate": kind = .certificate
        default: kind = check.scheme.flatMap { policy.schemes[$0] }.map { SignedWords(scheme: $0).kind } ?? .signing
        }
        let name = CredentialName(sender: sender, kind: kind)
        return [
            Explanation.Cause(
                cause: "secret-retired", certainty: .proved,
                summary: "The sender still uses version \(version) of \(name), which is no longer accepted.",
                evidence: "It matches that version." + history.words(name, version),
                fix: "Let the sender take over the newest version; next time `secret rotate` with a longer --overlap.")
        ]
    }

    static func usualSkew(of sender: String, in log: AuditLog) throws -> Int64? {
        var summary = ReviewSummary()
        try log.review(RecordFilter(sender: sender, decision: "accepted"), newest: 200) { line, fields in
            summary.add(line, fields)
            return true
        }
        return summary.skews[sender]?.median
    }

    static func words(_ checks: [DecisionRecord.Check]) -> String {
        checks.map { [$0.check, $0.scheme, $0.result].compactMap { $0 }.joined(separator: " ") }.joined(separator: ", ")
    }

    private func evidence(_ record: LogRecord, _ endpoint: EndpointPolicy?) -> String {
        var parts = ["The answer was \(record.answer ?? 0) to \(record.remote ?? "an unknown address") at \(record.time)."]
        let checks = Self.words(record.checks)
        if !checks.isEmpty { parts.append("Checks: \(checks).") }
        if let detail = record.detail { parts.append("What was wrong: \(detail).") }
        if let requests = record.requests {
            parts.append(
                "This record is of \(requests) request\(requests == 1 ? "" : "s") of that address within a second, over `limits.failures`; "
                    + "all of them were answered with this reference.")
        }
        switch record.reason {
        case "network": parts += networks(record.sender.map { [$0] } ?? endpoint?.senders ?? [])
        case "method":
            if let endpoint, let method = record.value["request"]?["method"]?.string {
                parts.append("\(method) came; endpoint \(endpoint.name) takes \(endpoint.methods.joined(separator: ", ")).")
            }
        default: break
        }
        if let original = record.original { parts.append("The event was accepted as \(original).") }
        return parts.joined(separator: " ")
    }

    /// What policy allows.
    private func networks(_ senders: [String]) -> [String] {
        senders.compactMap { name -> String? in
            guard let networks = policy.senders[name]?.networks, !networks.isEmpty else { return nil }
            return "Sender \(name) may come from \(networks.map(\.description).joined(separator: ", "))."
        }
    }
}
