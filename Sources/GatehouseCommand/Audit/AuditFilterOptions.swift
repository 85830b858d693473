import ArgumentParser
import Gatehouse
import GatehouseAudit
import GatehouseTime
import GatehouseVerify

/// Which records, of which log.
struct AuditFilterOptions: ParsableArguments {
    @Option(help: ArgumentHelp("From this time on: RFC 3339, a date, or 2h, 3d ago.", valueName: "time"))
    var since: TimeArgument?

    @Option(help: ArgumentHelp("Before this time.", valueName: "time"))
    var until: TimeArgument?

    @Option(help: ArgumentHelp("Of this endpoint.", valueName: "name"))
    var endpoint: String?

    @Option(help: ArgumentHelp("Of this sender.", valueName: "name"))
    var sender: String?

    @Option(help: "accepted, rejected, failed, duplicate or ignored.")
    var decision: DecisionArgument?

    @Option(help: ArgumentHelp("With this reason: signature-mismatch, timestamp-stale …", valueName: "reason"))
    var reason: ReasonArgument?

    @Option(help: ArgumentHelp("About this event: its id, type or key.", valueName: "event"))
    var event: String?

    @Option(help: ArgumentHelp("The one with this reference, as the answer had it.", valueName: "reference"))
    var reference: ReferenceArgument?

    @Option(help: ArgumentHelp("Only the newest that many.", valueName: "n"))
    var limit: Int?

    @Flag(help: "Also what is no decision: starts, stops, reloads, checkpoints, changes by commands.")
    var all = false

    @Option(
        help: ArgumentHelp("A copied log, the directory or one file with all of it; needs no state.", valueName: "path"),
        completion: .file())
    var log: String?

    @OptionGroup var policy: PolicyOptions

    var filter: RecordFilter { filter(andTokens: true) }

    func filter(andTokens: Bool) -> RecordFilter {
        RecordFilter(
            since: since?.value, until: until?.value, endpoint: endpoint, sender: sender, decision: decision?.rawValue,
            reason: reason?.value.rawValue, event: event, reference: reference?.value, andTokens: andTokens, everyKind: all)
    }

    func reader() throws -> AuditReader { try log.map { try AuditReader(directory: $0) } ?? AuditReader(policies: policy.policies) }

    /// What a review left out since it is no record.
    static func warn(of review: AuditReader.Review, and unreadable: Int = 0) {
        let count = review.noRecords + unreadable
        guard count > 0 else { return }
        Terminal.warn(
            (count == 1 ? "1 line is no record and was" : "\(count) lines are no records and were")
                + " passed over: run `gatehouse audit verify`, which says where the log is no longer what was written")
    }

    func validate() throws {
        if let limit, limit < 1 { throw ValidationError("--limit must be at least 1") }
        if let since, let until, until.value <= since.value { throw ValidationError("--until must be later than --since") }
    }
}

enum DecisionArgument: String, ExpressibleByArgument, CaseIterable { case accepted, rejected, failed, duplicate, ignored }

struct ReasonArgument: ExpressibleByArgument {
    var value: Reason

    init?(argument: String) {
        guard let value = Reason(rawValue: argument) else { return nil }
        self.value = value
    }

    static var allValueStrings: [String] { Reason.allCases.map(\.rawValue) }
}

struct ReferenceArgument: ExpressibleByArgument {
    var value: Reference

    init?(argument: String) {
        guard let value = Reference(argument) else { return nil }
        self.value = value
    }
}
