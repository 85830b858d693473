public import Gatehouse

/// A whole gateway in this process, on a port of its own.
public final class LiveGateway: Sendable {
    public let site: TestSite
    public let status: GatewayStatus
    private let gateway: Gateway
    private let running: Task<Void, any Error>

    private init(_ site: TestSite, _ gateway: Gateway, _ running: Task<Void, any Error>, _ status: GatewayStatus) {
        self.site = site
        self.gateway = gateway
        self.running = running
        self.status = status
    }

    /// Returns when it accepts connections.
    public static func start(_ site: TestSite, handlers: [String: any EventHandler] = [:]) async throws -> LiveGateway {
        let gateway = try Gateway(policies: site.policies, handlers: handlers)
        let (ready, continuation) = AsyncThrowingStream<GatewayStatus, any Error>.makeStream()
        let running = Task {
            do {
                try await gateway.run(handlesSignals: false) { continuation.yield($0) }
                continuation.finish()
            } catch {
                continuation.finish(throwing: error)
                throw error
            }
        }
        for try await status in ready { return LiveGateway(site, gateway, running, status) }
        throw CancellationError()
    }

    public var port: Int { Self.port(of: status.listeners.first ?? "") }
    public var adminPort: Int { Self.port(of: status.admin) }

    static func port(of address: String) -> Int { Int(address.split(separator: ":").last ?? "") ?? 0 }

    /// Drains and closes everything.
    public func stop() async throws {
        gateway.stop()
        try await running.value
    }

    public func reload() { gateway.reload() }

    /// A new connection of a sender.
    public func connect(serverName: String = "localhost", preamble: [UInt8] = [], isTLS: Bool = true) async throws -> RawConnection {
        try await RawConnection.open(site, port: port, serverName: serverName, preamble: preamble, isTLS: isTLS)
    }

    /// One request on a connection of its own, and its answer.
    public func send(_ request: RawRequest) async throws -> RawAnswer { try await send(request.bytes) }

    public func send(_ bytes: [UInt8]) async throws -> RawAnswer {
        let connection = try await connect()
        connection.post(bytes)
        let answer = try await connection.answer()
        await connection.close()
        return answer
    }

    /// A page of the admin listener.
    public func admin(_ path: String) async throws -> RawAnswer {
        let connection = try await RawConnection.open(site, port: adminPort, isTLS: false)
        connection.post(Array("GET \(path) HTTP/1.1\r\nHost: 127.0.0.1:\(adminPort)\r\nConnection: close\r\n\r\n".utf8))
        let answer = try await connection.page()
        await connection.close()
        return answer
    }
}
