import GatehouseHTTP
import GatehousePolicy
import GatehouseState
import GatehouseTime
import GatehouseVerify
import NIOCore
import Synchronization

/// An authenticated event: whether it is wanted, and whether it came before.
extension RequestExchange {
    func admit(_ verification: Verification, _ view: RequestView, _ route: Route) {
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
            let answer =
                route.policy.events.otherwise == .acknowledge
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
        if let wait = loop.shared.wait(freshness: route.freshness, at: received) {
            detail = wait.detail
            return conclude(
                .failed, .unavailable,
                .problem(503, reference: reference, fields: [("Retry-After", "\(wait.seconds(at: received))")]))
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
    func admitStale(_ key: EventKey, _ verification: Verification, _ view: RequestView, _ route: Route) {
        isStale = true
        switch loop.shared.replay.look(key, body: verification.bodySHA256.words.0, now: loop.clock.monotonic) {
        case .known(let kept, let sameBody): repeated(kept, sameBody: sameBody)
        case .pending: join(key, verification, OwnedRequest(view), route)
        case .new, .unavailable: refuseUnauthenticated(.timestampStale, view, route)
        }
    }

    /// The same event is being handled, or only the memory's files know about it: the outcome comes later.
    func join(_ key: EventKey, _ verification: Verification, _ owned: OwnedRequest, _ route: Route) {
        let timeout = route.hand.relay?.delivery.timeout ?? Self.joinTimeout
        let eventLoop = eventLoop
        let replay = loop.shared.replay
        let ticket = replay.join(key, body: verification.bodySHA256.words.0, now: loop.clock.monotonic) { [self] resolution in
            eventLoop.execute { self.joined(resolution, owned, route) }
        }
        // The first one's time may be up in the same moment, and be noticed later: all of them get one answer.
        wait(for: timeout + Self.joinGrace) { [unowned self] in
            if let ticket { replay.leave(key, ticket) }
            detail = Self.waitedInVain
            conclude(.failed, .unavailable, unavailable())
        }
    }

    static let waitedInVain = "waited for the answer to the first request with this event, which did not come in time"
    static let joinTimeout = Duration.milliseconds(2_500)
    static let joinGrace = Duration.milliseconds(200)

    func joined(_ resolution: Resolution, _ owned: OwnedRequest, _ route: Route) {
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
    func repeated(_ kept: KeptAnswer, sameBody: Bool) {
        guard sameBody || route?.policy.replay.conflict == .answer else {
            return conclude(.rejected, .eventConflict, .problem(409, reference: reference))
        }
        conclude(.duplicate, sameBody ? .duplicate : .eventConflict, Answer(kept))
    }

    func remember(_ answer: Answer, synced: Bool) {
        guard hasReservation, let key = verification?.event.key, let route else { return }
        hasReservation = false
        loop.shared.replay.accept(
            key, answer: KeptAnswer(answer), remember: route.policy.replay.remember, now: loop.clock.monotonic, synced: synced)
        if !synced { loop.shared.health.hold(key) }
    }

    func release(failed answer: Answer) {
        guard hasReservation, let key = verification?.event.key else { return }
        hasReservation = false
        loop.shared.replay.release(key, answer: KeptAnswer(answer))
    }
}
