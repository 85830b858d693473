import ArgumentParser
import Gatehouse
import GatehouseAudit

struct AuditReview: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "review",
        abstract: "Show decisions, about events and about tokens: all of them, those asked for, or counts.",
        discussion: """
            Works beside a running gateway, on the state of a stopped one, and on a copied log (--log). With --json the records as they are.
            Shows what the files say; whether they are right is for `audit verify`. Exit status 1 where nothing was found.

            Examples:
              gatehouse audit review --since 2h --decision rejected
              gatehouse audit review --sender acme --summary
              gatehouse audit review --follow --json | jq .reason
            """)

    @OptionGroup var which: AuditFilterOptions

    @Flag(
        help:
            "Counts of events by decision, reason, endpoint, sender, credential version and hour, and how far the senders' clocks are off.")
    var summary = false

    @Flag(
        name: [.short, .long],
        help: "The last 10 records (or --limit), then what is written from now on, also after a --log file was renamed and begun anew.")
    var follow = false

    @OptionGroup var output: OutputOptions

    func validate() throws {
        if summary, follow { throw ValidationError("--summary and --follow exclude each other") }
        if follow, which.until != nil { throw ValidationError("--follow shows what is written from now on: --until excludes it") }
    }

    func run() async throws {
        let reader = try which.reader()
        if follow { return try await follow(reader) }
        if summary { return try summarize(reader) }
        var rows = RecordRows()
        let pager = output.json ? nil : Pager()
        var found = false
        let review: AuditReader.Review
        do {
            var buffer = OutputBuffer(to: pager)
            review = try reader.review(which.filter, newest: which.limit) { line, _ in
                found = true
                show(line, &rows, &buffer)
                return !(pager?.isGone ?? Terminal.isGone)
            }
        }
        pager?.finish()
        AuditFilterOptions.warn(of: review)
        guard found else {
            if !output.json { Terminal.note("no record is like that") }
            if let reference = which.reference?.value, let deletion = try reader.deletion(of: reference) { Terminal.note(deletion) }
            throw ExitCode.failure
        }
    }

    private func follow(_ reader: AuditReader) async throws {
        var rows = RecordRows()
        try await reader.follow(which.filter, newest: which.limit ?? 10, isOver: { Terminal.isGone }) { line, _ in
            var buffer = OutputBuffer()
            show(line, &rows, &buffer)
            return !Terminal.isGone
        }
    }

    private func show(_ line: LogLine, _ rows: inout RecordRows, _ buffer: inout OutputBuffer) {
        if output.json {
            buffer.line(line.bytes)
        } else if let record = LogRecord(line: line.bytes) {
            buffer.line(rows.text(record))
        } else {
            buffer.line("record \(line.sequence) cannot be read; `gatehouse audit verify` says what is wrong with it")
        }
    }

    private func summarize(_ reader: AuditReader) throws {
        var counts = ReviewSummary()
        let review = try reader.review(which.filter(andTokens: false), newest: which.limit) { line, fields in
            counts.add(line, fields)
            return true
        }
        let text = SummaryText(summary: counts, tolerances: reader.tolerances())
        if output.json {
            Terminal.say(text.json.text)
        } else {
            for line in text.lines { Terminal.say(line) }
            for warning in text.warnings { Terminal.warn(Terminal.printable(warning)) }
        }
        AuditFilterOptions.warn(of: review)
        if counts.records == 0 { throw ExitCode.failure }
    }
}
