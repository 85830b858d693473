import GatehouseAudit
import GatehouseHTTP
import GatehousePolicy
import GatehouseState
import GatehouseTime
import GatehouseVerify
import Logging
import NIOCore

/// The event goes to its handler, whose answer becomes the sender's.
extension RequestExchange {
    func handOver(_ view: RequestView, _ route: Route) {
        handed = .now()
        guard let relay = route.hand.relay, relay.wants(verification?.event.type) else {
            return accept(Answer(status: verification?.okStatus ?? 200))
        }
        if let signer = relay.signer, !signer.isAble(at: received) {
            detail = "handler/\(relay.delivery.name ?? "")/signing has no live version to sign the hand-over with: gatehouse secret add"
            return failed(502)
        }
        let facts = HandOverFacts(
            endpoint: route.policy.name, verification: verification, received: received, reference: reference, attempt: 1,
            secretFields: route.verifier.secretFields)
        let late = relay.delivery.late > relay.delivery.timeout ? relay.delivery.late : relay.delivery.timeout
        switch relay.handler {
        case .http(let lines):
            let request = RelayRequest.make(
                view, facts, lines: lines, checks: loop.checks(verification?.checks ?? []).text, signer: relay.signer, now: received,
                into: loop.relayBuffer.take(capacity: view.head.length + view.body.count + RelayRequest.ownBytes))
            handedOver(bytes: request.body)
            let pool = loop.pool(lines.target, connectTimeout: TimeAmount(relay.delivery.timeout))
            let ticket = pool.send(request.bytes) { [self] result in relayed(result) }
            loop.relayBuffer.giveBack(request.bytes)
            wait(for: relay.delivery.timeout) { [self] in
                timedOut()
                guard ticket.isSent else {
                    ticket.cancel()
                    return release(failed: Answer(status: 504))
                }
                wait(for: late - relay.delivery.timeout) { ticket.cancel() }
            }
        case .client(let client):
            let deadline = NIODeadline.now() + TimeAmount(relay.delivery.timeout)
            let event = HandOver(view, facts, takesFields: client.takesFields, signer: relay.signer, now: loop.clock.now)
            handedOver(bytes: event.body.readableBytes)
            client.handOver(
                event, on: loop.eventLoop, deadline: deadline, lateUntil: .now() + TimeAmount(late),
                completion: { [self] result in
                    switch result {
                    case .answered(let answer): self.answered(answer)
                    case .unreachable(let why):
                        detail = why
                        failed(502)
                    case .busy(let why):
                        detail = why
                        failed(503, fields: [("Retry-After", "1")])
                    case .timedOut: timedOut()
                    }
                },
                late: { [self] answer in answeredLate(answer) })
        }
    }

    /// - Parameter bytes: of the body as the handler is given it.
    func handedOver(bytes: Int) {
        isHandedOver = true
        loop.metrics.handedOver(bytes: bytes)
    }

    func relayed(_ result: Result<RelayConnection.Response, RelayConnection.Failure>) {
        switch result {
        case .success(let response):
            let answer = HandlerAnswer(
                status: response.status, contentType: response.contentType, body: response.body ?? ByteBuffer())
            if isConcluded { answeredLate(answer) } else { answered(answer) }
        case .failure(let failure):
            guard !isConcluded else {
                release(failed: answer ?? Answer(status: 504))
                return isAnswered ? loop.end(self) : ()
            }
            detail = failure.explanation(of: loop.lastError(of: route))
            failed(502)
        }
    }

    func answered(_ handler: HandlerAnswer) {
        stopWaiting()
        var answer = Answer(status: handler.status, contentType: handler.contentType, body: handler.body)
        if handler.isSuccess {
            accept(answer)
        } else {
            if handler.status < 200 { answer = .problem(502, reference: reference) }
            detail = "the handler answered \(handler.status)"
            release(failed: answer)
            conclude(.failed, .handlerFailed, answer)
        }
    }

    /// The handler took the event. The memory learns of it when the record is durable, so that it never holds more than the log.
    func accept(_ answer: Answer) {
        isAccepted = true
        conclude(.accepted, .ok, answer)
    }

    func failed(_ status: Int, fields: [(name: String, value: String)] = []) {
        stopWaiting()
        let answer = Answer.problem(status, reference: reference, fields: fields)
        release(failed: answer)
        conclude(.failed, .handlerFailed, answer)
    }

    /// The sender is answered; the event stays reserved, since the handler may still take it.
    func timedOut() {
        detail = "the handler did not answer in time"
        stopWaiting()
        let answer = Answer.problem(504, reference: reference)
        if hasReservation, let key = verification?.event.key { loop.shared.replay.announceFailure(key, answer: KeptAnswer(answer)) }
        conclude(.failed, .handlerFailed, answer)
    }

    /// After the sender got its 504: a 2xx makes the event an accepted one for its repetitions, anything else frees it.
    func answeredLate(_ handler: HandlerAnswer) {
        stopWaiting()
        guard handler.isSuccess else {
            release(failed: answer ?? Answer(status: 504))
            return isAnswered ? loop.end(self) : ()
        }
        let record = LateRecord(
            reference: reference, endpoint: route?.policy.name ?? "", sender: verification?.sender,
            event: verification.flatMap { DecisionRecord.Event($0.event) }, body: recordedBody, answer: handler.status)
        loop.log.notice(
            "the handler took an event late",
            metadata: [
                "reference": "\(reference)", "endpoint": "\(record.endpoint)", "event": "\(record.event?.id ?? "")",
                "status": "\(handler.status)",
            ])
        let answer = Answer(status: handler.status, contentType: handler.contentType, body: handler.body)
        let eventLoop = eventLoop
        loop.shared.journal.submit(
            JournalEntry(members: record.members, time: loop.clock.now) { [self] result in
                let isDurable = if case .success = result { true } else { false }
                eventLoop.execute {
                    self.remember(answer, synced: isDurable)
                    if self.isAnswered { self.loop.end(self) }
                }
            })
    }
}
