import ArgumentParser
import Gatehouse

struct KeyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key",
        abstract: "List and replace the keys that access tokens are signed with.",
        discussion: """
            The first start makes a key; its public half is shown to everybody at /oauth/jwks. `oauth: { rotate-every: 30d }` in gateway.yaml
            replaces it by itself.
            """,
        subcommands: [KeyList.self, KeyRotate.self])
}

struct KeyList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Show the keys whose tokens are accepted, newest first.",
        discussion: """
            Exit status 1 where there is none yet.

            Example:
              gatehouse key list --json
            """)

    @OptionGroup var policy: PolicyOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let keys = try KeyCommands(policies: policy.policies).list()
        guard !keys.isEmpty else {
            throw CommandFailure("there is no key yet", hint: "the first start of the gateway makes one, as does: gatehouse key rotate")
        }
        if output.json {
            for key in keys {
                Terminal.say(
                    JSON.object([
                        "kid": .string(key.kid), "algorithm": .string(key.algorithm), "state": .string(key.state),
                        "created": .string(key.created),
                        "accepted_until": .string(key.acceptedUntil),
                    ]).text)
            }
            return
        }
        var table = Table(["key", "algorithm", "state", "created", "accepted until"])
        for key in keys {
            table.add([
                Table.Cell(key.kid), Table.Cell(key.algorithm), Table.Cell(key.state, key.state == "active" ? .good : .caution),
                Table.Cell(key.created),
                Table.Cell(key.acceptedUntil ?? ""),
            ])
        }
        table.lines().forEach { Terminal.say($0) }
    }
}

struct KeyRotate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate",
        abstract: "Sign tokens with a new key from now on; no token becomes invalid.",
        discussion: """
            The old key stays at /oauth/jwks until its last token has expired. A running gateway signs with the new one within a second. To end
            tokens at once, revoke the secret that they were issued for: gatehouse secret revoke SENDER/oauth

            Example:
              gatehouse key rotate
            """)

    @OptionGroup var policy: PolicyOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let commands = try KeyCommands(policies: policy.policies)
        HeldSignals.begin()
        let outcome = try commands.rotate()
        if output.json {
            Terminal.say(
                JSON.object([
                    "kid": .string(outcome.kid), "algorithm": .string(outcome.algorithm),
                    "retiring": .array(
                        outcome.retiring.map { .object(["kid": .string($0.kid), "accepted_until": .string($0.acceptedUntil)]) }),
                ]).text)
            return
        }
        Terminal.say("\(outcome.kid) signs from now on, \(outcome.algorithm)")
        for key in outcome.retiring { Terminal.note("tokens of \(key.kid) are accepted until \(key.acceptedUntil)") }
    }
}
