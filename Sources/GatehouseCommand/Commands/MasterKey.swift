import ArgumentParser
import Gatehouse

struct MasterKeyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "master-key",
        abstract: "Manage the key that everything secret in the state is sealed with.",
        discussion: """
            Policy says where it is (`secrets: { master-key: … }`): STATE/master.key, another file, a systemd credential or a descriptor.
            Keep a copy of it away from this machine and away from the backups: they open with nothing else.
            """,
        subcommands: [MasterKeyRotate.self])
}

struct MasterKeyRotate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate",
        abstract: "Seal everything with a new master key; senders notice nothing.",
        discussion: """
            A running gateway goes on meanwhile. Afterwards the old key opens nothing in the state, but it still opens the backups that were
            made with it: keep it as long as those. A key in a file is replaced here; for a credential or a descriptor, give the new key and
            put it in place before the next start.

            Examples:
              gatehouse master-key rotate
              (umask 077; openssl rand -base64 32 > new.key) && gatehouse master-key rotate --key-file new.key
            """)

    @Option(
        help: ArgumentHelp("The new key, 32 bytes or their base64 (default: made here); - is standard input.", valueName: "file"),
        completion: .file())
    var keyFile: String?

    @OptionGroup var policy: PolicyOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let key = try keyFile.map(Files.readMasterKey)
        let commands = try MasterKeyCommands(policies: policy.policies)
        HeldSignals.begin()
        let outcome = try commands.rotate(key: key)
        if output.json {
            Terminal.say(
                JSON.object([
                    "resealed": .number(outcome.resealed), "key": .string(outcome.place), "installed": .bool(outcome.installed),
                ]).text)
            return
        }
        Terminal.note("\(outcome.resealed) value\(outcome.resealed == 1 ? " is" : "s are") sealed with the new master key")
        if outcome.installed {
            Terminal.note("it is in \(Terminal.printable(outcome.place)): copy it to where you keep it apart from this machine")
        } else {
            Terminal.warn("put the new key in place of \(Terminal.printable(outcome.place)) now: the next start needs it")
        }
    }
}
