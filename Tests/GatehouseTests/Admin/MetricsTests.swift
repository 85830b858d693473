import GatehouseTime
import GatehouseVerify
import NIOCore
import NIOPosix
import Testing

@testable import Gatehouse

@Suite("metrics")
struct MetricsTests {
    private func page(_ metrics: LoopMetrics = LoopMetrics(), names: [String] = [""], _ change: (inout MetricsReport) -> Void = { _ in })
        -> String
    {
        var report = MetricsReport(
            loops: metrics.current(), names: names, now: WallTime(seconds: 1_000_000),
            build: MetricsReport.Build(version: "1.0", openSSL: "OpenSSL 3.0.19", policyDigest: "sha256:00"),
            process: ProcessFigures(started: WallTime(seconds: 999_000)))
        change(&report)
        return MetricsPage.render(report)
    }

    @Test("decisions are counted by endpoint, sender, decision and reason")
    func decisions() {
        let metrics = LoopMetrics()
        for _ in 0..<3 { metrics.count(.accepted, .ok, endpoint: 1, sender: 2) }
        metrics.count(.rejected, .signatureMismatch, endpoint: 1, sender: MetricsNames.none)
        for _ in 0..<2 { metrics.count(.accepted, .ok, endpoint: 1, sender: 2) }
        metrics.count(.rejected, .notFound, endpoint: MetricsNames.none, sender: MetricsNames.none)
        let page = page(metrics, names: ["", "hook", "acme"])
        #expect(page.contains("gatehouse_decisions_total{endpoint=\"hook\",sender=\"acme\",decision=\"accepted\",reason=\"ok\"} 5\n"))
        #expect(
            page.contains(
                "gatehouse_decisions_total{endpoint=\"hook\",sender=\"\",decision=\"rejected\",reason=\"signature-mismatch\"} 1\n"))
        #expect(page.contains("gatehouse_decisions_total{endpoint=\"\",sender=\"\",decision=\"rejected\",reason=\"not-found\"} 1\n"))
    }

    @Test(
        "a duration falls into the smallest bucket that holds it",
        arguments: [
            0: 0, 1: 0, 1_000: 0, 1_001: 1, 2_000: 1, 2_001: 2, 4_000: 2, 4_001: 3, 1_024_000: 10, 1_024_001: 11, 16_777_216_000: 24,
            16_777_216_001: 25,
        ] as [UInt64: Int])
    func buckets(nanoseconds: UInt64, bucket: Int) {
        var histogram = LatencyHistogram()
        histogram.record(nanoseconds: nanoseconds)
        #expect(histogram.counts.firstIndex(of: 1) == bucket)
        histogram.record(nanoseconds: .max)
        #expect(histogram.counts.last ?? 0 >= 1)
        if bucket < LatencyHistogram.bounds { #expect(Double(nanoseconds) / 1e9 <= histogram.figures.bounds[bucket]) }
    }

    @Test("a histogram's buckets are cumulative and end in the count")
    func histogram() {
        let metrics = LoopMetrics()
        for duration: UInt64 in [500, 1_500, 1_500, 20_000_000_000] { metrics.record(.verify, nanoseconds: duration) }
        let page = page(metrics)
        #expect(page.contains("gatehouse_stage_duration_seconds_bucket{stage=\"verify\",le=\"1e-06\"} 1\n"))
        #expect(page.contains("gatehouse_stage_duration_seconds_bucket{stage=\"verify\",le=\"2e-06\"} 3\n"))
        #expect(page.contains("gatehouse_stage_duration_seconds_bucket{stage=\"verify\",le=\"+Inf\"} 4\n"))
        #expect(page.contains("gatehouse_stage_duration_seconds_sum{stage=\"verify\"} 20.0000035\n"))
        #expect(page.contains("gatehouse_stage_duration_seconds_count{stage=\"verify\"} 4\n"))
    }

    @Test("every stage and refusal is counted under its own name")
    func cases() {
        let metrics = LoopMetrics()
        for (index, stage) in MetricsSnapshot.Stage.allCases.enumerated() {
            for _ in 0...index { metrics.record(stage, nanoseconds: 1) }
        }
        for (index, refusal) in MetricsSnapshot.Refusal.allCases.enumerated() {
            for _ in 0...index { metrics.connectionRefused(refusal) }
        }
        let page = page(metrics)
        for (index, stage) in MetricsSnapshot.Stage.allCases.enumerated() {
            #expect(page.contains("_count{stage=\"\(stage.rawValue)\"} \(index + 1)\n"))
        }
        for (index, refusal) in MetricsSnapshot.Refusal.allCases.enumerated() {
            #expect(page.contains("gatehouse_connections_refused_total{cause=\"\(refusal.rawValue)\"} \(index + 1)\n"))
        }
    }

    @Test("connections, handshakes, bytes and skew are shown")
    func others() {
        let metrics = LoopMetrics()
        for _ in 0..<3 { metrics.connectionOpened() }
        metrics.connectionClosed()
        metrics.handshakeCompleted(version: "TLSv1.3", resumed: false)
        metrics.handshakeCompleted(version: "TLSv1.2", resumed: true)
        metrics.handshakeFailed()
        metrics.verified(bytes: 10)
        metrics.handedOver(bytes: 7)
        metrics.withheld(bytes: 3)
        metrics.failureLimited()
        for skew: Int64 in [1_500_000, -500_000] { metrics.skew(sender: 1, microseconds: skew) }
        let page = page(metrics, names: ["", "acme"])
        for line in [
            "gatehouse_connections 2", "gatehouse_connections_accepted_total 3", "gatehouse_handshakes_failed_total 1",
            "gatehouse_handshakes_total{version=\"TLSv1.3\",kind=\"full\"} 1",
            "gatehouse_handshakes_total{version=\"TLSv1.2\",kind=\"resumed\"} 1",
            "gatehouse_verified_bytes_total 10", "gatehouse_handed_over_bytes_total 7", "gatehouse_withheld_bytes_total 3",
            "gatehouse_limited_failures_total 1",
            "gatehouse_sender_skew_seconds_sum{sender=\"acme\"} 1", "gatehouse_sender_skew_seconds_count{sender=\"acme\"} 2",
            "gatehouse_sender_skew_least_seconds{sender=\"acme\"} -0.5", "gatehouse_sender_skew_greatest_seconds{sender=\"acme\"} 1.5",
            "gatehouse_sender_skew_last_seconds{sender=\"acme\"} -0.5",
        ] { #expect(page.contains(line + "\n"), "\(line)") }
    }

    @Test("journal, replay memory, certificates and overlaps are shown")
    func parts() {
        let page = page { report in
            report.journal = MetricsReport.Journal(
                records: 7, batches: 3, isFailing: true, batchTimes: HistogramFigures(bounds: [0.002], counts: [1, 2], sum: 0.75),
                syncTimes: HistogramFigures(bounds: [0.001], counts: [2, 1], sum: 0.5))
            report.replay = MetricsReport.Replay(remembered: 5)
            report.certificates = [MetricsReport.Certificate(subject: "CN=a\"b", file: "c:\\x", notAfter: WallTime(seconds: 999_990))]
            report.overlaps = [MetricsReport.Overlap(credential: "acme/signing", version: 1, until: WallTime(seconds: 1_000_060))]
        }
        for line in [
            "gatehouse_journal_records_total 7", "gatehouse_journal_failing 1",
            "gatehouse_journal_sync_duration_seconds_bucket{le=\"0.001\"} 2",
            "gatehouse_journal_batch_duration_seconds_bucket{le=\"0.002\"} 1", "gatehouse_journal_batch_duration_seconds_sum 0.75",
            "gatehouse_journal_sync_duration_seconds_count 3", "gatehouse_replay_remembered 5",
            "gatehouse_certificate_expiry_seconds{subject=\"CN=a\\\"b\",file=\"c:\\\\x\"} -10",
            "gatehouse_overlap_expiry_seconds{credential=\"acme/signing\",version=\"1\"} 60",
        ] { #expect(page.contains(line + "\n"), "\(line)") }
    }

    @Test("every sample belongs to a family that says what it is, and families come once")
    func format() {
        let text = page { report in
            report.journal = MetricsReport.Journal()
            report.replay = MetricsReport.Replay()
        }
        var families: [String] = []
        for line in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
            let words = line.split(separator: " ")
            if line.hasPrefix("# TYPE ") {
                families.append(String(words[2]))
            } else if !line.hasPrefix("# HELP ") {
                let name = line.prefix { $0 != "{" && $0 != " " }
                let family = families.last ?? ""
                #expect(["", "_bucket", "_sum", "_count"].contains { name == family + $0 }, "\(line)")
                #expect(words.last.flatMap { Double($0) } != nil, "\(line)")
            }
        }
        #expect(Set(families).count == families.count)
        #expect(text.hasSuffix("\n"))
    }

    @Test("a label cannot break out of its line")
    func labels() {
        var text = PrometheusText()
        text.sample("x", ["l": "a\\b\"c\nd\u{1b}e"], UInt64(1))
        #expect(text.text == "x{l=\"a\\\\b\\\"c\\nd?e\"} 1\n")
    }

    @Test("names keep their numbers")
    func names() {
        let names = MetricsNames()
        #expect(names.number(of: "a") == 1)
        #expect(names.number(of: "b") == 2)
        #expect(names.number(of: "a") == 1)
        #expect(names.number(of: "") == MetricsNames.none)
        #expect(names.all == ["", "a", "b"])
    }

    @Test("the counters of all loops are added up")
    func collector() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 3)
        let collector = try await MetricsCollector(group: group)
        for loop in group.makeIterator() {
            try await loop.submit {
                let metrics = try #require(collector.metrics(of: loop))
                metrics.count(.accepted, .ok, endpoint: 1, sender: 1)
                metrics.record(.total, nanoseconds: 5)
                metrics.connectionOpened()
                metrics.skew(sender: 1, microseconds: 2)
                metrics.handshakeCompleted(version: "TLSv1.3", resumed: false)
            }.get()
        }
        let sum = try await collector.gather()
        #expect(sum.decisions == [MetricsSnapshot.Decision(endpoint: 1, sender: 1, decision: .accepted, reason: .ok): 3])
        #expect(sum.stages.last?.counts.first == 3)
        #expect(sum.openConnections == 3)
        #expect(sum.skews == [1: MetricsSnapshot.Skew(count: 3, sum: 6, least: 2, greatest: 2, last: 2)])
        #expect(sum.handshakes.values.first == 3)
        try await group.shutdownGracefully()
    }

    @Test("the operating system's figures of this process are read")
    func process() {
        let figures = ProcessFigures.current(started: WallTime(seconds: 0))
        #expect(figures.residentBytes > 1_000_000)
        #expect(figures.openDescriptors >= 3)
        #expect(figures.threads >= 1)
        #expect(figures.descriptorLimit > 0)
    }
}
