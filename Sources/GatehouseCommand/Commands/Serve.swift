import ArgumentParser
import Gatehouse

struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run the gateway.",
        discussion: """
            Reads the policy files and refuses to start when anything in them is wrong. SIGTERM (or Ctrl-C) drains: requests already
            arriving are served, then it exits with 0. SIGHUP, or a changed file, reloads policy and certificates, whole or not at all.

            Example:
              gatehouse serve --policies /etc/gatehouse/policies
            """)

    @OptionGroup var policy: PolicyOptions

    func run() async throws {
        let gateway = try Gateway(policies: policy.policies)
        do {
            try await gateway.run()
        } catch {
            // What reads the log reads this too.
            guard gateway.logsFailure(error) else { throw error }
            throw ExitCode.failure
        }
    }
}
