import ArgumentParser
import Gatehouse
import GatehouseTime

struct SecretStatus: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show each version of a credential, when it was used and whether it can be retired.",
        discussion: """
            Verdicts: in-use, safe-to-retire (quiet for the policy's quiet period, and a newer version used since) and never-used; none for
            a version that is retired or revoked.
            Exit status 1 where there is no such credential.

            Examples:
              gatehouse secret status
              gatehouse secret status acme/signing
              gatehouse secret status --expiring
            """)

    @Argument(help: ArgumentHelp("SENDER/KIND (default: every credential).", valueName: "credential"))
    var credential: CredentialArgument?

    @Flag(help: "Only what ends by itself, next first: certificates, overlaps, public keys that carry a date.")
    var expiring = false

    @OptionGroup var policy: PolicyOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if expiring, credential != nil { throw ValidationError("--expiring is about everything: leave the credential out") }
    }

    func run() async throws {
        let commands = try SecretCommands(policies: policy.policies)
        if expiring { return show(try commands.calendar()) }
        let reports = try commands.status(credential?.name)
        guard !reports.isEmpty else {
            throw CommandFailure(
                credential.map { "there is no credential \($0.name)" } ?? "there are no credentials",
                hint: "make one with: gatehouse secret add SENDER/KIND")
        }
        if output.json { return reports.forEach { Terminal.say(Self.json($0).text) } }
        SecretTable(now: SystemClock().now).show(reports, ending: try commands.calendar(), all: credential == nil)
    }

    private func show(_ items: [ExpiryItem]) {
        if output.json {
            for item in items {
                Terminal.say(
                    JSON.object([
                        "what": .string(item.what.rawValue), "name": .string(item.name),
                        "version": item.version.map { .number($0) } ?? .null,
                        "expires": .string(item.expires), "verdict": .string(item.verdict),
                    ]).text)
            }
            return
        }
        if items.isEmpty { Terminal.note("nothing ends by itself") } else { SecretTable(now: SystemClock().now).show(items) }
    }

    private static func json(_ report: SecretReport) -> JSON {
        .object([
            "credential": .string(report.credential),
            "versions": .array(
                report.versions.map { version in
                    .object([
                        "version": .number(version.version), "state": .string(version.state), "created": .string(version.created),
                        "accepted_until": .string(version.accepted_until), "expires": .string(version.expires),
                        "first_used": .string(version.first_used), "last_used": .string(version.last_used), "uses": .number(version.uses),
                        "addresses": .array(
                            version.addresses.map {
                                .object(["address": .string($0.address), "last_used": .string($0.last_used), "uses": .number($0.uses)])
                            }),
                        "uses_elsewhere": .number(version.uses_elsewhere), "verdict": .string(version.verdict),
                    ])
                }),
        ])
    }
}
