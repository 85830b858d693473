import GatehouseAudit
import GatehouseCrypto
import GatehouseOAuth
import GatehousePolicy
import GatehouseState
import GatehouseTLS
import GatehouseTime
import GatehouseVerify
import Logging
import NIOCore

/// What one event loop owns: nobody else touches it, so nothing in it is locked.
final class LoopState {
    let index: Int
    let eventLoop: any EventLoop
    let shared: Shared
    private(set) var snapshot: Snapshot
    let workspace: Workspace
    let metrics: LoopMetrics
    let tlsBuffers = TLSLoopBuffers()
    let allocator = ByteBufferAllocator()
    var answerBuffer = ReusedBuffer()
    var relayBuffer = ReusedBuffer()
    private var references = ReferenceGenerator()
    private var fallback: UInt64 = 0
    private var uses = CredentialUses()
    /// Made with the first request to the token service.
    private(set) lazy var oauth = try? OAuthWorkspace()
    private var lastChecks = CheckTexts(results: [])
    /// Decided in this turn of the loop.
    private var records: [JournalEntry] = []
    private var bound: NIOLoopBound<LoopState>?
    /// Reused for every record.
    var recordBytes: [UInt8] = []
    private(set) var isDraining = false
    private var connections: [ObjectIdentifier: Connection] = [:]
    private var pools: [RelayTarget: RelayPool] = [:]
    private var exchanges = ExchangeList()
    private(set) var date: [UInt8] = []
    private var dateSecond: Int64 = .min
    private var timer: RepeatedTask?
    private var ticks = 0
    private var diagnosisSecond: Int64 = .min
    private var diagnoses = 0
    private var limitedSeconds: [LimitedSecond] = []
    private(set) var timeouts: Timeouts
    /// Bytes of a request's head, `limits.headers`.
    private(set) var headLimit: Int

    struct Timeouts {
        var header: TimeAmount
        var body: TimeAmount
        var idle: TimeAmount

        init(_ limits: GatewayPolicy.Limits) {
            header = TimeAmount(limits.headerTimeout)
            body = TimeAmount(limits.bodyTimeout)
            idle = TimeAmount(limits.idleTimeout)
        }
    }

    init(index: Int, eventLoop: any EventLoop, shared: Shared, metrics: LoopMetrics, snapshot: Snapshot) throws {
        workspace = try Workspace()
        self.metrics = metrics
        self.index = index
        self.eventLoop = eventLoop
        self.shared = shared
        self.snapshot = snapshot
        timeouts = Timeouts(snapshot.policy.gateway.limits)
        headLimit = snapshot.policy.gateway.limits.headers
        refreshDate()
        let loop = NIOLoopBound(self, eventLoop: eventLoop)
        bound = loop
        timer = eventLoop.scheduleRepeatedTask(initialDelay: Self.tick, delay: Self.tick) { _ in loop.value.turn() }
    }

    /// How exact relay timeouts are; connections are looked at every fifth time.
    static let tick = TimeAmount.milliseconds(50)
    /// How long an idle connection may still bring the request that was on its way when the gateway began to stop.
    let drainGrace = TimeAmount.milliseconds(500)

    var log: Logger { shared.log }
    var clock: any GatewayClock { shared.clock }

    func adopt(_ snapshot: Snapshot) {
        self.snapshot = snapshot
        timeouts = Timeouts(snapshot.policy.gateway.limits)
        headLimit = snapshot.policy.gateway.limits.headers
        workspace.adopt(snapshot.verifier)
        let targets = snapshot.relayTargets
        for (target, pool) in pools {
            if let tls = targets[target] {
                pool.adopt(tls)
                continue
            }
            pool.close()
            if pool.isUnused { pools[target] = nil }
        }
    }

    func pool(_ target: RelayTarget, connectTimeout: TimeAmount) -> RelayPool {
        if let pool = pools[target] {
            pool.connectTimeout = connectTimeout
            return pool
        }
        let pool = RelayPool(
            target: target, eventLoop: eventLoop, tls: snapshot.relayTargets[target] ?? nil, buffers: tlsBuffers,
            connectTimeout: connectTimeout)
        pools[target] = pool
        return pool
    }

    /// What last went wrong with a connection to the route's handler.
    func lastError(of route: Route?) -> String? {
        guard case .http(let lines)? = route?.hand.relay?.handler else { return nil }
        return pools[lines.target]?.lastError
    }

    func enter(_ connection: Connection) { connections[ObjectIdentifier(connection)] = connection }
    func leave(_ connection: Connection) {
        guard connections.removeValue(forKey: ObjectIdentifier(connection)) != nil else { return }
        shared.connections.leave(connection.accepted)
        metrics.connectionClosed()
    }

    func begin(_ exchange: RequestExchange) { exchanges.append(exchange) }
    func end(_ exchange: RequestExchange) { exchanges.remove(exchange) }

    /// Where the system's random generator fails, time and a count must do: a reference has to be distinct, it is no secret.
    func nextReference(at now: WallTime) -> Reference {
        if let reference = try? references.next(at: now) { return reference }
        fallback &+= 1
        return Reference(high: UInt64(clamping: now.microseconds / 1_000) << 16 | UInt64(index & 0xffff), low: fallback)
    }

    /// Retired versions are tried for this many refused requests a second (design: diagnosis costs accepted events nothing).
    static let diagnosesPerSecond = 100

    func mayDiagnose() -> Bool {
        if diagnosisSecond != dateSecond {
            diagnosisSecond = dateSecond
            diagnoses = 0
        }
        diagnoses += 1
        return diagnoses <= Self.diagnosesPerSecond
    }

    /// Most requests' checks are those of the one before.
    func checks(_ results: [CheckResult]) -> CheckTexts {
        if results != lastChecks.results { lastChecks = CheckTexts(results: results) }
        return lastChecks
    }

    // MARK: Records

    func submit(_ exchange: RequestExchange, members: [UInt8]) {
        if records.isEmpty {
            // After everything that is ready in this turn: what it decides is committed together.
            eventLoop.execute { [bound] in bound?.value.flushRecords() }
        }
        records.append(JournalEntry(members: members, time: clock.now, token: exchange))
    }

    private func flushRecords() {
        shared.journal.submit(records)
        records.removeAll(keepingCapacity: true)
    }

    /// One record, a second later, for every request of an address that was answered 429 in that second (SEC-76: its reference is in all
    /// of those answers).
    func recordLimitedSecond(_ remote: IPAddress, reference: Reference, policy: String) {
        limitedSeconds.append(LimitedSecond(remote: remote, reference: reference, policy: policy))
        eventLoop.scheduleTask(in: .seconds(1)) { [bound] in bound?.value.endLimitedSecond(reference) }
    }

    /// Before the journal's last record: what a second that is not over yet has counted is not lost.
    func endLimitedSeconds() {
        for second in limitedSeconds { endLimitedSecond(second.reference) }
    }

    private struct LimitedSecond {
        var remote: IPAddress
        var reference: Reference
        var policy: String
    }

    private func endLimitedSecond(_ reference: Reference) {
        // The oldest stands first.
        guard let index = limitedSeconds.firstIndex(where: { $0.reference == reference }) else { return }
        let second = limitedSeconds.remove(at: index)
        let record = DecisionRecord(
            reference: reference, endpoint: nil, sender: nil, decision: DecisionKind.rejected.rawValue, reason: Reason.rate.rawValue,
            answer: 429, remote: second.remote.description, policy: second.policy, requests: shared.failures.endSecond(second.remote))
        var members: [UInt8] = []
        record.encode(into: &members)
        shared.journal.submit(JournalEntry(members: members, time: clock.now))
    }

    /// Counts and logs a decision. Metrics have senders that proved to be one only: what a stranger says makes no figure of another's.
    func note(
        _ decision: DecisionKind, _ reason: Reason, route: Route?, sender: String?, isProved: Bool, reference: Reference, remote: IPAddress,
        detail: String?
    ) {
        let number = isProved ? route?.senderNumber(sender ?? "") : nil
        metrics.count(decision, reason, endpoint: route?.number ?? MetricsNames.none, sender: number ?? MetricsNames.none)
        let level: Logger.Level = decision == .failed ? .warning : decision == .rejected ? .info : .debug
        guard log.logLevel <= level else { return }
        var metadata: Logger.Metadata = ["reference": "\(reference)", "reason": "\(reason.rawValue)", "remote": "\(remote)"]
        if let route { metadata["endpoint"] = "\(route.policy.name)" }
        if let sender { metadata["sender"] = "\(sender)" }
        if let detail { metadata["detail"] = "\(detail)" }
        log.log(level: level, "\(decision.rawValue)", metadata: metadata)
    }

    func stages(head: TimeAmount, verify: TimeAmount, handler: TimeAmount, journal: TimeAmount, total: TimeAmount) {
        metrics.record(.head, nanoseconds: UInt64(max(0, head.nanoseconds)))
        if verify.nanoseconds > 0 { metrics.record(.verify, nanoseconds: UInt64(verify.nanoseconds)) }
        if handler.nanoseconds > 0, handler < .hours(1) { metrics.record(.handler, nanoseconds: UInt64(handler.nanoseconds)) }
        metrics.record(.journal, nanoseconds: UInt64(max(0, journal.nanoseconds)))
        metrics.record(.total, nanoseconds: UInt64(max(0, total.nanoseconds)))
    }

    /// Who proved itself with which version: gathered here, stored once a second elsewhere.
    func used(_ verification: Verification, route: Route, at time: WallTime, from address: IPAddress) {
        guard let sender = verification.sender else { return }
        for check in verification.checks {
            guard check.result == .ok, let version = check.version, let kind = route.credentialKind(check) else { continue }
            uses.record(CredentialName(sender: sender, kind: kind), version: version, at: time, from: address)
        }
    }

    func used(_ credential: CredentialName, version: Int, at time: WallTime, from address: IPAddress) {
        uses.record(credential, version: version, at: time, from: address)
    }

    func takeUses() -> [CredentialUse] { uses.isEmpty ? [] : uses.take() }

    var isIdle: Bool { connections.isEmpty && exchanges.isEmpty }
    var openConnections: Int { connections.count }

    /// From now on every answer ends its connection, and connections without a request close soon.
    func drain() {
        isDraining = true
        connections.values.forEach { $0.drain() }
    }

    /// Ends whatever is left.
    func abandon() { connections.values.forEach { $0.abandon() } }

    func stop() {
        timer?.cancel()
        bound = nil
        pools.values.forEach { $0.close() }
        pools = [:]
    }

    private func turn() {
        let now = NIODeadline.now()
        refreshDate()
        exchanges.forEach { $0.check(now) }
        ticks &+= 1
        guard ticks % 5 == 0 else { return }
        for connection in connections.values { connection.check(now) }
        for pool in pools.values { pool.sweep(at: now) }
    }

    private func refreshDate() {
        let now = clock.now
        guard now.seconds != dateSecond else { return }
        dateSecond = now.seconds
        date = HeadWriter.lines([("Date", String(decoding: now.httpDate, as: UTF8.self))])
    }
}

extension TimeAmount {
    init(_ duration: Duration) {
        let microseconds = min(duration.microseconds, 365 * 86_400 * 1_000_000)
        self = .microseconds(microseconds)
    }
}
