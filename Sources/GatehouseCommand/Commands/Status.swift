import ArgumentParser
import Gatehouse

struct Status: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what the running gateway is: since when, with which policy, where it listens.",
        discussion: """
            Exit status 1 where no gateway runs on this state, or one that is not ready.

            Example:
              gatehouse status --json
            """)

    @OptionGroup var policy: PolicyOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let response = try RunningGateway(policies: policy.policies).response(to: "status")
        guard response.ok, let status = try response.result?.decode(GatewayStatus.self) else {
            throw CommandFailure(response.error ?? "the gateway did not say how it is")
        }
        if output.json {
            Terminal.say(Self.json(status).text)
        } else {
            Self.show(status)
        }
        if !status.isReady { throw ExitCode.failure }
    }

    private static func show(_ status: GatewayStatus) {
        let rows: [(String, String)] = [
            ("gatehouse", "\(status.version), process \(status.pid), since \(status.since)"),
            ("ready", status.isReady ? "yes" : "no"),
            ("policy", status.policy),
            ("listeners", status.listeners.joined(separator: ", ")),
            ("admin", status.admin),
            ("endpoints", "\(status.endpoints)"),
            ("connections", "\(status.connections)"),
            ("audit records", "\(status.records)"),
            ("remembered", "\(status.remembered) events"),
            ("libraries", libraries(status).map { "\($0.name) \($0.version)" }.joined(separator: ", ")),
        ]
        let width = rows.map(\.0.count).max() ?? 0
        for (name, value) in rows {
            Terminal.say(Terminal.styled(name, .strong) + String(repeating: " ", count: width - name.count + 2) + Terminal.printable(value))
        }
        for warning in status.warnings { Terminal.warn(Terminal.printable(warning)) }
    }

    private static func json(_ status: GatewayStatus) -> JSON {
        .object([
            "version": .string(status.version), "pid": .number(Int(status.pid)), "since": .string(status.since),
            "ready": .bool(status.isReady), "policy": .string(status.policy), "listeners": .array(status.listeners.map { .string($0) }),
            "admin": .string(status.admin), "endpoints": .number(status.endpoints), "connections": .number(status.connections),
            "records": .number(Int(clamping: status.records)), "remembered": .number(status.remembered),
            "libraries": .object(libraries(status).map { JSON.Member(name: $0.name, value: .string($0.version)) }),
            "warnings": .array(status.warnings.map { .string($0) }),
        ])
    }

    private static func libraries(_ status: GatewayStatus) -> [(name: String, version: String)] {
        status.libraries.sorted { $0.key < $1.key }.map { (name: $0.key, version: $0.value) }
    }
}
