import ArgumentParser
import Gatehouse

struct SecretRetire: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retire",
        abstract: "Stop accepting a version that is no longer used.",
        discussion: """
            Refuses, with exit status 1, while the version is in use: it was used within the policy's quiet period, or no newer version was
            used since. Refuses the only active version too, since without it nothing would be accepted. A retired value is kept a while, so
            that a request signed with it can be explained.

            Example:
              gatehouse secret retire acme/signing 1
            """)

    @Argument(help: ArgumentHelp("SENDER/KIND.", valueName: "credential"))
    var credential: CredentialArgument

    @Argument(help: "The version's number, as `secret status` shows it.")
    var version: Int

    @Flag(help: "Retire it although it is in use or the only one.")
    var force = false

    @OptionGroup var policy: PolicyOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let commands = try SecretCommands(policies: policy.policies)
        HeldSignals.begin()
        let outcome = try commands.retire(credential.name, version: version, force: force)
        try SecretOutput(json: output.json).show(outcome, says: "is retired")
    }
}
