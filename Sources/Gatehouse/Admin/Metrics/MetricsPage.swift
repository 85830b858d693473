import GatehouseTime
import GatehouseVerify

/// `/metrics`: a ``MetricsReport`` as Prometheus text. Names never change once shipped; units are seconds and bytes.
struct MetricsPage {
    private let report: MetricsReport
    private var page = PrometheusText()

    static func render(_ report: MetricsReport) -> String {
        var page = MetricsPage(report: report)
        page.build()
        page.decisions()
        page.stages()
        page.connections()
        page.skew()
        page.journal()
        page.copies()
        page.replay()
        page.expiry()
        page.process()
        return page.page.text
    }

    private init(report: MetricsReport) { self.report = report }

    private mutating func build() {
        page.family("gatehouse_build_info", .gauge, "Versions of the program and its library, and the policy in force.")
        page.sample(
            "gatehouse_build_info",
            ["version": report.build.version, "openssl": report.build.openSSL, "policy": report.build.policyDigest], UInt64(1))
        page.single("gatehouse_ready", .gauge, "1 while /health/ready says yes.", report.isReady ? 1 as UInt64 : 0)
        page.single(
            "gatehouse_restored_wait_seconds", .gauge,
            "Time until every endpoint takes events again after a restore; 0 where none waits.",
            report.restoredUntil.map { max(0, seconds(($0 - report.now).microseconds)) } ?? 0)
        page.single(
            "gatehouse_reload_failures_total", .counter,
            "Reloads of policy and certificates that changed nothing, since what they found was wrong.",
            report.reloadFailures)
        page.single(
            "gatehouse_policy_last_reload_successful", .gauge, "0 while the newest policy files or certificates are not in force.",
            report.isLastReloadSuccessful ? 1 as UInt64 : 0)
    }

    private mutating func decisions() {
        page.family("gatehouse_decisions_total", .counter, "Requests by what became of them and why.")
        let rows = report.loops.decisions.map { ($0.key, name($0.key.endpoint), name($0.key.sender), $0.value) }
            .sorted {
                ($0.1, $0.2, $0.0.decision.rawValue, $0.0.reason.rawValue) < ($1.1, $1.2, $1.0.decision.rawValue, $1.0.reason.rawValue)
            }
        for (key, endpoint, sender, count) in rows {
            page.sample(
                "gatehouse_decisions_total",
                ["endpoint": endpoint, "sender": sender, "decision": key.decision.rawValue, "reason": key.reason.rawValue], count)
        }
        page.single(
            "gatehouse_limited_failures_total", .counter, "Refused requests answered 429 because their address caused too many.",
            report.loops.limitedFailures)
        page.single(
            "gatehouse_verified_bytes_total", .counter,
            "Bytes of bodies of verified events, as received: those handed over and those withheld, once their requests are answered.",
            report.loops.verifiedBytes)
        page.single(
            "gatehouse_handed_over_bytes_total", .counter, "Bytes of bodies as handlers were given them.", report.loops.handedOverBytes)
        page.single(
            "gatehouse_withheld_bytes_total", .counter,
            "Bytes of verified bodies that no handler was given: of duplicates, of ignored and limited events, and of those that could not be begun on.",
            report.loops.withheldBytes)
    }

    private mutating func stages() {
        page.family("gatehouse_stage_duration_seconds", .histogram, "Time spent in each part of a request's way.")
        for (stage, histogram) in zip(MetricsSnapshot.Stage.allCases, report.loops.stages) {
            page.histogram("gatehouse_stage_duration_seconds", label: ("stage", stage.rawValue), histogram.figures)
        }
    }

    private mutating func connections() {
        page.family("gatehouse_connections", .gauge, "Open connections of senders.")
        page.sample("gatehouse_connections", [:], report.loops.openConnections)
        page.single("gatehouse_connections_accepted_total", .counter, "Connections taken.", report.loops.acceptedConnections)
        page.family("gatehouse_connections_refused_total", .counter, "Connections closed at once, and why.")
        for (refusal, count) in zip(MetricsSnapshot.Refusal.allCases, report.loops.refusedConnections) {
            page.sample("gatehouse_connections_refused_total", ["cause": refusal.rawValue], count)
        }
        page.family("gatehouse_handshakes_total", .counter, "Completed TLS handshakes by version, full or resumed.")
        let handshakes = report.loops.handshakes.sorted {
            ($0.key.version, $0.key.resumed ? 1 : 0) < ($1.key.version, $1.key.resumed ? 1 : 0)
        }
        for (handshake, count) in handshakes {
            page.sample(
                "gatehouse_handshakes_total", ["version": handshake.version, "kind": handshake.resumed ? "resumed" : "full"], count)
        }
        page.single("gatehouse_handshakes_failed_total", .counter, "TLS handshakes that did not complete.", report.loops.failedHandshakes)
    }

    private mutating func skew() {
        let skews = report.loops.skews.map { (name($0.key), $0.value) }.sorted { $0.0 < $1.0 }
        page.family(
            "gatehouse_sender_skew_seconds", .summary,
            "How far the signed times of authenticated requests lie behind the gateway's clock; negative where ahead.")
        for (sender, skew) in skews {
            page.sample("gatehouse_sender_skew_seconds_sum", ["sender": sender], seconds(skew.sum))
            page.sample("gatehouse_sender_skew_seconds_count", ["sender": sender], skew.count)
        }
        skewGauge("gatehouse_sender_skew_least_seconds", "The least skew since the start.", skews, \.least)
        skewGauge("gatehouse_sender_skew_greatest_seconds", "The greatest skew since the start.", skews, \.greatest)
        skewGauge("gatehouse_sender_skew_last_seconds", "The skew of the newest request.", skews, \.last)
    }

    private mutating func skewGauge(
        _ name: String, _ help: String, _ skews: [(String, MetricsSnapshot.Skew)], _ value: KeyPath<MetricsSnapshot.Skew, Int64>
    ) {
        page.family(name, .gauge, help)
        for (sender, skew) in skews { page.sample(name, ["sender": sender], seconds(skew[keyPath: value])) }
    }

    private mutating func journal() {
        guard let journal = report.journal else { return }
        page.single("gatehouse_journal_records_total", .counter, "Audit records written.", journal.records)
        page.single("gatehouse_journal_bytes_total", .counter, "Bytes of audit records written.", journal.bytes)
        page.single("gatehouse_journal_batches_total", .counter, "Groups of records that shared one sync.", journal.batches)
        page.single("gatehouse_journal_failures_total", .counter, "Writes and syncs that failed.", journal.failures)
        page.single(
            "gatehouse_journal_unrecorded_total", .counter, "Requests answered without a record (audit.on-failure: allow).",
            journal.unrecorded)
        page.single("gatehouse_journal_failing", .gauge, "1 while records cannot be stored.", journal.isFailing ? 1 as UInt64 : 0)
        page.single("gatehouse_journal_waiting_records", .gauge, "Records not yet synced.", Double(journal.waiting))
        page.single("gatehouse_journal_sequence", .gauge, "The newest record's number.", journal.lastSequence)
        if let free = journal.freeBytes {
            page.single("gatehouse_journal_free_bytes", .gauge, "Free space on the journal's file system.", free)
        }
        histogram("gatehouse_journal_batch_duration_seconds", "From taking a batch of records to its being durable.", journal.batchTimes)
        histogram("gatehouse_journal_sync_duration_seconds", "Time the disk took to sync a batch.", journal.syncTimes)
        histogram("gatehouse_journal_batch_records", "Records in a batch.", journal.batchSizes)
    }

    private mutating func copies() {
        page.single(
            "gatehouse_rejected_kept_total", .counter, "Refused requests kept for explain (audit.keep-rejected).", report.rejectedKept)
        page.single(
            "gatehouse_rejected_dropped_total", .counter,
            "Refused requests that were not kept, since too many came at once or the disk failed.",
            report.rejectedDropped)
        guard !report.forwards.isEmpty else { return }
        page.family("gatehouse_forward_records_total", .counter, "Audit records sent to a destination of audit.forward, repetitions too.")
        for item in report.forwards { page.sample("gatehouse_forward_records_total", ["destination": item.destination], item.records) }
        page.family("gatehouse_forward_behind_records", .gauge, "Audit records that a destination does not have yet.")
        for item in report.forwards { page.sample("gatehouse_forward_behind_records", ["destination": item.destination], item.behind) }
        page.family("gatehouse_forward_connected", .gauge, "1 while a destination takes records.")
        for item in report.forwards {
            page.sample("gatehouse_forward_connected", ["destination": item.destination], item.isConnected ? 1 as UInt64 : 0)
        }
    }

    private mutating func histogram(_ name: String, _ help: String, _ figures: HistogramFigures?) {
        guard let figures else { return }
        page.family(name, .histogram, help)
        page.histogram(name, figures)
    }

    private mutating func replay() {
        guard let replay = report.replay else { return }
        page.single("gatehouse_replay_remembered", .gauge, "Accepted events that a repetition would be known by.", replay.remembered)
        page.single("gatehouse_replay_in_flight", .gauge, "Events at a handler now.", Double(replay.inFlight))
        page.single("gatehouse_replay_memory_bytes", .gauge, "Memory that the replay memory takes.", replay.memoryBytes)
        page.single(
            "gatehouse_replay_state_lookups_total", .counter, "Look-ups in the state that the filter did not spare.", replay.stateLookups)
    }

    private mutating func expiry() {
        page.family("gatehouse_certificate_expiry_seconds", .gauge, "Time until a certificate expires; negative once it has.")
        for certificate in report.certificates {
            page.sample(
                "gatehouse_certificate_expiry_seconds", ["subject": certificate.subject, "file": certificate.file],
                seconds((certificate.notAfter - report.now).microseconds))
        }
        page.family("gatehouse_overlap_expiry_seconds", .gauge, "Time until a retiring credential version stops being accepted.")
        for overlap in report.overlaps {
            page.sample(
                "gatehouse_overlap_expiry_seconds", ["credential": overlap.credential, "version": String(overlap.version)],
                seconds((overlap.until - report.now).microseconds))
        }
        page.family("gatehouse_key_expiry_seconds", .gauge, "Time until a public key's own date; negative once it has passed.")
        for item in report.calendar where item.what == .key {
            guard let expires = item.time else { continue }
            page.sample(
                "gatehouse_key_expiry_seconds", ["credential": item.name, "version": item.version.map(String.init) ?? ""],
                seconds((expires - report.now).microseconds))
        }
        page.family(
            "gatehouse_expiring", .gauge,
            "Certificates, overlaps and public keys that end within 1, 7 and 30 days, the ended ones included.")
        for (days, label) in zip(ExpiryWatch.days, ["1d", "7d", "30d"]) {
            for what in ExpiryItem.What.allCases {
                let count = report.calendar.count { $0.what == what && $0.ends(within: days, of: report.now) }
                page.sample("gatehouse_expiring", ["kind": what.rawValue, "within": label], UInt64(count))
            }
        }
    }

    /// The names that Prometheus' own client libraries use.
    private mutating func process() {
        let process = report.process
        page.single("process_resident_memory_bytes", .gauge, "Resident memory.", process.residentBytes)
        page.single("process_virtual_memory_bytes", .gauge, "Virtual memory.", process.virtualBytes)
        page.single("process_open_fds", .gauge, "Open file descriptors.", process.openDescriptors)
        page.single("process_max_fds", .gauge, "Most open file descriptors allowed.", process.descriptorLimit)
        page.single("process_threads", .gauge, "Threads.", process.threads)
        page.single("process_cpu_seconds_total", .counter, "User and system time spent.", process.cpuSeconds)
        page.single("process_start_time_seconds", .gauge, "When the process began, in Unix time.", seconds(process.started.microseconds))
    }

    private func name(_ number: Int) -> String { report.names.indices.contains(number) ? report.names[number] : "" }

    private func seconds(_ microseconds: Int64) -> Double { Double(microseconds) / 1_000_000 }
}
