import Glibc
import Logging
import NIOCore

/// Cuts the bytes of a control connection into lines, without their newline.
struct ControlLineDecoder: ByteToMessageDecoder {
    typealias InboundOut = ByteBuffer

    /// Bytes that were looked at and hold no newline.
    private var searched = 0

    mutating func decode(context: ChannelHandlerContext, buffer: inout ByteBuffer) throws -> DecodingState {
        let view = buffer.readableBytesView.dropFirst(searched)
        guard let end = view.firstIndex(of: UInt8(ascii: "\n")) else {
            searched = buffer.readableBytes
            return .needMoreData
        }
        searched = 0
        guard let line = buffer.readSlice(length: end - buffer.readerIndex) else { return .needMoreData }
        buffer.moveReaderIndex(forwardBy: 1)
        context.fireChannelRead(wrapInboundOut(line))
        return .continue
    }

    /// A request cut off by the end of the connection is none.
    mutating func decodeLast(context: ChannelHandlerContext, buffer: inout ByteBuffer, seenEOF: Bool) throws -> DecodingState {
        try decode(context: context, buffer: &buffer)
    }
}

/// One connection of a command: checks who is there, then answers one request after another.
final class ControlConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let user: UInt32
    private let logger: Logger
    private let handler: ControlServer.Handler
    private var peer: ControlPeer?
    private var isAnswering = false
    private var waiting = CircularBuffer<ByteBuffer>()
    private var idle: Scheduled<Void>?

    /// A connection that asks nothing for this long is closed.
    private static let idleTime = TimeAmount.seconds(30)
    /// Requests sent before the answers of earlier ones were read.
    private static let longestQueue = 16

    init(user: UInt32, logger: Logger, handler: @escaping ControlServer.Handler) {
        self.user = user
        self.logger = logger
        self.handler = handler
    }

    func handlerAdded(context: ChannelHandlerContext) {
        guard context.channel.isActive else { return }
        identify(context)
    }

    func channelActive(context: ChannelHandlerContext) {
        identify(context)
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        idle?.cancel()
        waiting.removeAll()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard waiting.count < Self.longestQueue else { return context.close(promise: nil) }
        waiting.append(unwrapInboundIn(data))
        answerNext(context)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if error is ByteToMessageDecoderError.PayloadTooLargeError {
            write(.failure("the request is longer than \(ControlProtocol.longestRequest) bytes"), context, thenClose: true)
        } else {
            context.close(promise: nil)
        }
    }

    private func identify(_ context: ChannelHandlerContext) {
        guard peer == nil, let options = context.channel as? any SocketOptionProvider else { return }
        waitForRequest(context)
        let bound = NIOLoopBound((handler: self, context: context), eventLoop: context.eventLoop)
        let credentials: EventLoopFuture<PeerCredentials> = options.unsafeGetSocketOption(
            level: .socket, name: NIOBSDSocket.Option(rawValue: SO_PEERCRED))
        credentials.whenComplete { result in
            let (handler, context) = bound.value
            guard case .success(let credentials) = result else { return context.close(promise: nil) }
            handler.admit(ControlPeer(process: credentials.process, user: credentials.user), context)
        }
    }

    private func admit(_ peer: ControlPeer, _ context: ChannelHandlerContext) {
        guard peer.mayControl(user) else {
            logger.warning(
                "refused a control connection of another user", metadata: ["user": "\(peer.user)", "process": "\(peer.process)"])
            return context.close(promise: nil)
        }
        self.peer = peer
        answerNext(context)
    }

    private func answerNext(_ context: ChannelHandlerContext) {
        guard !isAnswering, let peer, let line = waiting.popFirst() else { return }
        idle?.cancel()
        isAnswering = true
        let bound = NIOLoopBound((handler: self, context: context), eventLoop: context.eventLoop)
        let loop = context.eventLoop
        let handler = handler
        Task {
            let response = await ControlConnection.respond(to: line, of: peer, handler)
            loop.execute {
                let (connection, context) = bound.value
                connection.finish(response, context)
            }
        }
    }

    private func finish(_ response: ControlResponse, _ context: ChannelHandlerContext) {
        isAnswering = false
        write(response, context, thenClose: false)
        waitForRequest(context)
        answerNext(context)
    }

    private static func respond(to line: ByteBuffer, of peer: ControlPeer, _ handler: ControlServer.Handler) async -> ControlResponse {
        guard let request = try? ControlProtocol.message(Array(line.readableBytesView), as: ControlRequest.self) else {
            return .failure("the request is not one of this protocol", exit: 64)
        }
        if let refusal = ControlProtocol.refusal(of: request.version) { return .failure(refusal) }
        return await handler(request, peer)
    }

    private func write(_ response: ControlResponse, _ context: ChannelHandlerContext, thenClose: Bool) {
        let line = (try? ControlProtocol.line(response)).flatMap { $0.count <= ControlProtocol.longestResponse ? $0 : nil }
        guard let line = line ?? (try? ControlProtocol.line(ControlResponse.failure("the answer is too long"))) else {
            return context.close(promise: nil)
        }
        let written = context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: line)))
        if thenClose {
            let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
            written.whenComplete { _ in bound.value.close(promise: nil) }
        }
    }

    private func waitForRequest(_ context: ChannelHandlerContext) {
        idle?.cancel()
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        idle = context.eventLoop.scheduleTask(in: Self.idleTime) { bound.value.close(promise: nil) }
    }
}
