internal import GatehouseCrypto
internal import GatehouseHTTP
internal import GatehousePolicy
internal import GatehouseTime
internal import GatehouseToken

/// One request against one endpoint: every item for one and the same sender of the list.
struct Evaluation {
    let endpoint: EndpointVerifier
    let request: RequestView
    let arrival: Arrival
    let workspace: Workspace
    let bodySHA256: BodyDigest
    /// The `Authorization: Basic` of the request, once asked for.
    var basic: BasicClaim?
    var passwordChecks: [PasswordCheck] = []
    var dummyCheck: Int?
    /// The `Authorization: Bearer` of the request; looked for where the endpoint takes tokens.
    var bearer = BearerClaim.missing
    /// What became of the token, by position among the endpoint's tokens; it is the same for every sender.
    var verdicts: [TokenVerdict?] = []
    /// What is wrong with the token, where nothing but itself had to be looked at.
    var tokenFlaw: TokenFlaw?

    init(endpoint: EndpointVerifier, request: RequestView, arrival: Arrival, workspace: Workspace, bodySHA256: BodyDigest) {
        self.endpoint = endpoint
        self.request = request
        self.arrival = arrival
        self.workspace = workspace
        self.bodySHA256 = bodySHA256
    }

    var plan: EndpointPlan { endpoint.plan }

    /// How one item went for one sender.
    enum State {
        case holds
        case fails(Reason)
        /// Nothing but a password is left to check.
        case pending
    }

    /// What is gathered for one sender.
    struct Trial {
        var checks: [CheckResult] = []
        var held = 0
        var failure: Reason?
        var isPending = false
        /// A signature is genuine and its time is past the window: never accepted, whatever else holds.
        var isStale = false
        /// The first scheme whose signature matched.
        var scheme: Int?
        /// The version that matched under it.
        var key: KeyReference?
        /// Password checks that wait for this sender, with the versions they stand for.
        var passwords: [(check: Int, version: Int)] = []
        /// What to say if none of the passwords is right.
        var passwordFailure = Reason.credentialMismatch

        /// A genuine proof weighs most, then how many items held, then how much the failure tells. That a request came from outside a
        /// sender's networks does not make that sender a likelier one than those without networks.
        var plausibility: (Int, Int, Int) {
            let rank = failure == .network ? 0 : failure?.rank ?? 0
            return (rank >= Reason.signedWithRetired.rank ? rank : 0, held, rank)
        }

        mutating func note(_ state: State) {
            switch state {
            case .holds: held += 1
            case .pending: isPending = true
            case .fails(let reason):
                // A token that lacks nothing but a scope has proved whose it is.
                if reason == .tokenScope { held += 1 }
                if failure.map({ $0.rank < reason.rank }) ?? true { failure = reason }
            }
        }
    }

    mutating func run() -> Verification {
        if !plan.tokens.isEmpty {
            bearer = readBearer()
            verdicts = Array(repeating: nil, count: plan.tokens.count)
            if case .malformed(let misuse) = bearer {
                var verification = refusal(.malformed)
                verification.tokenFlaw = misuse.rawValue
                return verification
            }
        }
        var mayComeSigned = false
        for (index, handshake) in plan.handshakes.enumerated() {
            guard request.method.elementsEqual(handshake.method.utf8) else { continue }
            if handshake.signed {
                mayComeSigned = true
            } else if handshake.applies(to: request, in: workspace) {
                return decide(handshake: index)
            }
        }
        let isListed = plan.methods.contains { request.method.equals($0) }
        guard isListed || mayComeSigned else { return refusal(.method) }
        let verification = decide(handshake: nil)
        if !isListed, case .authenticated = verification.outcome { return refusal(.method) }
        return verification
    }

    /// - Parameter handshake: the unsigned one that the request is: everything but its own scheme's signature must hold all the same.
    private mutating func decide(handshake: Int?) -> Verification {
        var best: (sender: Int, trial: Trial, isAlone: Bool)?
        var pending: [(sender: Int, trial: Trial)] = []
        var stale: Verification?
        for sender in plan.senders.indices {
            var trial = Trial()
            let checksBefore = passwordChecks.count
            if let handshake { trial.note(token(of: plan.handshakes[handshake], sender: plan.senders[sender])) }
            let networks = plan.senders[sender].networks
            if !networks.isEmpty {
                if networks.contains(where: { $0.contains(arrival.peer) }) {
                    trial.held += 1
                } else {
                    trial.checks.append(CheckResult(.network, .mismatch))
                    trial.note(.fails(.network))
                }
            }
            let assumed = handshake.map { plan.handshakes[$0].scheme }
            for item in plan.items { trial.note(evaluate(item, sender: sender, assuming: assumed, &trial)) }
            if trial.failure == nil {
                if trial.isPending {
                    pending.append((sender, trial))
                } else if trial.isStale {
                    stale = stale ?? success(sender, trial, handshake: handshake)
                } else {
                    return success(sender, trial, handshake: handshake)
                }
                continue
            }
            if trial.isStale {
                trial.held -= 1
                trial.note(.fails(.timestampStale))
            }
            // Another item failed, so this sender's passwords are not worth their price.
            passwordChecks.removeSubrange(checksBefore...)
            if let dummyCheck, dummyCheck >= checksBefore { self.dummyCheck = nil }
            guard let known = best else {
                best = (sender, trial, true)
                continue
            }
            if trial.plausibility > known.trial.plausibility {
                best = (sender, trial, true)
            } else if trial.plausibility == known.trial.plausibility {
                best?.isAlone = false
            }
        }
        if let stale { return stale }
        if !pending.isEmpty { return passwordNeeded(pending, handshake: handshake) }
        guard let best, let reason = best.trial.failure else { return refusal(.credentialUnknown) }
        var verification = refusal(reason, sender: best.isAlone ? plan.senders[best.sender].name : nil, checks: best.trial.checks)
        verification.signedAt = signedAt(best.trial)
        return verification
    }

    private mutating func evaluate(_ item: EndpointPlan.Item, sender: Int, assuming assumed: Int?, _ trial: inout Trial) -> State {
        switch item {
        case .signature(let scheme): return scheme == assumed ? .holds : signature(scheme, sender: plan.senders[sender], &trial)
        case .basic: return basic(sender: plan.senders[sender], &trial)
        case .certificate: return certificate(sender: plan.senders[sender], &trial)
        case .token(let token): return self.token(token, sender: plan.senders[sender], &trial)
        case .any(let alternatives):
            let before = trial
            var collected = Trial()
            var waiting: Trial?
            var stale: Trial?
            var lacksScope = false
            for alternative in alternatives {
                var attempt = before
                switch evaluate(alternative, sender: sender, assuming: assumed, &attempt) {
                case .holds where attempt.isStale && !before.isStale: stale = stale ?? attempt
                case .holds:
                    trial = attempt
                    return .holds
                case .pending: waiting = waiting ?? attempt
                case .fails(let reason):
                    lacksScope = lacksScope || reason == .tokenScope
                    collected.note(.fails(reason))
                    collected.checks += attempt.checks[before.checks.count...]
                }
            }
            if let waiting {
                trial = waiting
                return .pending
            }
            if let stale {
                trial = stale
                return .holds
            }
            trial.checks += collected.checks
            // Whoever came with a token is told about the token.
            return .fails(lacksScope ? .tokenScope : collected.failure ?? .credentialMissing)
        }
    }

    private func certificate(sender: EndpointPlan.Sender, _ trial: inout Trial) -> State {
        guard let certificate = arrival.certificate else {
            trial.checks.append(CheckResult(.certificate, .missing))
            return .fails(.certificateMissing)
        }
        var newest: Int?
        var isUnavailable = false
        var retired: Int?
        // A connection may outlive the certificate that opened it.
        let isCurrent = arrival.now <= certificate.notAfter
        for key in sender.certificate {
            let isLive = key.state.isLive(at: arrival.now)
            if isLive, newest == nil { newest = key.number }
            guard isLive || arrival.diagnoseRetired, let slot = key.slots.first else { continue }
            switch workspace.material(slot, of: endpoint.table) {
            case .certificate(let pattern) where isCurrent && pattern.matches(certificate):
                guard isLive else {
                    retired = retired ?? key.number
                    continue
                }
                trial.checks.append(CheckResult(.certificate, version: key.number, .ok))
                return .holds
            case .unavailable where isLive: isUnavailable = true
            default: continue
            }
        }
        if isUnavailable {
            trial.checks.append(CheckResult(.certificate, version: newest, .unavailable))
            return .fails(.unavailable)
        }
        if let retired {
            trial.checks.append(CheckResult(.certificate, version: retired, .retired))
            return .fails(.credentialRetired)
        }
        trial.checks.append(CheckResult(.certificate, version: newest, newest == nil ? .unknown : .mismatch))
        return .fails(newest == nil ? .credentialUnknown : .certificateMismatch)
    }

    // MARK: Verdicts

    func refusal(_ reason: Reason, sender: String? = nil, checks: [CheckResult] = []) -> Verification {
        var verification = Verification(
            outcome: .refused(reason), sender: sender, checks: checks, bodySHA256: bodySHA256, bearer: bearer.use)
        if let tokenFlaw, tokenFlaw.refusal.reason == reason { verification.tokenFlaw = tokenFlaw.description }
        return verification
    }

    private func success(_ sender: Int, _ trial: Trial, handshake: Int?) -> Verification {
        let name = plan.senders[sender].name
        if trial.isStale { return stale(sender, trial) }
        if let handshake {
            guard let answer = answer(plan.handshakes[handshake], sender: plan.senders[sender], key: nil) else {
                return refusal(.malformed, sender: name, checks: trial.checks)
            }
            return Verification(outcome: .handshake(answer, signed: false), sender: name, checks: trial.checks, bodySHA256: bodySHA256)
        }
        let scheme = trial.scheme.map { plan.schemes[$0] }
        let signedAt = signedAt(trial)
        for handshake in plan.handshakes
        where handshake.signed && handshake.scheme == trial.scheme && handshake.applies(to: request, in: workspace) {
            guard case .holds = token(of: handshake, sender: plan.senders[sender]) else { continue }
            guard let answer = answer(handshake, sender: plan.senders[sender], key: trial.key) else {
                return refusal(.malformed, sender: name, checks: trial.checks)
            }
            return Verification(
                outcome: .handshake(answer, signed: true), sender: name, checks: trial.checks, bodySHA256: bodySHA256, signedAt: signedAt)
        }
        let event: EventIdentity
        switch identity(sender: name, scheme: trial.scheme) {
        case .success(let identity): event = identity
        case .failure(let refused): return refusal(refused.reason, sender: name, checks: trial.checks)
        }
        var verification = Verification(
            outcome: .authenticated, sender: name, checks: trial.checks, event: event, bodySHA256: bodySHA256, signedAt: signedAt,
            okStatus: scheme?.okStatus ?? 200, bearer: bearer.use)
        verification.isBodyUnreadable = workspace.jsonProblem != nil && namesInBody(trial.scheme)
        return verification
    }

    /// Refused, but with the event's name: whoever remembers it as accepted answers the copy.
    private func stale(_ sender: Int, _ trial: Trial) -> Verification {
        let name = plan.senders[sender].name
        var verification = refusal(.timestampStale, sender: name, checks: trial.checks)
        verification.signedAt = signedAt(trial)
        if case .success(let event) = identity(sender: name, scheme: trial.scheme) { verification.event = event }
        return verification
    }

    /// The time that a genuine signature covers, whatever became of the request.
    private func signedAt(_ trial: Trial) -> WallTime? {
        guard let scheme = trial.scheme, plan.schemes[scheme].timestampIsSigned else { return nil }
        return workspace.extractions[scheme]?.signedAt
    }

    private func passwordNeeded(_ pending: [(sender: Int, trial: Trial)], handshake: Int?) -> Verification {
        var candidates: [PendingPasswords.Candidate] = []
        for (sender, trial) in pending {
            candidates.append(PendingPasswords.Candidate(checks: trial.passwords, success: success(sender, trial, handshake: handshake)))
        }
        var refused = pending[0].trial
        for index in refused.checks.indices where refused.checks[index].result == .pending {
            refused.checks[index].result = refused.passwordFailure == .credentialUnknown ? .unknown : .mismatch
        }
        let name = pending.count == 1 && refused.passwordFailure != .credentialUnknown ? plan.senders[pending[0].sender].name : nil
        let sender = pending.count == 1 ? plan.senders[pending[0].sender].name : nil
        return Verification(
            outcome: .passwordNeeded(passwordChecks), sender: sender, checks: pending[0].trial.checks, bodySHA256: bodySHA256,
            pending: PendingPasswords(
                candidates: candidates, checks: passwordChecks,
                refusal: refusal(refused.passwordFailure, sender: name, checks: refused.checks),
                cache: endpoint.table.passwords))
    }
}
