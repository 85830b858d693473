import GatehouseAudit
import GatehousePolicy
import GatehouseTime
import GatehouseVerify
import NIOCore
import Synchronization

/// Every exchange ends here, once: with its record, and then its answer.
extension RequestExchange {
    /// Writes the record; the answer follows when it is durable.
    func conclude(_ decision: DecisionKind, _ reason: Reason, _ answer: Answer) {
        guard noteConclusion(decision, reason, answer, sender: verification?.sender) else { return }
        let record = DecisionRecord(
            reference: reference, endpoint: route?.policy.name, sender: verification?.sender, decision: decision.rawValue,
            reason: reason.rawValue, checks: loop.checks(verification?.checks ?? []).recorded,
            event: verification.flatMap { DecisionRecord.Event($0.event) },
            body: recordedBody,
            answer: answer.status, remote: remoteText, policy: snapshot.policy.digest, request: summary,
            skew: verification?.signedAt.map { (received - $0).microseconds / 1_000 },
            took: UInt64(max(0, (decided - arrived).nanoseconds / 1_000)), detail: detail)
        loop.recordBytes.removeAll(keepingCapacity: true)
        record.encode(into: &loop.recordBytes)
        loop.submit(self, members: loop.recordBytes)
    }

    var recordedBody: DecisionRecord.Body? {
        bodyBytes.map { DecisionRecord.Body(bytes: $0, sha256: (verification?.bodySHA256).map(SHA256Value.init)) }
    }

    /// As ``conclude(_:_:_:)``, with a record of another kind.
    ///
    /// - Parameter isProved: `sender` proved to be it, and was not only said to be.
    func conclude(_ decision: DecisionKind, _ reason: Reason, _ answer: Answer, sender: String?, isProved: Bool, record: TokenRecord) {
        guard noteConclusion(decision, reason, answer, sender: sender, isProved: isProved) else { return }
        loop.recordBytes.removeAll(keepingCapacity: true)
        record.encode(into: &loop.recordBytes)
        loop.submit(self, members: loop.recordBytes)
    }

    /// What every conclusion begins with; false where there was one before.
    func noteConclusion(
        _ decision: DecisionKind, _ reason: Reason, _ answer: Answer, sender: String?, isProved: Bool = true
    ) -> Bool {
        guard !isConcluded else { return false }
        isConcluded = true
        stopWaiting()
        decided = .now()
        self.answer = answer
        if isVerified, !isHandedOver { loop.metrics.withheld(bytes: bodyBytes ?? 0) }
        loop.note(decision, reason, route: route, sender: sender, isProved: isProved, reference: reference, remote: remote, detail: detail)
        return true
    }

    /// The record is durable, or cannot be made so.
    func recorded(_ isDurable: Bool) {
        guard var answer else { return leave() }
        if isAccepted { remember(answer, synced: isDurable) }
        if !isDurable {
            if goesOnUnrecorded {
                loop.shared.unrecorded.add(1, ordering: .relaxed)
            } else {
                answer = unavailable()
            }
        }
        loop.stages(
            head: arrived - headStarted, verify: verified - arrived, handler: decided - handed, journal: .now() - decided,
            total: .now() - headStarted)
        connection?.answer(answer, reference: reference)
        leave()
    }
}
