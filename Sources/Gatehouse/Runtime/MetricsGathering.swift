import GatehouseAudit
import GatehouseCrypto
import GatehousePolicy
import GatehouseState
import GatehouseTLS
import GatehouseTime
import GatehouseVerify
import Synchronization

/// Collects what `/metrics` shows from everything that counts.
enum MetricsGathering {
    static func text(
        collector: MetricsCollector, names: MetricsNames, shared: Shared, snapshot: Snapshot, credentials: CredentialSet,
        calendar: [ExpiryItem],
        forwarders: [AuditForwarder], since: WallTime,
        isReady: Bool, reloads: ReloadHistory
    ) async throws -> String {
        let loops = try await collector.gather()
        var report = MetricsReport(
            loops: loops, names: names.all, now: shared.clock.now,
            build: MetricsReport.Build(
                version: GatehouseVersion.current, openSSL: OpenSSLVersion.text, policyDigest: snapshot.policy.digest),
            process: .current(started: since))
        report.isReady = isReady
        report.restoredUntil = shared.wait(freshness: snapshot.policy.longestFreshness, at: report.now)?.until
        report.reloadFailures = reloads.failures
        report.isLastReloadSuccessful = reloads.isLastSuccessful
        report.journal = journal(shared.journal)
        report.journal?.unrecorded = shared.unrecorded.load(ordering: .relaxed)
        let rejected = shared.rejected.figures
        report.rejectedKept = rejected.kept
        report.rejectedDropped = rejected.dropped
        report.forwards = forwarders.map { forwarder in
            let status = forwarder.current
            return MetricsReport.Forward(
                destination: forwarder.forward.description, records: status.records, behind: forwarder.behind,
                isConnected: status.isConnected)
        }
        let replay = shared.replay.statistics
        report.replay = MetricsReport.Replay(
            remembered: UInt64(clamping: replay.entries), inFlight: replay.pending, memoryBytes: UInt64(clamping: replay.bytes),
            stateLookups: UInt64(clamping: replay.lookups))
        var seen: Set<String> = []
        for (context, listener) in zip(snapshot.listeners, snapshot.policy.gateway.listeners) {
            // Listeners may share a certificate; a series may stand on the page once.
            for (info, identity) in zip(context.certificates, [listener.identity] + listener.names)
            where seen.insert("\(identity.certificate) \(info.subject)").inserted {
                report.certificates.append(
                    MetricsReport.Certificate(subject: "\(info.subject)", file: identity.certificate, notAfter: info.notAfter))
            }
        }
        for (name, versions) in credentials.versions {
            for version in versions {
                guard case .retiring(let until) = version.state else { continue }
                report.overlaps.append(MetricsReport.Overlap(credential: name.description, version: version.number, until: until))
            }
        }
        report.calendar = calendar
        return MetricsPage.render(report)
    }

    private static func journal(_ journal: Journal) -> MetricsReport.Journal {
        let statistics = journal.statistics
        var report = MetricsReport.Journal()
        report.records = statistics.records
        report.bytes = statistics.bytes
        report.batches = statistics.batches
        report.failures = statistics.failedBatches
        report.isFailing = journal.failure != nil
        report.lastSequence = journal.head.sequence
        report.batchTimes = HistogramFigures(statistics.batchTimes, per: 1_000_000)
        report.syncTimes = HistogramFigures(statistics.syncs, per: 1_000_000)
        report.batchSizes = HistogramFigures(statistics.batchSizes, per: 1)
        return report
    }
}

extension HistogramFigures {
    fileprivate init(_ histogram: JournalHistogram, per unit: Double) {
        self.init(bounds: histogram.bounds.map { Double($0) / unit }, counts: histogram.counts, sum: Double(histogram.sum) / unit)
    }
}
