import ArgumentParser
import Gatehouse
import GatehouseAudit

struct AuditVerify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Recompute the whole log and find the first record that was changed, removed, reordered or cut off.",
        discussion: """
            Works beside a running gateway, on the state of a stopped one, and on a copied log (--log). A log that was made anew as a whole,
            or goes back to an older copy together with its state, shows only against a checkpoint kept elsewhere. Where `audit.keep`
            deleted old segments, it goes on from the signed anchor that they left. Exit status 0 when every record holds, 1 with the first bad
            record when not, 2 when the log could not be read. A copied log is verified with --key: without it nobody's signature is checked, and
            a log that was made anew as a whole passes.

            Examples:
              gatehouse audit verify --against elsewhere/last.checkpoint
              gatehouse audit verify --log copy/audit --key gatehouse.vkey --against last.checkpoint
            """)

    @Option(help: ArgumentHelp("A checkpoint kept elsewhere; may be given several times.", valueName: "file"), completion: .file())
    var against: [String] = []

    @Option(
        help: ArgumentHelp("A copied log, the directory or one file with all of it; needs no state.", valueName: "path"),
        completion: .file())
    var log: String?

    @Option(help: ArgumentHelp("With --log: the log's verifier key, or a file with it.", valueName: "key"))
    var key: String?

    @OptionGroup var policy: PolicyOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if key != nil, log == nil { throw ValidationError("--key is for --log; the state has its own") }
    }

    func run() async throws {
        let result: LogVerification
        do {
            let checkpoints = try against.map { path throws(CommandFailure) in try AuditFiles.checkpoint(path) }
            result =
                if let log {
                    try AuditCommands.verify(
                        directory: log, against: checkpoints, key: try key.map { text throws(CommandFailure) in try AuditFiles.key(text) })
                } else {
                    try AuditCommands(policies: policy.policies).verify(against: checkpoints)
                }
        } catch {
            if output.json {
                Terminal.say(JSON.object(["ok": .bool(false), "error": .string(Terminal.lines(of: error))]).text)
            }
            Terminal.fail(Terminal.lines(of: error))
            if log == nil, AuditCommands.isAboutState(error) {
                Terminal.note("  the log itself is not sealed: gatehouse audit verify --log STATE/audit reads it without the state")
            }
            throw ExitCode(2)
        }
        if output.json {
            Terminal.say(result.json)
        } else if let problem = result.problem {
            Terminal.say(Terminal.styled("BAD", .bad) + ": " + Terminal.printable("\(problem)"))
            Terminal.note(
                result.problem?.code == .rewritten
                    ? "the last checkpoint that fits covers \(result.covered)" : "the \(result.records) before it hold")
        } else {
            showGood(result)
        }
        if !result.isGood { throw ExitCode.failure }
    }

    private func showGood(_ result: LogVerification) {
        Terminal.say(
            Terminal.styled("good", .good) + ": \(result.records) record\(result.records == 1 ? "" : "s"), each in its place and unchanged")
        if result.first > 1 {
            Terminal.say(
                "the log begins with record \(result.first): what came before was deleted (audit.keep), and "
                    + (result.signaturesChecked ? "its signed anchor fits" : "an anchor stands in its place"))
        }
        let many = result.checkpoints == 1 ? "" : "s"
        if result.checkpoints > 0, result.signaturesChecked { Terminal.say("\(result.checkpoints) signed checkpoint\(many) in it fit") }
        if result.checkpoints > 0, !result.signaturesChecked {
            Terminal.say("\(result.checkpoints) checkpoint\(many) in it \(result.checkpoints == 1 ? "is" : "are") of these records")
        }
        if result.compared > 0 {
            Terminal.say(
                "\(result.compared) checkpoint\(result.compared == 1 ? "" : "s") kept elsewhere \(result.compared == 1 ? "was" : "were") compared and fit"
            )
        }
        Terminal.say("head \(result.head.hash)")
        if !result.signaturesChecked { Terminal.warn("signatures not checked; give --key") }
        if let warning = result.warning { Terminal.warn(warning) }
        if result.uncompared > 0 {
            Terminal.warn(
                "\(result.uncompared) checkpoint\(result.uncompared == 1 ? "" : "s") of less than \(result.first) records could not be compared: those records are deleted. "
                    + "Keep newer checkpoints elsewhere")
        }
        if result.tornBytes > 0 {
            Terminal.warn("\(result.tornBytes) bytes of a record cut off by a crash follow; the next start removes them")
        }
    }
}
