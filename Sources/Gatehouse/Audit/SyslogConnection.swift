import GatehouseTLS
import Glibc
import NIOCore
import NIOPosix

/// A connection to a syslog receiver over our own TLS. What the receiver sends is dropped; it has nothing to say (RFC 5425 section 4.3).
final class SyslogConnection: Sendable {
    private let channel: any Channel

    /// Returns when the receiver's certificate has been verified.
    static func open(host: String, port: Int, tls: TLSClientContext) async throws -> SyslogConnection {
        let eventLoop = MultiThreadedEventLoopGroup.singleton.next()
        let shaken = eventLoop.makePromise(of: Void.self)
        let channel: any Channel
        do {
            channel = try await ClientBootstrap(group: eventLoop)
                .connectTimeout(.seconds(10))
                .channelOption(.tcpOption(.tcp_nodelay), value: 1)
                .channelOption(.socketOption(.so_keepalive), value: 1)
                // What the other side does not acknowledge for so long is written to a connection that is gone.
                .channelOption(.tcpOption(.init(rawValue: TCP_USER_TIMEOUT)), value: 30_000)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let handler = TLSHandler(client: tls, serverName: host, shared: TLSLoopBuffers())
                        try channel.pipeline.syncOperations.addHandler(handler)
                        try channel.pipeline.syncOperations.addHandler(SyslogReceiverWatch(shaken))
                    }
                }
                .connect(host: host, port: port).get()
        } catch {
            shaken.fail(error)
            _ = try? await shaken.futureResult.get()
            throw GatewayError(.control, ConnectFailure.text(error, RelayTarget(tls: true, host: host, port: port, ca: nil)))
        }
        let limit = eventLoop.scheduleTask(in: .seconds(10)) {
            shaken.fail(GatewayError(.control, "\(host):\(port) did not finish the TLS handshake in time"))
            channel.close(promise: nil)
        }
        defer { limit.cancel() }
        do { try await shaken.futureResult.get() } catch {
            channel.close(promise: nil)
            throw error
        }
        return SyslogConnection(channel)
    }

    private init(_ channel: any Channel) { self.channel = channel }

    var isOpen: Bool { channel.isActive }

    /// Returns when the system has taken all of it, which is not yet the receiver.
    func send(_ bytes: [UInt8]) async throws {
        let limit = channel.eventLoop.scheduleTask(in: .seconds(60)) { [channel] in channel.close(promise: nil) }
        defer { limit.cancel() }
        try await channel.writeAndFlush(ByteBuffer(bytes: bytes)).get()
    }

    /// Bytes that the other side's TCP has not acknowledged; nil where the system does not say.
    func unacknowledged() async -> Int? {
        let channel = channel
        return try? await channel.eventLoop.submit {
            try channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(of: CInt.self) { socket in
                var count: CInt = 0
                return ioctl(socket, UInt(TIOCOUTQ), &count) == 0 ? Int(count) : nil
            } ?? nil
        }.get()
    }

    /// Says goodbye, and waits for the connection's end, though not for long.
    func close() async {
        channel.close(promise: nil)
        let closed = channel.eventLoop.makePromise(of: Void.self)
        channel.closeFuture.cascade(to: closed)
        let limit = channel.eventLoop.scheduleTask(in: .seconds(1)) { closed.succeed() }
        try? await closed.futureResult.get()
        limit.cancel()
    }
}

/// Tells whether the handshake succeeded, and closes the connection where the receiver ends it.
private final class SyslogReceiverWatch: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let shaken: EventLoopPromise<Void>
    private var isShaken = false

    init(_ shaken: EventLoopPromise<Void>) { self.shaken = shaken }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? TLSEvent, case .handshakeCompleted = event {
            isShaken = true
            shaken.succeed()
        }
        if let event = event as? ChannelEvent, event == .inputClosed { context.close(promise: nil) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {}

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if !isShaken { shaken.fail(error) }
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        if !isShaken { shaken.fail(ChannelError.eof) }
    }
}
