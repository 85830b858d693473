import ArgumentParser
import Gatehouse

struct SecretStatus: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show each version of a credential, when it was used and whether it can be retired.",
        discussion: """
            Verdicts: in-use, safe-to-retire (quiet for the policy's quiet period, and a newer version used since) and never-used.
            Exit status 1 where there is no such credential.

            Example:
              gatehouse secret status acme/signing
            """)

    @Argument(help: ArgumentHelp("SENDER/KIND (default: every credential).", valueName: "credential"))
    var credential: CredentialArgument?

    @OptionGroup var policy: PolicyOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let reports = try SecretCommands(policies: policy.policies).status(credential?.name)
        guard !reports.isEmpty else {
            throw CommandFailure(
                credential.map { "there is no credential \($0.name)" } ?? "there are no credentials", hint: "make one with: gatehouse secret add SENDER/KIND")
        }
        for report in reports {
            if output.json { Terminal.say(Self.json(report).text) } else { Self.show(report) }
        }
    }

    private static func show(_ report: SecretReport) {
        Terminal.say(Terminal.styled(Terminal.printable(report.credential), .strong))
        for version in report.versions {
            var line = "  version \(version.version)  \(version.state)"
            if let until = version.accepted_until { line += " until \(until)" }
            line += ", \(version.verdict), made \(version.created)"
            if let last = version.last_used {
                line += ", used \(version.uses) time\(version.uses == 1 ? "" : "s") from \(version.first_used ?? last) to \(last)"
            }
            Terminal.say(Terminal.printable(line))
            for address in version.addresses {
                Terminal.say(Terminal.styled(Terminal.printable("    by \(address.address), last at \(address.last_used), \(address.uses) times"), .faint))
            }
        }
    }

    private static func json(_ report: SecretReport) -> JSON {
        .object([
            "credential": .string(report.credential),
            "versions": .array(
                report.versions.map { version in
                    .object([
                        "version": .number(version.version), "state": .string(version.state), "created": .string(version.created),
                        "accepted_until": .string(version.accepted_until), "first_used": .string(version.first_used),
                        "last_used": .string(version.last_used), "uses": .number(version.uses),
                        "addresses": .array(
                            version.addresses.map {
                                .object(["address": .string($0.address), "last_used": .string($0.last_used), "uses": .number($0.uses)])
                            }),
                        "verdict": .string(version.verdict),
                    ])
                }),
        ])
    }
}
