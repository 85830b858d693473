import ArgumentParser
import Gatehouse
import GatehousePolicy

/// The program `gatehouse`: a subcommand a file in `Commands/`.
///
/// A subcommand declares its options, calls the library, prints and sets the exit status: 0 yes, 1 no, 64 wrong usage.
@main
struct GatehouseProgram: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "gatehouse",
            abstract: "A front door for webhooks: it lets in what its senders signed, once, and writes down every decision.",
            discussion: """
                Policy files say who may send what to which handler; `gatehouse dev` makes a set to look at.

                Exit status: 0 yes, 1 no (a check failed, nothing found, refused), 64 wrong usage.
                """,
            version: ProgramVersion.text,
            subcommands: [
                Dev.self, Serve.self, Reload.self, Status.self, Check.self, Test.self, SecretCommand.self, KeyCommand.self,
                TokenCommand.self, MasterKeyCommand.self,
                StateCommand.self, Audit.self, Explain.self, Send.self,
            ])
    }

    static func main() async {
        ProcessHardening.rememberDescriptors()
        do {
            // Before anything secret is read. What it warns of concerns a gateway, which logs it.
            _ = try ProcessHardening.apply()
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
            if let number = Terminal.outputFailure {
                throw CommandFailure("the answer could not be written to standard output: \(Terminal.reason(number))")
            }
            HeldSignals.honour()
        } catch {
            finish(error)
        }
    }

    /// Usage errors, help and exit codes are the parser's to print; everything else is a "no" in the library's own words.
    private static func finish(_ error: any Error) -> Never {
        guard exitCode(for: error) == .failure, !(error is ExitCode) else {
            if exitCode(for: error) == .validationFailure,
                let said = UsageText.withoutValues(fullMessage(for: error), CommandLine.arguments)
            {
                Terminal.note(said)
                exit(withError: ExitCode(exitCode(for: error).rawValue))
            }
            exit(withError: error)
        }
        if let policy = error as? PolicyError {
            for diagnostic in policy.diagnostics { Terminal.fail(Terminal.printable("\(diagnostic)")) }
        } else {
            Terminal.fail(Terminal.lines(of: error))
        }
        HeldSignals.honour()
        exit(withError: ExitCode.failure)
    }
}
