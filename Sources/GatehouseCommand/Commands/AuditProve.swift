import ArgumentParser
import Gatehouse
import GatehouseAudit

struct AuditProve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prove",
        abstract: "Prove that a record is in the log, or that the log only grew since a checkpoint.",
        discussion: """
            Prints a proof (C2SP tlog-proof) with a signed checkpoint; `audit verify-proof` checks it anywhere. Exit status 1 where there is no
            record with that reference. Where `audit.keep` deleted old records, what remains is still proved, by the anchor that they left.

            Examples:
              gatehouse audit prove 01KB3X6Z1TQ8Q9V6T2W4J5M7R8 > record.proof
              gatehouse audit prove --since old.checkpoint > growth.proof
            """)

    @Argument(help: ArgumentHelp("Of the record, as the answer had it.", valueName: "reference"))
    var reference: ReferenceArgument?

    @Option(help: ArgumentHelp("A checkpoint kept earlier.", valueName: "file"), completion: .file())
    var since: String?

    @OptionGroup var policy: PolicyOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (reference == nil) != (since == nil) else { throw ValidationError("give a reference, or --since with an earlier checkpoint") }
    }

    func run() async throws {
        let commands = try AuditCommands(policies: policy.policies)
        if let since {
            show(try commands.prove(since: try AuditFiles.checkpoint(since)))
        } else if let reference {
            guard let proof = try commands.prove(reference.value) else {
                throw CommandFailure(
                    "there is no record with the reference \(reference.value)", hint: try commands.deletion(of: reference.value))
            }
            show(proof)
        }
    }

    /// With `--json` the proof's text, as `verify-proof` reads it, and what it is over.
    private func show(_ proof: LogProof) {
        guard output.json else { return Terminal.say(bytes: Array(proof.description.utf8)) }
        let log = proof.checkpoint.checkpoint
        Terminal.say(
            JSON.object(["proof": .string(proof.description), "origin": .string(log.origin), "records": .number(Int(clamping: log.size))])
                .text)
    }
}
