import GatehouseTesting
import NIOCore
import NIOPosix
import Synchronization

@testable import GatehouseTLS

/// What a handler above TLS saw, in order.
enum Seen: Sendable, Equatable {
    case handshake(TLSSessionInfo)
    case data(String)
    case inputClosed
    case failed(TLSError.Code)
    case inactive
}

/// Records what comes up. `answers`: sends each piece of data back.
final class Recorder: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    enum Behaviour: Sendable { case silent, answers, answersAndCloses, answersAtEndOfInput }

    private let behaviour: Behaviour
    private let report: @Sendable (Seen) -> Void
    private var collected = ByteBuffer()

    init(_ behaviour: Behaviour = .silent, report: @escaping @Sendable (Seen) -> Void) {
        self.behaviour = behaviour
        self.report = report
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var buffer = unwrapInboundIn(data)
        report(.data(String(buffer: buffer)))
        switch behaviour {
        case .silent: break
        case .answers: context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: buffer.readableBytesView)), promise: nil)
        case .answersAndCloses:
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: buffer.readableBytesView)), promise: nil)
            context.close(promise: nil)
        case .answersAtEndOfInput: collected.writeBuffer(&buffer)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted(let info)? = event as? TLSEvent { report(.handshake(info)) }
        if let event = event as? ChannelEvent, event == .inputClosed {
            report(.inputClosed)
            if behaviour == .answersAtEndOfInput {
                context.writeAndFlush(wrapOutboundOut(collected), promise: nil)
                context.close(promise: nil)
            }
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if let error = error as? TLSError { report(.failed(error.code)) }
    }

    func channelInactive(context: ChannelHandlerContext) { report(.inactive) }
}

/// A TLS listener on a free port of the loopback.
final class TestServer: Sendable {
    let port: Int
    let seen: AsyncStream<Seen>
    private let channel: any Channel
    private let current: Holder

    init(_ server: TLSServerContext, _ behaviour: Recorder.Behaviour = .answersAndCloses) async throws {
        let (seen, report) = AsyncStream<Seen>.makeStream()
        self.seen = seen
        let current = Holder(server)
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let buffers = TLSLoopBuffers()
                    try channel.syncOptions?.setOption(.maxMessagesPerRead, value: 1)
                    try channel.syncOptions?.setOption(.recvAllocator, value: buffers.receiveAllocator)
                    try channel.pipeline.syncOperations.addHandlers(
                        TLSHandler(server: current.value.withLock { $0 }, shared: buffers), Recorder(behaviour) { report.yield($0) })
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        port = channel.localAddress?.port ?? 0
        self.current = current
    }

    /// New connections get another context, as after a reload.
    func reload(_ server: TLSServerContext) { current.value.withLock { $0 = server } }

    /// Everything up to and with the end of the next connection.
    func connection() async -> [Seen] {
        var events: [Seen] = []
        for await event in seen {
            events.append(event)
            if event == .inactive { break }
        }
        return events
    }

    func stop() async { try? await channel.close() }

    private final class Holder: Sendable {
        let value: Mutex<TLSServerContext>
        init(_ context: TLSServerContext) { value = Mutex(context) }
    }
}

extension [Seen] {
    var session: TLSSessionInfo? {
        for case .handshake(let info) in self { return info }
        return nil
    }

    var failure: TLSError.Code? {
        for case .failed(let code) in self { return code }
        return nil
    }
}

/// `openssl s_client`, run to its end.
struct SClient: Sendable {
    let output: String
    let status: Int32

    static func connect(_ port: Int, _ arguments: [String] = [], input: String = "hello\n") async throws -> SClient {
        try await run(["s_client", "-connect", "127.0.0.1:\(port)"] + arguments, input: input)
    }

    /// The input stays open: s_client leaves when the server has answered and closed, with the tickets it got.
    static func run(_ arguments: [String], input: String = "") async throws -> SClient {
        let folder = try TemporaryFolder()
        let output = SpawnedProcess.Output.file(folder("output"))
        let process = try SpawnedProcess("/usr/bin/openssl", arguments, input: .open(input), output: output, errors: output)
        let status = await process.exit.status
        return SClient(output: String(decoding: folder.read("output"), as: UTF8.self), status: status)
    }
}
