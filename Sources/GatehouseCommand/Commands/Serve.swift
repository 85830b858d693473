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
        try await Gateway(policies: policy.policies).run()
    }
}
