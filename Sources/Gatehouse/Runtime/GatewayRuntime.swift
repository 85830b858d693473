import GatehouseAudit
import GatehouseCrypto
import GatehousePolicy
import GatehouseState
import GatehouseTLS
import GatehouseTime
import GatehouseToken
import GatehouseVerify
import Logging
import NIOCore
import NIOPosix

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A gateway that runs: opens everything in order, swaps snapshots, closes everything in order. Its state changes one step at a time.
actor GatewayRuntime {
    let policies: String
    let state: State
    let tokens: TokenStore
    let shared: Shared
    let log: Logger
    private let output: LogOutput
    let names: MetricsNames
    private let group: MultiThreadedEventLoopGroup
    private let collector: MetricsCollector
    private var loops: [NIOLoopBound<LoopState>] = []
    private var listeners: [any Channel] = []
    /// Theirs, as long as they are open.
    private var listeningSockets: [CInt] = []
    private var listenerNames: [String] = []
    private(set) var builder: SnapshotBuilder
    private(set) var snapshot: Snapshot
    private var watch: FileWatch
    private var watchTask: Task<Void, Never>?
    private var side: SideServices?
    private let systemd = SystemdNotifier()
    private let since: WallTime
    private var isDraining = false
    private var isBehind = false
    private var looks = 0
    private var reloads = ReloadHistory()
    private let startWarnings: [String]
    private let clock = SystemClock()
    private let progress: ProgressKeeper
    /// What `snapshot` was made with.
    private(set) var credentials: CredentialSet
    private var expiry = ExpiryWatch()
    /// Versions were made or ended since ``expiry`` looked.
    private var isCalendarOld = true
    /// Held by a change of credentials from the database to its durable record, and by a backup while it copies the database.
    let changes = ChangeTurn()
    private let forwarding = AuditForwarding()
    private let retention: RetentionKeeper
    /// Made before there was a journal to record them in.
    private var keyChanges: [SigningKeyChange] = []

    // MARK: Start

    static func start(
        policies: String, _ loaded: LoadedPolicy, handlers: [String: any EventHandler], commands: GatewayCommands
    ) async throws -> GatewayRuntime {
        let hardening = try ProcessHardening.apply()
        let policy = loaded.policy
        let output = LogOutput(policy.gateway.log)
        let log = output.logger()
        log.info(
            "starting",
            metadata: [
                "version": "\(GatehouseVersion.current)", "openssl": "\(OpenSSLVersion.text)", "policy": "\(policy.digest)",
            ])
        for warning in hardening { log.warning("\(warning)") }
        for warning in policy.warnings { log.warning("\(warning)") }
        if case .tooLow(_, _, let advice) = DescriptorLimit.raise(for: policy.gateway.limits.connections) {
            throw GatewayError(.limits, advice)
        }
        let state = try State.open(directory: policy.gateway.state, masterKey: policy.gateway.secrets.masterKey)
        ValuePipe.removeLeftovers(in: state.directory)
        do {
            let runtime = try await GatewayRuntime(
                policies: policies, loaded, handlers: handlers, state: state, output: output, warnings: hardening)
            try await runtime.open(commands)
            return runtime
        } catch {
            try? state.close()
            throw error
        }
    }

    private init(
        policies: String, _ loaded: LoadedPolicy, handlers: [String: any EventHandler], state: State, output: LogOutput, warnings: [String]
    ) async throws {
        let policy = loaded.policy
        self.policies = policies
        self.state = state
        self.output = output
        log = output.logger()
        let log = log
        names = MetricsNames()
        since = clock.now
        startWarnings = warnings
        // What ended while the gateway was stopped, before anything is decided by it.
        try state.credentials.expire(keep: policy.gateway.secrets.keepRetired, at: clock.now)
        let credentials = try state.credentials.credentialSet()
        self.credentials = credentials
        tokens = try state.openTokens(at: clock.now)
        // The first start makes the first key.
        keyChanges += [try tokens.prepareKeys(policy.gateway.oauth, at: clock.now)].compactMap { $0 }
        builder = SnapshotBuilder(handlers: handlers, names: names, log: log, tokens: tokens)
        watch = FileWatch(loaded: loaded.files)
        snapshot = try builder.make(policy, credentials, state.keys, previous: nil)
        let replay = try state.openReplayMemory(hold: policy.longestFreshness, clock: clock)
        let progress = ProgressKeeper(
            state: state, progress: try state.progress(), log: log, time: { [clock] in replay.time(at: clock.monotonic) })
        let restored = try state.restored()?.at
        let health = JournalHealth()
        let (journal, report) = try JournalOpening.open(policy, state: state, replay: replay, progress: progress, health: health, log: log)
        do {
            try JournalOpening.restore(replay, journal, policy: policy, state: state, log: log)
        } catch {
            journal.close()
            throw error
        }
        self.progress = progress
        if report.cutBytes > 0 { log.warning("the audit log's torn tail was cut off", metadata: ["bytes": "\(report.cutBytes)"]) }
        group = MultiThreadedEventLoopGroup(numberOfThreads: ProcessorCount.available)
        collector = try await MetricsCollector(group: group)
        shared = Shared(
            journal: journal, health: health, replay: replay, log: log, clock: clock,
            failures: FailureLimiter(policy.gateway.limits.failures),
            clientFailures: ClientFailures(policy.gateway.limits.failures), tokens: tokens,
            passwords: PasswordChecker(threads: ProcessorCount.available),
            rejected: RejectedKeeper(store: state.rejected, clock: clock, log: log), restored: restored)
        retention = RetentionKeeper(state: state, journal: journal, replay: replay, log: log)
        for warning in restoredWarnings { log.warning("\(warning)") }
    }

    private func open(_ commands: GatewayCommands) async throws {
        do {
            try await openLoops()
            try await openListeners()
            side = try await SideServices.start(runtime: self, group: group, policy: snapshot.policy, state: state, log: log)
        } catch {
            await close()
            throw error
        }
        await applyAudit()
        lookAtCalendar()
        record(.start, [.init("version", .text(GatehouseVersion.current)), .init("listeners", .list(listenerNames))])
        keyChanges.forEach(record)
        keyChanges = []
        watchTask = Task { [weak self] in
            while !Task.isCancelled {
                try? await Task.sleep(for: .seconds(1))
                await self?.look(commands)
            }
        }
        systemd.ready(status: "serving \(listenerNames.joined(separator: ", "))")
        for warning in gaps { log.warning("\(warning)") }
        log.info("ready", metadata: ["listeners": "\(listenerNames.joined(separator: ", "))", "endpoints": "\(snapshot.routes.count)"])
    }

    private func openLoops() async throws {
        let shared = shared
        let snapshot = snapshot
        let collector = collector
        for (index, eventLoop) in group.makeIterator().enumerated() {
            let loop = try await eventLoop.submit {
                guard let metrics = collector.metrics(of: eventLoop) else { throw GatewayError(.limits, "an event loop has no counters") }
                return NIOLoopBound(
                    try LoopState(index: index, eventLoop: eventLoop, shared: shared, metrics: metrics, snapshot: snapshot),
                    eventLoop: eventLoop)
            }.get()
            loops.append(loop)
        }
    }

    private func openListeners() async throws {
        for (index, listener) in snapshot.policy.gateway.listeners.enumerated() {
            let sockets = try ListeningSocket.open(listener.address, count: loops.count)
            let port = sockets.first.flatMap(ListeningSocket.localPort) ?? listener.address.port
            for (socket, loop) in zip(sockets, loops) {
                let started = try await loop.eventLoop.submit { Acceptor.start(socket: socket, listener: index, loop: loop.value) }.get()
                listeners.append(try await started.get())
            }
            listeningSockets += sockets
            listenerNames.append(SocketAddressText(host: listener.address.host, port: port).description)
        }
    }

    // MARK: Running

    /// Returns when the gateway was told to stop and has drained.
    func serve(_ commands: GatewayCommands) async {
        for await command in commands.stream {
            switch command {
            case .reload: _ = await reload()
            case .stop:
                await drain()
                return
            }
        }
    }

    /// Takes over policy and certificates as they are on disk now, whole or not at all. Returns what was wrong, empty where nothing was.
    @discardableResult
    func reload() async -> [String] {
        systemd.reloading()
        defer { systemd.ready(status: "serving \(listenerNames.joined(separator: ", "))") }
        let problems = await load()
        guard !problems.isEmpty else {
            reloads.succeeded()
            return []
        }
        reloads.failed(problems, at: clock.now)
        for problem in problems { log.error("not reloaded, the old policy stays: \(problem)") }
        record(.reload, [.init("policy", .text(snapshot.policy.digest)), .init("problems", .list(problems))])
        return problems
    }

    /// Nothing is taken over unless all of it is good; says what was not.
    private func load() async -> [String] {
        do {
            let loaded = try LoadedPolicy(directory: policies, swiftHandlers: builder.swiftHandlers)
            let policy = loaded.policy
            watch = FileWatch(loaded: loaded.files)
            let fixed = fixedSettings(policy)
            guard fixed.isEmpty else { return fixed }
            let fresh = try state.credentials.credentialSet()
            // What a snapshot is made of is opened before the first durable change.
            try TokenKeys.check(policy.gateway.oauth.trust)
            if let change = try tokens.prepareKeys(policy.gateway.oauth, at: clock.now) { record(change) }
            await adopt(try builder.make(policy, fresh, state.keys, previous: snapshot))
            credentials = fresh
            isCalendarOld = true
            output.apply(policy.gateway.log)
            await applyAudit()
            record(.reload, [.init("policy", .text(policy.digest))])
            log.notice("reloaded", metadata: ["policy": "\(policy.digest)"])
            for warning in policy.warnings { log.warning("\(warning)") }
            return []
        } catch let error as PolicyError {
            return error.diagnostics.map(\.description)
        } catch {
            return ["\(error)"]
        }
    }

    /// What a reload cannot change: it names the setting and what to do.
    private func fixedSettings(_ policy: Policy) -> [String] {
        let old = snapshot.policy.gateway
        let new = policy.gateway
        var problems: [String] = []
        if old.listeners.map(\.address) != new.listeners.map(\.address) { problems.append("`listen` addresses change with a restart only") }
        if old.state != new.state { problems.append("`state` changes with a restart only") }
        if old.secrets.masterKey != new.secrets.masterKey { problems.append("`secrets.master-key` changes with a restart only") }
        if old.admin != new.admin { problems.append("`admin` changes with a restart only") }
        if case .tooLow(_, _, let advice) = DescriptorLimit.raise(for: new.limits.connections) { problems.append(advice) }
        return problems
    }

    /// Credentials or token-signing keys changed: the same policy with the new ones.
    ///
    /// The change is durable already. Where a snapshot cannot be made of it, another is tried every second: a revoked value must not live on.
    func credentialsChanged() async {
        do {
            let fresh = try state.credentials.credentialSet()
            await adopt(try builder.make(fresh, state.keys, previous: snapshot))
            credentials = fresh
            isBehind = false
            isCalendarOld = true
        } catch {
            isBehind = true
            log.critical("changed credentials are not in force yet", metadata: ["error": "\(error)"])
        }
    }

    /// Every use that a loop has seen is stored when this returns.
    func collectUses() async {
        for loop in loops { if let uses = try? await loop.eventLoop.submit({ loop.value.takeUses() }).get() { progress.used(uses) } }
        let progress = progress
        await withCheckedContinuation { continuation in progress.flush { continuation.resume() } }
    }

    func calendar() throws -> [ExpiryItem] {
        try ExpiryItem.all(
            certificateExpiries, state.credentials.ending(at: clock.now), quiet: snapshot.policy.gateway.secrets.quiet, at: clock.now)
    }

    private var certificateExpiries: [(String, WallTime)] {
        zip(snapshot.listeners, snapshot.policy.gateway.listeners).flatMap { context, listener in
            zip([listener.identity] + listener.names, context.certificates).map { ($0.certificate, $1.notAfter) }
        }
    }

    private func adopt(_ next: Snapshot) async {
        snapshot = next
        for loop in loops { try? await loop.eventLoop.submit { loop.value.adopt(next) }.get() }
        for client in builder.takeUnused(next) { Task { await client.shutDown() } }
    }

    private func look(_ commands: GatewayCommands) {
        if watch.look(FileFingerprint(Self.watched(snapshot.policy))) { commands.send(.reload) }
        for loop in loops { loop.eventLoop.execute { [progress] in progress.used(loop.value.takeUses()) } }
        if isBehind { Task { await self.credentialsChanged() } }
        expireCredentials()
        retention.look(keep: snapshot.policy.gateway.audit.keep, needed: forwarding.needed, at: clock.monotonic)
        lookAtKeys()
        looks += 1
        guard looks % 60 == 1 else { return lookAtCalendar() }
        shared.rejected.expire()
        ValuePipe.removeLeftovers(in: state.directory)
        do { try state.removeAbandonedBackups() } catch {
            log.error("a backup that nobody took could not be removed", metadata: ["error": "\(error)"])
        }
        isCalendarOld = true
        lookAtCalendar()
        let (tokens, now) = (tokens, clock.now)
        Task.detached { [log] in
            do { try tokens.sweep(at: now) } catch { log.error("expired tokens could not be swept", metadata: ["error": "\(error)"]) }
        }
    }

    /// Overlaps that have ended, and values whose time is up: within a second. A failure is tried again, and said once a minute.
    private func expireCredentials() {
        do {
            guard try state.credentials.expire(keep: snapshot.policy.gateway.secrets.keepRetired, at: clock.now) else { return }
            Task { await self.credentialsChanged() }
        } catch {
            guard looks % 60 == 0 else { return }
            log.error("expired credentials could not be retired", metadata: ["error": "\(error)"])
        }
    }

    /// What ends next, for metrics and warnings: each minute, and within a second of a change.
    private func lookAtCalendar() {
        guard isCalendarOld else { return }
        do {
            for warning in expiry.look(try calendar(), at: clock.now) { log.warning("\(warning)") }
            isCalendarOld = false
        } catch {
            log.error("what ends next is not known", metadata: ["error": "\(error)"])
        }
    }

    /// What policy says about the audit log and about limits that are not read from the snapshot.
    private func applyAudit() async {
        let audit = snapshot.policy.gateway.audit
        shared.journal.apply(audit.journal)
        shared.failures.apply(snapshot.policy.gateway.limits.failures)
        shared.clientFailures.apply(snapshot.policy.gateway.limits.failures)
        shared.rejected.apply(audit)
        await forwarding.apply(audit.forward, state: state, journal: shared.journal, log: log)
    }

    /// The files whose change makes the gateway reload.
    static func watched(_ policy: Policy) -> [String] {
        var files = policy.files
        for listener in policy.gateway.listeners {
            for identity in [listener.identity] + listener.names {
                files += [identity.certificate, identity.privateKey]
                if let authority = identity.clientCA { files.append(authority) }
            }
            if let list = listener.clientCRL { files.append(list) }
        }
        files += policy.endpoints.flatMap(\.deliver).compactMap(\.ca) + policy.gateway.audit.forward.compactMap(\.ca)
        files += policy.gateway.oauth.trust.map(\.jwks)
        return files
    }

    func record(_ event: SystemRecord.Event, _ details: [SystemRecord.Detail]) {
        shared.journal.submit(JournalEntry(members: SystemRecord(event, details).members, time: clock.now))
    }

    // MARK: What runs

    func status() -> GatewayStatus {
        GatewayStatus(
            version: GatehouseVersion.current, pid: getpid(), since: since.description, policy: snapshot.policy.digest,
            listeners: listenerNames,
            admin: side?.adminAddress ?? "", endpoints: snapshot.routes.count, connections: shared.connections.open,
            libraries: GatehouseVersion.libraries, records: shared.journal.head.sequence, remembered: shared.replay.statistics.entries,
            isReady: notReady == nil, warnings: warnings)
    }

    /// What makes it unready first; a certificate of several listeners is named once.
    private var warnings: [String] {
        let all =
            [notReady].compactMap { $0 } + startWarnings + restoredWarnings + reloads.warnings + gaps + auditWarnings
            + snapshot.policy.warnings.map(\.description) + snapshot.listeners.flatMap(\.warnings)
        var seen: Set<String> = []
        return all.filter { seen.insert($0).inserted }
    }

    private var restoredWarnings: [String] {
        guard let wait = shared.wait(freshness: snapshot.policy.longestFreshness, at: clock.now) else { return [] }
        return [
            "restored from a backup at \(wait.restored): each endpoint refuses events until its tolerance and future have passed, the last "
                + "until \(wait.until), since which of them were accepted before is not known"
        ]
    }

    private var auditWarnings: [String] {
        forwarding.warnings + [retention.problem, shared.rejected.figures.problem].compactMap { $0 }
    }

    private var gaps: [String] {
        guard let credentials = try? state.credentials.credentialSet() else { return [] }
        return CredentialGaps.warnings(snapshot.policy, credentials, at: clock.now)
    }

    /// nil: ready. Otherwise why not.
    var notReady: String? {
        if isDraining { return "draining" }
        if let failure = shared.journal.failure { return "the audit journal fails: \(failure)" }
        if tokens.isFailing { return "issued and revoked tokens cannot be stored" }
        return nil
    }

    func metricsText() async throws -> String {
        try await MetricsGathering.text(
            collector: collector, names: names, shared: shared, snapshot: snapshot,
            credentials: credentials, calendar: expiry.items, forwarders: forwarding.forwarders, since: since, isReady: notReady == nil,
            reloads: reloads)
    }

    // MARK: Stop

    /// Stops as contract 3 says: what arrives is served with `Connection: close`, idle connections close, the rest gets `drain` to finish.
    private func drain() async {
        isDraining = true
        systemd.stopping(status: "draining")
        log.notice("draining", metadata: ["connections": "\(shared.connections.open)"])
        let limit = clock.monotonic.nanoseconds + UInt64(clamping: snapshot.policy.gateway.limits.drain.microseconds) &* 1_000
        for loop in loops { loop.eventLoop.execute { loop.value.drain() } }
        // Until here load balancers still sent connections. Then nobody new gets in, and what the kernel has queued or is still opening is
        // taken in before the sockets close: closing resets what is queued.
        try? await Task.sleep(for: .milliseconds(shared.connections.open == 0 ? 20 : 200))
        listeningSockets.forEach(ListeningSocket.dropNewConnections)
        try? await Task.sleep(for: .milliseconds(50))
        listeningSockets = []
        for listener in listeners { try? await listener.close().get() }
        listeners = []
        while clock.monotonic.nanoseconds < limit, !(await isIdle()) { try? await Task.sleep(for: .milliseconds(20)) }
        for loop in loops { loop.eventLoop.execute { loop.value.abandon() } }
        let last = clock.monotonic.nanoseconds + 3_000_000_000
        while clock.monotonic.nanoseconds < last, !(await isIdle()) { try? await Task.sleep(for: .milliseconds(20)) }
        for loop in loops { try? await loop.eventLoop.submit { loop.value.endLimitedSeconds() }.get() }
        record(.stop, [])
        await close()
        log.notice("stopped")
    }

    private func isIdle() async -> Bool {
        for loop in loops where (try? await loop.eventLoop.submit { loop.value.isIdle }.get()) == false { return false }
        return true
    }

    private func close() async {
        watchTask?.cancel()
        await side?.stop()
        for listener in listeners { try? await listener.close().get() }
        for client in builder.allClients { await client.shutDown() }
        await collectUses()
        for loop in loops { try? await loop.eventLoop.submit { loop.value.stop() }.get() }
        await shared.passwords.stop()
        retention.stop()
        shared.rejected.stop()
        shared.journal.close()
        await forwarding.stop()
        progress.flush()
        tokens.close()
        do throws(StateError) {
            try shared.replay.close()
            try state.close()
        } catch {
            log.error("the state was not closed cleanly", metadata: ["error": "\(error)"])
        }
        try? await group.shutdownGracefully()
    }
}
