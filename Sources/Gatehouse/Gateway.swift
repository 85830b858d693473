import GatehousePolicy
import Logging

/// The front door: reads a policy directory, listens, and hands authenticated events to their handlers.
///
/// ```swift
/// let gateway = try Gateway(policies: "policies", handlers: ["orders": OrderHandler()])   // `to: swift:orders`
/// try await gateway.run()
/// ```
public final class Gateway: Sendable {
    private let policies: String
    private let policy: LoadedPolicy
    private let handlers: [String: any EventHandler]
    private let commands = GatewayCommands()

    /// Reads the policy, so that its mistakes show before anything is opened.
    ///
    /// - Parameters:
    ///   - policies: the policy directory.
    ///   - handlers: what `to: swift:NAME` in the policy refers to, by name.
    /// - Throws: `PolicyError` with every mistake in the policy; a handler that it names and that is not given here is one.
    public init(policies: String, handlers: [String: any EventHandler] = [:]) throws {
        let policy = try LoadedPolicy(directory: policies, swiftHandlers: Set(handlers.keys))
        self.policies = policies
        self.policy = policy
        self.handlers = handlers
    }

    /// Runs until ``stop()`` is called or, with `handlesSignals`, SIGTERM or SIGINT arrives; then drains as the policy's `limits.drain` says and
    /// returns. SIGHUP reloads. Once only.
    ///
    /// - Parameters:
    ///   - handlesSignals: false where the embedding program has its own handlers; it calls ``stop()`` and ``reload()`` then.
    ///   - onReady: called once when every listener accepts connections, with what runs.
    /// - Throws: where the gateway cannot start; nothing is left behind.
    public func run(handlesSignals: Bool = true, onReady: (@Sendable (GatewayStatus) -> Void)? = nil) async throws {
        // Before anybody can see that it runs: a signal between the two would end it unheard, or be lost.
        let signals = handlesSignals ? SignalWatch(commands: commands) : nil
        defer { signals?.cancel() }
        let runtime = try await GatewayRuntime.start(policies: policies, policy, handlers: handlers, commands: commands)
        onReady?(await runtime.status())
        await runtime.serve(commands)
    }

    /// Says why ``run(handlesSignals:onReady:)`` threw as its log says things, one line for each mistake, where the policy has the log in
    /// JSON; false, with nothing written, where it does not.
    package func logsFailure(_ error: any Error) -> Bool {
        let output = LogOutput(policy.policy.gateway.log)
        guard output.isJSON else { return false }
        let log = output.logger()
        for mistake in (error as? PolicyError)?.diagnostics.map(\.description) ?? ["\(error)"] { log.critical("\(mistake)") }
        return true
    }

    /// Begins to drain; ``run(handlesSignals:onReady:)`` returns when that is done. May be called at any time, from anywhere.
    public func stop() { commands.send(.stop) }

    /// Reads policy and certificates anew, whole or not at all; mistakes go to the log.
    public func reload() { commands.send(.reload) }
}

/// What a running gateway says of itself.
public struct GatewayStatus: Sendable, Codable {
    public var version: String
    public var pid: Int32
    /// RFC 3339.
    public var since: String
    public var policy: String
    /// `address:port` of each listener, with the port that was really taken.
    public var listeners: [String]
    public var admin: String
    public var endpoints: Int
    public var connections: Int
    public var libraries: [String: String]
    /// Records in the audit log.
    public var records: UInt64
    public var remembered: Int
    public var isReady: Bool
    public var warnings: [String]
}
