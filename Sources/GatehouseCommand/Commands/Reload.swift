import ArgumentParser
import Gatehouse

struct Reload: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Ask the running gateway to read its policy files and certificates again.",
        discussion: """
            The new policy comes into force whole or not at all: with any mistake in it the gateway keeps the old one, and this command prints
            the mistakes and exits with 1. SIGHUP does the same without an answer.

            Example:
              gatehouse reload --policies /etc/gatehouse/policies
            """)

    @OptionGroup var policy: PolicyOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let response = try RunningGateway(policies: policy.policies).response(to: "reload")
        if response.ok, let status = try response.result?.decode(GatewayStatus.self) {
            if output.json {
                let warnings = status.warnings.map { JSON.string($0) }
                Terminal.say(
                    JSON.object(["ok": true, "policy": .string(status.policy), "problems": .array([]), "warnings": .array(warnings)]).text)
            } else {
                for warning in status.warnings { Terminal.warn(Terminal.printable(warning)) }
                Terminal.say("the policy in force is \(status.policy)")
            }
            return
        }
        let problems = (response.error ?? "the gateway refused without a reason").split(separator: "\n").map(String.init)
        if output.json {
            Terminal.say(JSON.object(["ok": false, "problems": .array(problems.map { .string($0) })]).text)
        } else {
            for problem in problems { Terminal.fail(Terminal.printable(problem)) }
            Terminal.note("the gateway keeps the policy it has")
        }
        throw ExitCode.failure
    }
}
