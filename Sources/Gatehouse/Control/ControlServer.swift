import Glibc
package import Logging
package import NIOCore
import NIOPosix

/// Serves `STATE/gatehouse.sock`: answers the commands of the user that the gateway runs as, and of root, and of nobody else.
///
/// A connection may ask several requests, one after another. Requests of different connections run at the same time.
package final class ControlServer: Sendable {
    package typealias Handler = @Sendable (ControlRequest, ControlPeer) async -> ControlResponse

    private let channel: any Channel

    private init(channel: any Channel) { self.channel = channel }

    /// Makes the socket and serves it. The caller holds the state's lock, so that no two gateways do this at once.
    /// - Throws: ``ControlError``, or NIO's error where the socket could not be served.
    package static func start(state: String, group: any EventLoopGroup, logger: Logger, handler: @escaping Handler) async throws
        -> ControlServer
    {
        let socket = try ControlSocket.bind(in: state)
        let user = geteuid()
        let channel = try await ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 16)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(AcceptPause("control", log: logger))
                }
            }
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandlers(
                        ByteToMessageHandler(ControlLineDecoder(), maximumBufferSize: ControlProtocol.longestRequest),
                        ControlConnection(user: user, logger: logger, handler: handler))
                }
            }
            .withBoundSocket(socket)
            .get()
        return ControlServer(channel: channel)
    }

    /// Takes no more connections. The socket's file stays; the next start replaces it.
    package func close() async {
        try? await channel.close().get()
    }
}
