import GatehouseTLS
import Glibc
import NIOCore
import NIOPosix
import Synchronization

/// A connection to a syslog receiver over our own TLS. What the receiver sends is dropped; it has nothing to say (RFC 5425 section 4.3).
final class SyslogConnection: Sendable {
    private let channel: any Channel
    private let end: SyslogEnd

    /// Returns when the receiver's certificate has been verified.
    static func open(host: String, port: Int, tls: TLSClientContext) async throws -> SyslogConnection {
        let eventLoop = MultiThreadedEventLoopGroup.singleton.next()
        let shaken = eventLoop.makePromise(of: Void.self)
        let end = SyslogEnd()
        let channel: any Channel
        do {
            channel = try await ClientBootstrap(group: eventLoop)
                .connectTimeout(.seconds(10))
                .channelOption(.tcpOption(.tcp_nodelay), value: 1)
                .channelOption(.socketOption(.so_keepalive), value: 1)
                // What the other side does not acknowledge for so long is written to a connection that is gone.
                .channelOption(.tcpOption(.init(rawValue: TCP_USER_TIMEOUT)), value: 30_000)
                // So that the other side's end in order is told from a reset.
                .channelOption(.allowRemoteHalfClosure, value: true)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let handler = TLSHandler(client: tls, serverName: host, shared: TLSLoopBuffers())
                        try channel.pipeline.syncOperations.addHandler(SyslogEndWatch(end))
                        try channel.pipeline.syncOperations.addHandler(handler)
                        try channel.pipeline.syncOperations.addHandler(SyslogReceiverWatch(shaken, end))
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
        return SyslogConnection(channel, end)
    }

    private init(_ channel: any Channel, _ end: SyslogEnd) {
        self.channel = channel
        self.end = end
    }

    var isOpen: Bool { channel.isActive && !end.isNear.load(ordering: .relaxed) }

    /// Returns when the system has taken all of it, which is not yet the receiver.
    func send(_ bytes: [UInt8]) async throws {
        let limit = channel.eventLoop.scheduleTask(in: .seconds(60)) { [channel] in channel.close(promise: nil) }
        defer { limit.cancel() }
        try await channel.writeAndFlush(ByteBuffer(bytes: bytes)).get()
    }

    /// What the other side's TCP has not acknowledged, and how much of what it has acknowledged its receive buffer can hold: the largest
    /// window that it can offer on this connection (RFC 7323 section 2.2). Nil where the system does not say.
    func doubt() async -> ForwardDoubt? {
        let channel = channel
        return try? await channel.eventLoop.submit {
            try channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(of: CInt.self) { socket in
                var count: CInt = 0
                var info = tcp_info()
                var size = socklen_t(MemoryLayout<tcp_info>.size)
                guard ioctl(socket, UInt(TIOCOUTQ), &count) == 0, getsockopt(socket, CInt(IPPROTO_TCP), TCP_INFO, &info, &size) == 0 else {
                    return nil
                }
                let isScaled = Int32(info.tcpi_options) & TCPI_OPT_WSCALE != 0
                return ForwardDoubt(unacknowledged: Int(count), unread: 65_535 << (isScaled ? min(14, Int(info.tcpi_snd_wscale)) : 0))
            } ?? nil
        }.get()
    }

    /// Says goodbye, and waits for the connection's end, though not for long.
    ///
    /// - Returns: whether the other side's TCP ended in order. Where something is unread at a close, it resets the connection instead
    ///   (RFC 1122 section 4.2.2.13), so everything that it acknowledged was then read.
    func close() async -> Bool {
        let closed = channel.eventLoop.makePromise(of: Void.self)
        channel.closeFuture.cascade(to: closed)
        let limit = channel.eventLoop.scheduleTask(in: .seconds(1)) { [channel] in
            channel.close(promise: nil)
            closed.succeed()
        }
        end.isAwaited.store(true, ordering: .relaxed)
        channel.close(mode: .output, promise: nil)
        // It may have ended already.
        if end.isOrderly.load(ordering: .relaxed) { channel.close(promise: nil) }
        try? await closed.futureResult.get()
        limit.cancel()
        return end.isOrderly.load(ordering: .relaxed)
    }
}

/// How a connection to a receiver ends. Written on its loop, read from anywhere.
private final class SyslogEnd: Sendable {
    /// The other side says nothing more, or the connection broke: nothing is to be sent on it.
    let isNear = Atomic(false)
    /// We ended our side, and wait for the other's.
    let isAwaited = Atomic(false)
    /// The other side's TCP sent its FIN, and no reset before it.
    let isOrderly = Atomic(false)
}

/// Below TLS, where a FIN and a reset differ.
private final class SyslogEndWatch: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let end: SyslogEnd
    private var isBroken = false

    init(_ end: SyslogEnd) { self.end = end }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        let isEnd = (event as? ChannelEvent) == .inputClosed
        if isEnd {
            end.isNear.store(true, ordering: .relaxed)
            if !isBroken { end.isOrderly.store(true, ordering: .relaxed) }
        }
        context.fireUserInboundEventTriggered(event)
        if isEnd, end.isAwaited.load(ordering: .relaxed) { context.channel.close(promise: nil) }
    }

    /// Ends our side once everything is written. NIO, if it did so itself, would show the other side's FIN and a failed write as the same.
    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        guard mode == .output else { return context.close(mode: mode, promise: promise) }
        let written = context.eventLoop.makePromise(of: Void.self)
        let channel = context.channel
        written.futureResult.assumeIsolated().whenSuccess {
            _ = try? channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(of: CInt.self) { shutdown($0, CInt(SHUT_WR)) }
        }
        written.futureResult.cascade(to: promise)
        context.writeAndFlush(wrapOutboundOut(ByteBuffer()), promise: written)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        isBroken = true
        context.fireErrorCaught(error)
    }
}

/// Tells whether the handshake succeeded, and whether the receiver ends the connection.
private final class SyslogReceiverWatch: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let shaken: EventLoopPromise<Void>
    private let end: SyslogEnd
    private var isShaken = false

    init(_ shaken: EventLoopPromise<Void>, _ end: SyslogEnd) {
        self.shaken = shaken
        self.end = end
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? TLSEvent, case .handshakeCompleted = event {
            isShaken = true
            shaken.succeed()
        }
        // After close_notify its FIN may still come, and says more.
        if (event as? ChannelEvent) == .inputClosed { end.isNear.store(true, ordering: .relaxed) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {}

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if !isShaken { shaken.fail(error) }
        end.isNear.store(true, ordering: .relaxed)
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        if !isShaken { shaken.fail(ChannelError.eof) }
    }
}
