import ArgumentParser
import Gatehouse
import GatehouseVerify

struct SecretAdd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Make the first version of a credential.",
        discussion: """
            The value is generated, unless a file or standard input gives it, and printed this once. A running gateway honours it within a
            second. Exit status 1 where a live version exists.

            Examples:
              gatehouse secret add acme/signing
              gatehouse secret add acme/oauth
              gatehouse secret add stripe/signing --value-file stripe.secret
              printf '%s' 'acme:a long password' | gatehouse secret add acme/basic --value-file -
            """)

    @Argument(help: ArgumentHelp("\(CredentialArgument.forms).", valueName: "credential"))
    var credential: CredentialArgument

    @Option(help: ArgumentHelp("The value, less one trailing newline; - is standard input.", valueName: "file"), completion: .file())
    var valueFile: String?

    @OptionGroup var policy: PolicyOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        if valueFile == nil { try Terminal.requireOutput() }
        let value = try valueFile.map { path throws(CommandFailure) in try Files.readValue(path, isSecret: credential.isSecret) }
        let commands = try SecretCommands(policies: policy.policies)
        HeldSignals.begin()
        let added = try commands.add(credential.name, value: value)
        try SecretOutput(json: output.json, makesVersion: true).show(added, says: "is active")
    }
}
