import ArgumentParser
import Gatehouse

struct StateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "state",
        abstract: "Back the state up, and restore it.",
        discussion:
            "The state is everything that is not policy: credentials, the audit log, and which events were accepted. A backup has all but the last, so "
            + "that a restored gateway waits until no event from before can be fresh.",
        subcommands: [StateBackup.self, StateRestore.self])
}

struct StateBackup: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Write credentials and audit log into one sealed file.",
        discussion: """
            Consistent while the gateway runs. The file opens with the present master key, which is not in it: keep a copy of the key elsewhere.

            Example:
              gatehouse state backup /backup/gatehouse-$(date +%F).sealed
            """)

    @Argument(help: ArgumentHelp("Where to; must not exist.", valueName: "file"), completion: .file())
    var file: String

    @OptionGroup var policy: PolicyOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if file == "-" {
            throw ValidationError(
                "a backup goes to a file, which is whole or not there, not to standard output; ./- is a file of that name")
        }
    }

    func run() async throws {
        let outcome = try StateCommands(policies: policy.policies).backup(to: file)
        if output.json {
            Terminal.say(
                JSON.object([
                    "file": .string(outcome.file), "made": .string(outcome.made), "bytes": .number(outcome.bytes),
                    "records": .number(Int(clamping: outcome.records)),
                ]).text)
        } else {
            Terminal.note(
                "\(Terminal.printable(outcome.file)): \(outcome.bytes) bytes, \(outcome.records) records of the audit log; opens with the present master key"
            )
        }
    }
}

struct StateRestore: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Make the state out of a backup.",
        discussion: """
            The state directory of the policy must hold no state; only the master key may be there already. What was accepted since the backup
            is not known, so a gateway on the restored state answers the events of each endpoint with 503 until its `tolerance` and `future` have
            passed since the restore. Its audit log goes on behind the backup's last record with one that says so.

            Examples:
              gatehouse state restore /backup/gatehouse-2026-11-24.sealed --key-file /safe/master.key
            """)

    @Argument(help: ArgumentHelp("The backup.", valueName: "file"), completion: .file())
    var file: String

    @Option(
        help: ArgumentHelp("The master key of that time, where it is not in place yet; - is standard input.", valueName: "file"),
        completion: .file())
    var keyFile: String?

    @OptionGroup var policy: PolicyOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if file == "-" { throw ValidationError("a backup is read from a file, not from standard input; ./- is a file of that name") }
    }

    func run() async throws {
        let key = try keyFile.map(Files.readMasterKey)
        let outcome = try StateCommands(policies: policy.policies).restore(from: file, key: key)
        if output.json {
            Terminal.say(
                JSON.object([
                    "state": .string(outcome.state), "made": .string(outcome.made), "records": .number(Int(clamping: outcome.records)),
                ]).text)
        } else {
            Terminal.note(
                "\(Terminal.printable(outcome.state)) is as it was at \(outcome.made), record \(outcome.records) of the audit log")
            Terminal.note(
                "a gateway started on it refuses an endpoint's events (503) until its tolerance and future have passed, when no copy of one accepted since can be fresh"
            )
        }
    }
}
