import GatehouseTLS
import NIOCore
import NIOPosix

/// A sender's connection: TLS, and above it whatever bytes a test writes.
public final class RawConnection: Sendable {
    private let channel: any Channel
    private let inbox: Inbox
    private let site: TestSite
    /// Longer than any timeout that tests configure.
    private static let patience = TimeAmount.seconds(30)

    private init(_ channel: any Channel, _ inbox: Inbox, _ site: TestSite) {
        self.channel = channel
        self.inbox = inbox
        self.site = site
    }

    /// - Parameters:
    ///   - serverName: for SNI and the certificate's name.
    ///   - preamble: goes out before the handshake.
    ///   - isTLS: false for the bare connection.
    static func open(
        _ site: TestSite, port: Int, serverName: String = "localhost", preamble: [UInt8] = [], isTLS: Bool = true
    ) async throws -> RawConnection {
        let inbox = Inbox()
        let tls = try TLSClientContext(caFile: site.folder("certs/ca.pem"))
        let ready = MultiThreadedEventLoopGroup.singleton.any().makePromise(of: Void.self)
        let bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(PreambleHandler(preamble), name: Self.lowest)
                    if isTLS { try pipeline.addHandler(TLSHandler(client: tls, serverName: serverName, shared: TLSLoopBuffers())) }
                    try pipeline.addHandler(InboxHandler(inbox, ready: isTLS ? ready : nil))
                }
            }
        do {
            let channel = try await bootstrap.connect(host: "127.0.0.1", port: port).get()
            if !isTLS { ready.succeed() }
            try await ready.futureResult.get()
            return RawConnection(channel, inbox, site)
        } catch {
            ready.fail(error)
            throw error
        }
    }

    public func send(_ bytes: [UInt8]) async throws { try await channel.writeAndFlush(ByteBuffer(bytes: bytes)).get() }
    public func send(_ text: String) async throws { try await send(Array(text.utf8)) }
    public func send(_ request: RawRequest) async throws { try await send(request.bytes) }

    /// Writes without waiting until the sockets took it.
    public func post(_ bytes: [UInt8]) { channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil) }

    /// The next answer, an interim one too. `toHead`: it belongs to a HEAD, and so no body follows (RFC 9110 section 9.3.2).
    public func answer(toHead: Bool = false) async throws -> RawAnswer {
        let answer = try await page(toHead: toHead)
        site.note(answer)
        return answer
    }

    /// An answer that is no decision about a request.
    func page(toHead: Bool = false) async throws -> RawAnswer {
        try await inbox.take(on: channel.eventLoop, within: Self.patience) { try RawAnswer.take(from: &$0, toHead: toHead) }
    }

    /// Whatever bytes come next.
    public func someBytes() async throws -> [UInt8] {
        try await inbox.take(on: channel.eventLoop, within: Self.patience) { bytes in
            defer { bytes = [] }
            return bytes.isEmpty ? nil : bytes
        }
    }

    /// Returns when the gateway has ended the connection or its half of it; throws when it does not, or still says something.
    public func ended() async throws { try await inbox.waitForEnd(on: channel.eventLoop, within: Self.patience) }

    public var isEnded: Bool { inbox.isEnded }

    /// Stops or goes on reading what the gateway writes.
    public func setReading(_ reads: Bool) async throws { try await channel.setOption(.autoRead, value: reads).get() }

    /// close_notify, then TCP.
    public func close() async { try? await channel.close().get() }

    /// Ends TCP without close_notify, as a machine that vanishes does.
    public func cut() async throws {
        let channel = channel
        try await channel.eventLoop.submit { try channel.pipeline.syncOperations.context(name: Self.lowest).close(promise: nil) }.get()
    }

    private static let lowest = "lowest"
}

/// Lies below TLS, and writes bytes there before anything above may.
private final class PreambleHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let preamble: [UInt8]

    init(_ preamble: [UInt8]) { self.preamble = preamble }

    func channelActive(context: ChannelHandlerContext) {
        if !preamble.isEmpty { context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: preamble)), promise: nil) }
        context.fireChannelActive()
    }
}

private final class InboxHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let inbox: Inbox
    private var ready: EventLoopPromise<Void>?

    init(_ inbox: Inbox, ready: EventLoopPromise<Void>?) {
        self.inbox = inbox
        self.ready = ready
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is TLSEvent { ready.take()?.succeed() }
        if event as? ChannelEvent == .inputClosed { inbox.end() }
        context.fireUserInboundEventTriggered(event)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { inbox.append(unwrapInboundIn(data).readableBytesView) }

    func channelInactive(context: ChannelHandlerContext) {
        ready.take()?.fail(ChannelError.eof)
        inbox.end()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        ready.take()?.fail(error)
        inbox.end()
        context.close(promise: nil)
    }
}
