import ArgumentParser
import Gatehouse

struct SecretRotate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate",
        abstract: "Make a new version active; the old one is accepted a while longer.",
        discussion: """
            The new value is generated, unless a file or standard input gives it, and printed this once. --overlap 0 revokes every older version
            now. A running gateway honours it within a second.

            Examples:
              gatehouse secret rotate acme/signing
              gatehouse secret rotate acme/signing --overlap 7d --value-file new.secret
            """)

    @Argument(help: ArgumentHelp("\(CredentialArgument.forms).", valueName: "credential"))
    var credential: CredentialArgument

    @Option(
        help: ArgumentHelp(
            "How long the old version is accepted: 30m, 24h, 7d, 0, at most 3650d (default: the policy's).", valueName: "duration"))
    var overlap: DurationArgument?

    @Option(help: ArgumentHelp("The value, less one trailing newline; - is standard input.", valueName: "file"), completion: .file())
    var valueFile: String?

    @OptionGroup var policy: PolicyOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        if valueFile == nil { try Terminal.requireOutput() }
        let value = try valueFile.map { path throws(CommandFailure) in try Files.readValue(path, isSecret: credential.isSecret) }
        let commands = try SecretCommands(policies: policy.policies)
        HeldSignals.begin()
        let outcome = try commands.rotate(credential.name, value: value, overlap: overlap?.value)
        try SecretOutput(json: output.json, makesVersion: true).show(outcome, says: "is active")
    }
}
