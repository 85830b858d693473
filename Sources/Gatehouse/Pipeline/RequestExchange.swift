import GatehouseTLS
import Logging
import Synchronization
import GatehouseAudit
import GatehouseHTTP
import GatehousePolicy
import GatehouseState
import GatehouseTime
import GatehouseVerify
import NIOCore

/// One request from its last byte to its answer: verify, ask the replay memory, hand over, record, answer.
///
/// Lives on its connection's loop, and outlives the connection where the sender hangs up: a hand-over is finished and recorded all the same.
/// Every path through it ends in exactly one call of ``conclude(_:_:_:)`` and so in one record.
///
/// `@unchecked Sendable`: the replay memory and the journal hand it back from their own threads without looking inside; everything but
/// the constants ``loopIndex``, ``eventLoop`` and ``goesOnUnrecorded`` is touched on the loop alone.
final class RequestExchange: @unchecked Sendable {
    let loop: LoopState
    let loopIndex: Int
    let eventLoop: any EventLoop
    let reference: Reference
    /// Its neighbours among the loop's exchanges (``ExchangeList``).
    var next: RequestExchange?
    unowned(unsafe) var previous: RequestExchange?
    var isListed = false
    /// `audit.on-failure: allow`: the answer stays as it was decided where no record of it can be made durable.
    let goesOnUnrecorded: Bool
    let route: Route?
    let snapshot: Snapshot
    let remote: IPAddress
    let remoteText: String
    let received: WallTime
    private let arrived: NIODeadline
    private let headStarted: NIODeadline
    private(set) var connection: Connection?
    private var verification: Verification?
    private var summary: RequestSummary?
    private var bodyBytes: Int?
    var detail: String?
    /// Set while a hand-over, or another request with the same event, is waited for.
    private var deadline: NIODeadline?
    private var onDeadline: (() -> Void)?
    private var isVerified = false
    private var isHandedOver = false
    private var hasReservation = false
    private(set) var isConcluded = false
    private var isAnswered = false
    private var isAccepted = false
    private var isStale = false
    private var answer: Answer?
    private var verified = NIODeadline.uptimeNanoseconds(0)
    private var handed = NIODeadline.uptimeNanoseconds(0)
    private var decided = NIODeadline.uptimeNanoseconds(0)

    init(connection: Connection, route: Route?, headStarted: NIODeadline) {
        loop = connection.loop
        loopIndex = loop.index
        eventLoop = loop.eventLoop
        snapshot = loop.snapshot
        goesOnUnrecorded = snapshot.goesOnUnrecorded
        self.connection = connection
        self.route = route
        self.headStarted = headStarted
        remote = connection.remote
        remoteText = connection.remoteText
        received = loop.clock.now
        arrived = .now()
        reference = loop.nextReference(at: received)
        loop.begin(self)
    }

    /// The sender hung up: what was begun goes on without it.
    func senderLeft() { connection = nil }

    /// Called by the loop every tick.
    func check(_ now: NIODeadline) {
        guard let deadline, now >= deadline else { return }
        self.deadline = nil
        onDeadline.take()?()
    }

    // MARK: Refusals

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

    // MARK: Verifying

    func run(_ view: RequestView) {
        guard let route else { return refuse(RefusalReason(.notFound), status: 404, view: view) }
        if let service = route.service { return serve(service, view) }
        bodyBytes = view.body.count
        var arrival = Arrival(now: received, peer: remote, certificate: connection?.session?.clientCertificate)
        var verification = route.verifier.verify(view, arrival: arrival, workspace: loop.workspace)
        // Retired values are looked at for what was refused only.
        if verification.outcome.mayBeOfRetired, loop.mayDiagnose() {
            arrival.diagnoseRetired = true
            verification = route.verifier.verify(view, arrival: arrival, workspace: loop.workspace)
        }
        judge(verification, view, route)
    }

    private func judge(_ verification: Verification, _ view: RequestView, _ route: Route) {
        self.verification = verification
        switch verification.outcome {
        case .authenticated:
            verified = .now()
            isVerified = true
            loop.metrics.verified(bytes: view.body.count)
            loop.used(verification, route: route, at: received, from: remote)
            if verification.isBodyUnreadable {
                loop.log.info(
                    "the body is no JSON, so the event has no id or type from it", metadata: ["reference": "\(reference)", "endpoint": "\(route.policy.name)"])
            }
            admit(verification, view, route)
        case .handshake(let handshake, _):
            verified = .now()
            var answer = Answer(status: handshake.status, body: ByteBuffer(bytes: handshake.body))
            answer.fields = handshake.fields
            conclude(.ignored, .handshake, answer)
        case .refused(let reason):
            verified = .now()
            if reason == .timestampStale, let key = verification.event.key { return admitStale(key, verification, view, route) }
            refuseUnauthenticated(reason, view, route)
        case .passwordNeeded(let checks):
            guard !loop.shared.failures.isLimited(remote, at: loop.clock.monotonic) else {
                return refuseUnauthenticated(.credentialMismatch, view, route)
            }
            let owned = OwnedRequest(view)
            let eventLoop = loop.eventLoop
            let isQueued = loop.shared.passwords.run(checks) { [self] results in
                eventLoop.execute { self.passwordsChecked(results, owned) }
            }
            if !isQueued { conclude(.failed, .unavailable, unavailable()) }
        }
    }

    private func passwordsChecked(_ results: [Bool], _ owned: OwnedRequest) {
        guard let verification, let route else { return }
        owned.withView { view in judge(verification.resume(results), view, route) }
    }

    /// 401, alike for every cause.
    private func refuseUnauthenticated(_ reason: Reason, _ view: RequestView, _ route: Route) {
        // The gateway's own fault, not the sender's: nothing is said about the request.
        if reason == .unavailable { return conclude(.failed, .unavailable, unavailable()) }
        summary = RequestSummary(view, fields: route.verifier.refusedFields(view, workspace: loop.workspace))
        if isLimited(closes: false) { return }
        loop.shared.rejected.keep(reference, view, arrived: received)
        detail = verification?.tokenFlaw
        let bearer = verification?.bearer ?? .none
        let status = Self.status(refused: reason)
        conclude(
            .rejected, reason,
            .problem(status, reference: reference, fields: status == 405 ? [("Allow", route.allow)] : route.challenges(status: status, bearer: bearer)))
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

    // MARK: Authenticated

    private func admit(_ verification: Verification, _ view: RequestView, _ route: Route) {
        let sender = verification.sender ?? ""
        if let signed = verification.signedAt {
            loop.metrics.skew(sender: route.senderNumber(sender), microseconds: (received - signed).microseconds)
        }
        if let seconds = route.rate?.take(sender, at: loop.clock.monotonic) {
            return conclude(
                .rejected, .rate,
                .problem(route.policy.limits.rateAnswer, reference: reference, fields: [("Retry-After", "\(seconds)")]))
        }
        guard route.verifier.accepted.matches(verification.event.type) else {
            let answer = route.policy.events.otherwise == .acknowledge
                ? Answer(status: 200) : Answer.problem(422, reference: reference)
            return conclude(.ignored, .eventType, answer)
        }
        guard route.isWanted(verification.event.type) else {
            return conclude(.ignored, .eventType, Answer(status: verification.okStatus))
        }
        // Without a journal nothing could be proved later, so no handler is called (design 6).
        if loop.shared.health.isFailing, !goesOnUnrecorded {
            return conclude(.failed, .unavailable, unavailable())
        }
        // What was accepted before the backup that this state came from was restored is not known.
        if let seconds = loop.shared.refusal(at: received) {
            return conclude(
                .failed, .unavailable, .problem(503, reference: reference, fields: [("Retry-After", "\(seconds)")]))
        }
        guard let key = verification.event.key else { return handOver(view, route) }
        switch loop.shared.replay.reserve(key, body: verification.bodySHA256.words.0, now: loop.clock.monotonic) {
        case .new:
            hasReservation = true
            handOver(view, route)
        case .known(let kept, let sameBody): repeated(kept, sameBody: sameBody)
        case .pending: join(key, verification, OwnedRequest(view), route)
        case .unavailable: conclude(.failed, .unavailable, unavailable())
        }
    }

    /// Everything but its time held: a copy of an event that was accepted is answered as such, anything else is refused.
    private func admitStale(_ key: EventKey, _ verification: Verification, _ view: RequestView, _ route: Route) {
        isStale = true
        switch loop.shared.replay.look(key, body: verification.bodySHA256.words.0, now: loop.clock.monotonic) {
        case .known(let kept, let sameBody): repeated(kept, sameBody: sameBody)
        case .pending: join(key, verification, OwnedRequest(view), route)
        case .new, .unavailable: refuseUnauthenticated(.timestampStale, view, route)
        }
    }

    /// The same event is being handled, or only the memory's files know about it: the outcome comes later.
    private func join(_ key: EventKey, _ verification: Verification, _ owned: OwnedRequest, _ route: Route) {
        let timeout = route.hand.relay?.delivery.timeout ?? Self.joinTimeout
        let eventLoop = eventLoop
        let replay = loop.shared.replay
        let ticket = replay.join(key, body: verification.bodySHA256.words.0, now: loop.clock.monotonic) { [self] resolution in
            eventLoop.execute { self.joined(resolution, owned, route) }
        }
        // The first one's time may be up in the same moment, and be noticed later: all of them get one answer.
        wait(for: timeout + Self.joinGrace) { [unowned self] in
            if let ticket { replay.leave(key, ticket) }
            conclude(.failed, .unavailable, unavailable())
        }
    }

    private static let joinTimeout = Duration.milliseconds(2_500)
    private static let joinGrace = Duration.milliseconds(200)

    private func joined(_ resolution: Resolution, _ owned: OwnedRequest, _ route: Route) {
        guard !isConcluded else {
            // Answered with 503 meanwhile; an ownership that came too late goes back, for the next one to try.
            if resolution == .owner, let key = verification?.event.key {
                loop.shared.replay.release(key, answer: KeptAnswer(status: 503))
            }
            return
        }
        stopWaiting()
        switch resolution {
        case .owner where isStale:
            // Nobody knows it. Who joined meanwhile may try again.
            if let key = verification?.event.key { loop.shared.replay.release(key, answer: KeptAnswer(status: 503)) }
            owned.withView { refuseUnauthenticated(.timestampStale, $0, route) }
        case .owner:
            hasReservation = true
            owned.withView { handOver($0, route) }
        case .accepted(let kept, let sameBody), .failed(let kept, let sameBody): repeated(kept, sameBody: sameBody)
        case .unavailable: conclude(.failed, .unavailable, unavailable())
        }
    }

    /// Another request with this event has its answer: the sender gets the same.
    private func repeated(_ kept: KeptAnswer, sameBody: Bool) {
        guard sameBody || route?.policy.replay.conflict == .answer else {
            return conclude(.rejected, .eventConflict, .problem(409, reference: reference))
        }
        conclude(.duplicate, sameBody ? .duplicate : .eventConflict, Answer(kept))
    }

    // MARK: Hand-over

    private func handOver(_ view: RequestView, _ route: Route) {
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
    private func handedOver(bytes: Int) {
        isHandedOver = true
        loop.metrics.handedOver(bytes: bytes)
    }

    private func relayed(_ result: Result<RelayConnection.Response, RelayConnection.Failure>) {
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

    private func answered(_ handler: HandlerAnswer) {
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
    private func accept(_ answer: Answer) {
        isAccepted = true
        conclude(.accepted, .ok, answer)
    }

    private func failed(_ status: Int, fields: [(name: String, value: String)] = []) {
        stopWaiting()
        let answer = Answer.problem(status, reference: reference, fields: fields)
        release(failed: answer)
        conclude(.failed, .handlerFailed, answer)
    }

    /// The sender is answered; the event stays reserved, since the handler may still take it.
    private func timedOut() {
        detail = "the handler did not answer in time"
        stopWaiting()
        let answer = Answer.problem(504, reference: reference)
        if hasReservation, let key = verification?.event.key { loop.shared.replay.announceFailure(key, answer: KeptAnswer(answer)) }
        conclude(.failed, .handlerFailed, answer)
    }

    /// After the sender got its 504: a 2xx makes the event an accepted one for its repetitions, anything else frees it.
    private func answeredLate(_ handler: HandlerAnswer) {
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

    private func remember(_ answer: Answer, synced: Bool) {
        guard hasReservation, let key = verification?.event.key, let route else { return }
        hasReservation = false
        loop.shared.replay.accept(
            key, answer: KeptAnswer(answer), remember: route.policy.replay.remember, now: loop.clock.monotonic, synced: synced)
        if !synced { loop.shared.health.hold(key) }
    }

    private func release(failed answer: Answer) {
        guard hasReservation, let key = verification?.event.key else { return }
        hasReservation = false
        loop.shared.replay.release(key, answer: KeptAnswer(answer))
    }

    private func wait(for duration: Duration, _ then: @escaping () -> Void) {
        deadline = .now() + TimeAmount(duration)
        onDeadline = then
    }

    func stopWaiting() {
        deadline = nil
        onDeadline = nil
    }

    func unavailable() -> Answer { refusal(503, reference: reference, fields: [("Retry-After", "1")]) }

    /// In the words of whoever was asked: an endpoint or a service of the gateway's own.
    private func refusal(_ status: Int, reference: Reference, fields: [(name: String, value: String)], closes: Bool = false) -> Answer {
        guard route?.service == nil else { return .oauthError(status, fields: fields, closes: closes) }
        return .problem(status, reference: reference, fields: fields, closes: closes)
    }

    // MARK: The decision

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

    private var recordedBody: DecisionRecord.Body? {
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
    private func noteConclusion(
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

    private func leave() {
        isAnswered = true
        connection = nil
        // A hand-over that missed its deadline still holds its reservation until it ends or `late` passes.
        if !hasReservation { loop.end(self) }
    }
}
