import ArgumentParser
import Gatehouse

struct SecretRevoke: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke",
        abstract: "Stop and destroy one version, or every version, at once.",
        discussion: """
            For a secret that is in the wrong hands: what is signed with it is refused from now on, and its value is destroyed. Says
            when nothing will be accepted any more, where only versions are left that are retiring.

            Examples:
              gatehouse secret revoke acme/signing 1
              gatehouse secret revoke acme/signing
            """)

    @Argument(help: ArgumentHelp("SENDER/KIND.", valueName: "credential"))
    var credential: CredentialArgument

    @Argument(help: "The version's number (default: every version).")
    var version: Int?

    @OptionGroup var policy: PolicyOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let commands = try SecretCommands(policies: policy.policies)
        HeldSignals.begin()
        let outcome = try commands.revoke(credential.name, version: version)
        try SecretOutput(json: output.json).show(outcome, says: "is revoked")
    }
}
