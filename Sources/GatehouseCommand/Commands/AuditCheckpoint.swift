import ArgumentParser
import Gatehouse
import GatehouseAudit

struct AuditCheckpoint: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "checkpoint",
        abstract: "Print a signed checkpoint of the log, for keeping elsewhere.",
        discussion: """
            The form is C2SP tlog-checkpoint: origin, size, and the RFC 6962 root whose leaf data are the 32 bytes of each record's hash, signed
            with Ed25519. Witnesses may add signatures of theirs. With --against nothing is signed unless the log begins with the checkpoint
            in that file.

            Example:
              gatehouse audit checkpoint --against elsewhere/last.checkpoint > elsewhere/new.checkpoint
            """)

    @Option(help: ArgumentHelp("A checkpoint kept earlier; may be given several times.", valueName: "file"), completion: .file())
    var against: [String] = []

    @OptionGroup var policy: PolicyOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let earlier = try against.map { path throws(CommandFailure) in try AuditFiles.checkpoint(path) }
        let signed = try AuditCommands(policies: policy.policies).checkpoint(against: earlier)
        guard output.json else { return Terminal.say(bytes: Array(signed.description.utf8)) }
        let checkpoint = signed.checkpoint
        Terminal.say(
            JSON.object([
                "origin": .string(checkpoint.origin), "size": .number(Int(clamping: checkpoint.size)),
                "root": .string(checkpoint.root.description),
                "note": .string(signed.description),
            ]).text)
    }
}
