import GatehouseAudit
import GatehouseCrypto
import GatehouseHTTP
import GatehousePolicy
import GatehouseTLS
import GatehouseTime
import GatehouseToken
import GatehouseVerify

/// What is refused, and in whose words.
extension RequestExchange {
    /// Refuses with `status`, whatever else might have been wrong. `view` is the request as far as there is one.
    func refuse(
        _ reason: RefusalReason, status: Int, view: RequestView?, fields: [(name: String, value: String)] = [], closes: Bool = false
    ) {
        detail = reason.detail
        if let service = route?.service { return refuse(service, reason.reason, status: status, fields: fields, closes: closes) }
        summary = view.map { RequestSummary($0, fields: []) }
        if isLimited(closes: closes) { return }
        conclude(.rejected, reason.reason, .problem(status, reference: reference, fields: fields, closes: closes))
    }

    /// An address that causes too many refusals gets 429, and one record a second for all of them. `wait`: another limit is reached, for so
    /// many seconds.
    func isLimited(closes: Bool, wait: Int? = nil) -> Bool {
        switch loop.shared.failures.refuse(remote, at: loop.clock.monotonic, reference: reference, isOver: wait != nil) {
        case .within: return false
        case .limited(let shared, let first):
            isConcluded = true
            loop.metrics.failureLimited()
            if first { loop.recordLimitedSecond(remote, reference: shared, policy: snapshot.policy.digest) }
            let answer = refusal(429, reference: shared, fields: [("Retry-After", "\(wait ?? 1)")], closes: closes)
            connection?.answer(answer, reference: shared)
            leave()
            return true
        }
    }

    /// 401, alike for every cause.
    func refuseUnauthenticated(_ reason: Reason, _ view: RequestView, _ route: Route) {
        // The gateway's own fault, not the sender's: nothing is said about the request.
        if reason == .unavailable { return conclude(.failed, .unavailable, unavailable()) }
        summary = RequestSummary(view, fields: route.verifier.refusedFields(view, workspace: loop.workspace))
        if isLimited(closes: false) { return }
        loop.shared.rejected.keep(reference, view, arrived: received)
        detail = verification?.tokenFlaw ?? (reason == .certificateMismatch ? certificateThatCame : nil)
        let bearer = verification?.bearer ?? .none
        let status = Self.status(refused: reason)
        conclude(
            .rejected, reason,
            .problem(
                status, reference: reference,
                fields: status == 405 ? [("Allow", route.allow)] : route.challenges(status: status, bearer: bearer)))
    }

    /// What the operator has to store, or to compare with what is stored: a certificate is no secret.
    private var certificateThatCame: String? {
        connection?.session?.clientCertificate.map { certificate in
            "sha256//\(Base64.encode(certificate.spkiSHA256)) came, with the subject \(QuotedText.of(certificate.subject.description))"
        }
    }

    /// A method that is let through for handshakes only is still the wrong one for anything else. `malformed` is said of a message whose
    /// every check held, of a token that came twice, or of a handshake that nothing is checked of: a 400 tells nothing that its sender does
    /// not know. Of tokens RFC 6750 section 3.1.
    static func status(refused reason: Reason) -> Int {
        switch reason {
        case .method: 405
        case .malformed: 400
        case .tokenScope: 403
        default: 401
        }
    }

    func unavailable() -> Answer { refusal(503, reference: reference, fields: [("Retry-After", "1")]) }

    /// In the words of whoever was asked: an endpoint or a service of the gateway's own.
    func refusal(_ status: Int, reference: Reference, fields: [(name: String, value: String)], closes: Bool = false) -> Answer {
        guard route?.service == nil else { return .oauthError(status, fields: fields, closes: closes) }
        return .problem(status, reference: reference, fields: fields, closes: closes)
    }
}
