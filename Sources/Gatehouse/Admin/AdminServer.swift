import GatehousePolicy
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// The admin listener: health and metrics over HTTP/1.1, apart from the senders' listener and with limits of its own, so that a flood
/// outside does not close it (SEC-91).
final class AdminServer: Sendable {
    struct Configuration: Sendable {
        var address: SocketAddressText
        /// Names it may be addressed by, besides loopback's and `address` itself.
        var hosts: [String] = []
        var protection = Protection.loopback
        var limits = AdminLimits()

        init(address: SocketAddressText) { self.address = address }
    }

    enum Protection: Sendable {
        /// Plain HTTP; an address that is not of the loopback interface is refused (SEC-88).
        case loopback
        /// - Parameters:
        ///   - addHandler: adds the TLS handler to a new connection's empty pipeline; called on its loop.
        ///   - authorize: whether the peer of an established connection may see what is not public; called on its loop.
        case tls(addHandler: @Sendable (any Channel) throws -> Void, authorize: @Sendable (any Channel) -> Bool)
    }

    struct StartError: Error, Sendable, CustomStringConvertible {
        let description: String
    }

    /// Where it listens, with the port that the system chose where the policy's is 0.
    let address: SocketAddress
    private let channel: any Channel

    private init(channel: any Channel, address: SocketAddress) {
        self.channel = channel
        self.address = address
    }

    /// Listens; throws ``StartError`` where it cannot or may not.
    static func start(
        _ configuration: Configuration, source: any AdminSource, group: any EventLoopGroup, log: Logger = Logger(label: "gatehouse")
    ) async throws -> AdminServer {
        let written = configuration.address
        let address: SocketAddress
        do {
            address = try SocketAddress.makeAddressResolvingHost(written.host, port: written.port)
        } catch {
            throw StartError(description: "admin.address: \(written.host) was not found: \(error)")
        }
        if case .loopback = configuration.protection, !address.isLoopback {
            throw StartError(
                description:
                    "admin.address: \(written) is not of the loopback interface: give it a certificate and private-key, or use 127.0.0.1")
        }
        let children = AdminConnections(
            router: AdminRouter(hosts: AdminHosts(configuration.hosts + [written.host]), source: source),
            protection: configuration.protection, limits: configuration.limits)
        do {
            let channel = try await ServerBootstrap(group: group)
                .serverChannelOption(.backlog, value: 64)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .serverChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(AcceptPause("admin", log: log)) }
                }
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture { try children.take(channel) }
                }
                .bind(to: address)
                .get()
            return AdminServer(channel: channel, address: channel.localAddress ?? address)
        } catch {
            let reason = (error as? IOError).map { ListeningSocket.describe($0.errnoCode, setting: "admin") } ?? "\(error)"
            throw StartError(description: "admin.address: cannot listen on \(written): \(reason)")
        }
    }

    /// Takes no more connections. Those that are open go on until they are idle.
    func close() async {
        try? await channel.close().get()
    }
}

struct AdminLimits: Sendable {
    var connections = 64
    /// Of all header fields together.
    var headers = 16 * 1024
    /// Of a request, which has no use for one yet.
    var body = 64 * 1024
    /// For a whole request to come, from the connection's beginning (handshake included) or from the answer before it.
    var requestTime = TimeAmount.seconds(15)
    /// For an answer to be made and taken.
    var responseTime = TimeAmount.seconds(30)
}

/// Sets up connections, and counts them.
private final class AdminConnections: Sendable {
    private let router: AdminRouter
    private let protection: AdminServer.Protection
    private let limits: AdminLimits
    private let open = Atomic(0)

    init(router: AdminRouter, protection: AdminServer.Protection, limits: AdminLimits) {
        self.router = router
        self.protection = protection
        self.limits = limits
    }

    /// Called on the channel's loop. A throw closes the channel.
    func take(_ channel: any Channel) throws {
        let count = open.wrappingAdd(1, ordering: .relaxed).newValue
        channel.closeFuture.whenComplete { [self] _ in open.wrappingSubtract(1, ordering: .relaxed) }
        guard count <= limits.connections else { throw ChannelError.ioOnClosedChannel }

        var authorize: @Sendable (any Channel) -> Bool = { _ in true }
        if case .tls(let addHandler, let check) = protection {
            try addHandler(channel)
            authorize = check
        }
        var decoding = NIOHTTPDecoderLimitConfiguration()
        decoding.maxHeaderFieldSize = limits.headers
        decoding.maxHeaderListSize = limits.headers
        decoding.maxHeaderFieldCount = 64
        try channel.pipeline.syncOperations.configureHTTPServerPipeline(
            withEncoderConfiguration: HTTPResponseEncoder.Configuration(), withDecoderLimitConfiguration: decoding)
        try channel.pipeline.syncOperations.addHandler(AdminConnection(router: router, limits: limits, authorize: authorize))
    }
}

extension SocketAddress {
    /// 127.0.0.0/8, ::1 or a UNIX domain socket.
    var isLoopback: Bool {
        switch self {
        case .v4: ipAddress?.hasPrefix("127.") ?? false
        case .v6: ipAddress == "::1"
        case .unixDomainSocket: true
        }
    }
}
