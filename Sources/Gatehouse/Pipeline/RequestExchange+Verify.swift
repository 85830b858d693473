import GatehouseHTTP
import GatehousePolicy
import GatehouseTLS
import GatehouseTime
import GatehouseVerify
import Logging
import NIOCore

/// From the whole request to a verdict on who sent it.
extension RequestExchange {
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

    func judge(_ verification: Verification, _ view: RequestView, _ route: Route) {
        self.verification = verification
        switch verification.outcome {
        case .authenticated:
            verified = .now()
            isVerified = true
            loop.metrics.verified(bytes: view.body.count)
            loop.used(verification, route: route, at: received, from: remote)
            if verification.isBodyUnreadable {
                loop.log.info(
                    "the body is no JSON, so the event has no id or type from it",
                    metadata: ["reference": "\(reference)", "endpoint": "\(route.policy.name)"])
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

    func passwordsChecked(_ results: [Bool], _ owned: OwnedRequest) {
        guard let verification, let route else { return }
        owned.withView { view in judge(verification.resume(results), view, route) }
    }
}
