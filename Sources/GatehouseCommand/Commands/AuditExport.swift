import ArgumentParser
import Gatehouse
import GatehouseAudit

struct AuditExport: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write records for a SIEM: as they are, as a table, or as OCSF events.",
        discussion: """
            jsonl: the records. csv: RFC 4180; texts that a spreadsheet would take for a formula get an apostrophe. ocsf: OCSF 1.3 events, classes
            Authentication and API Activity. For live copies see `audit: { forward }`. Exit status 1 where no record is like that.

            Example:
              gatehouse audit export --format csv --since 2026-11-01 --until 2026-12-01 > november.csv
            """)

    @Option(help: "jsonl, csv or ocsf.")
    var format: ExportArgument

    @OptionGroup var which: AuditFilterOptions

    func run() async throws {
        let reader = try which.reader()
        let format = format.format
        var bytes = format.header
        var count = 0
        var unreadable = 0
        let review = try reader.review(which.filter, newest: which.limit) { line, _ in
            if format.append(line, to: &bytes) { count += 1 } else { unreadable += 1 }
            if bytes.count >= 65_536 {
                Terminal.say(bytes: bytes)
                bytes.removeAll(keepingCapacity: true)
                Terminal.progress("\(count) records")
            }
            return !bytes.isEmpty || !Terminal.isGone
        }
        if count > 0 { Terminal.say(bytes: bytes) }
        Terminal.progress(nil)
        AuditFilterOptions.warn(of: review, and: unreadable)
        guard count > 0 else {
            Terminal.note("no record is like that")
            throw ExitCode.failure
        }
    }
}

enum ExportArgument: String, ExpressibleByArgument, CaseIterable {
    case jsonl, csv, ocsf

    var format: ExportFormat {
        switch self {
        case .jsonl: .jsonl
        case .csv: .csv
        case .ocsf: .ocsf
        }
    }
}
