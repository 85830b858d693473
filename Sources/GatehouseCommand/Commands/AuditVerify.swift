import ArgumentParser
import Gatehouse
import GatehouseAudit

struct AuditVerify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Recompute the whole log and find the first record that was changed, removed, reordered or cut off.",
        discussion: """
            Works beside a running gateway and on the state of a stopped one. Exit status 0 when every record holds, 1 with the first bad
            record when not, 2 when the log could not be read.

            Example:
              gatehouse audit verify --policies policies
            """)

    @OptionGroup var policy: PolicyOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let result: LogVerification
        do {
            result = try AuditCommands(policies: policy.policies).verify()
        } catch {
            Terminal.fail(Terminal.lines(of: error))
            throw ExitCode(2)
        }
        if output.json {
            Terminal.say(result.json)
        } else if let problem = result.problem {
            Terminal.say(Terminal.styled("BAD", .bad) + ": " + Terminal.printable("\(problem)"))
            Terminal.note("the \(result.records) before it hold")
        } else {
            Terminal.say(Terminal.styled("good", .good) + ": \(result.records) record\(result.records == 1 ? "" : "s"), each in its place and unchanged")
            Terminal.say("head \(result.head.hash)")
            if result.tornBytes > 0 { Terminal.warn("\(result.tornBytes) bytes of a record cut off by a crash follow; the next start removes them") }
        }
        if !result.isGood { throw ExitCode.failure }
    }
}
