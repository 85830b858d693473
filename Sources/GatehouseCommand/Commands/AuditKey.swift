import ArgumentParser
import Gatehouse
import GatehouseAudit

struct AuditKey: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key",
        abstract: "Print the verifier key of the log's checkpoints (C2SP signed-note).",
        discussion: """
            Keep it where the log is not: whoever has it can tell whether a checkpoint is this gateway's.

            Example:
              gatehouse audit key > elsewhere/gatehouse.vkey
            """)

    @OptionGroup var policy: PolicyOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let key = try AuditCommands(policies: policy.policies).key()
        Terminal.say(output.json ? JSON.object(["origin": .string(key.name), "key": .string(key.description)]).text : key.description)
    }
}
