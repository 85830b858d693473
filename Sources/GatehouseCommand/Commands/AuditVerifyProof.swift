import ArgumentParser
import GatehouseAudit

struct AuditVerifyProof: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify-proof",
        abstract: "Check a proof without the log: with the record, or with the older checkpoint.",
        discussion: """
            Needs neither policies nor state. With --record the line of the record, as `audit review --json` prints it; with --old the
            checkpoint that the log is to have grown from. With --checkpoint the proof must be for exactly that one. Exit status 1 where
            anything does not fit.

            Examples:
              gatehouse audit review --reference REFERENCE --json > record.json
              gatehouse audit verify-proof record.proof --record record.json --key gatehouse.vkey
              gatehouse audit verify-proof growth.proof --old old.checkpoint --key gatehouse.vkey
            """)

    @Argument(help: ArgumentHelp("What `audit prove` printed.", valueName: "proof"), completion: .file())
    var proof: String

    @Option(help: ArgumentHelp("The record's line.", valueName: "file"), completion: .file())
    var record: String?

    @Option(help: ArgumentHelp("The older checkpoint.", valueName: "file"), completion: .file())
    var old: String?

    @Option(help: ArgumentHelp("The checkpoint kept elsewhere that the proof must be for.", valueName: "file"), completion: .file())
    var checkpoint: String?

    @Option(help: ArgumentHelp("The log's verifier key, or a file with it.", valueName: "key"))
    var key: String

    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (record == nil) != (old == nil) else { throw ValidationError("give --record or --old") }
    }

    func run() async throws {
        do { try check() } catch {
            if output.json { Terminal.say(JSON.object(["ok": .bool(false), "error": .string(Terminal.lines(of: error))]).text) }
            throw error
        }
    }

    private func check() throws {
        let key = try AuditFiles.key(key)
        let proof = try AuditFiles.proof(proof)
        guard proof.checkpoint.isSigned(by: key) else { throw CommandFailure("the proof's checkpoint is not signed by \(key.name)") }
        if let checkpoint {
            let kept = try AuditFiles.checkpoint(checkpoint)
            guard kept.checkpoint == proof.checkpoint.checkpoint else {
                throw CommandFailure(
                    "the proof is for the log at \(proof.checkpoint.checkpoint.size) records, and \(checkpoint) is another checkpoint")
            }
        }
        if let record {
            let line = try Files.read(record, limit: RecordLimit.line + 1)
            if let problem = proof.problem(record: line) { throw CommandFailure(problem) }
        } else if let old {
            let older = try AuditFiles.checkpoint(old)
            guard older.isSigned(by: key) else { throw CommandFailure("\(old) is not signed by \(key.name)") }
            if let problem = proof.problem(since: older.checkpoint) { throw CommandFailure(problem) }
        }
        let log = proof.checkpoint.checkpoint
        guard !output.json else {
            return Terminal.say(
                JSON.object(["ok": .bool(true), "origin": .string(log.origin), "records": .number(Int(clamping: log.size))]).text)
        }
        Terminal.say(
            Terminal.styled("proved", .good)
                + ": the log of \(log.origin) at \(log.size) records \(record != nil ? "holds this record" : "begins with the older one")")
    }
}
