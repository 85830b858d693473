import NIOCore
import NIOHTTP1

/// One connection of the admin listener. The handler before it lets one request through at a time.
final class AdminConnection: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let router: AdminRouter
    private let limits: AdminLimits
    private let authorize: @Sendable (any Channel) -> Bool
    private var head: HTTPRequestHead?
    private var bodyBytes = 0
    private var timer: Scheduled<Void>?

    init(router: AdminRouter, limits: AdminLimits, authorize: @escaping @Sendable (any Channel) -> Bool) {
        self.router = router
        self.limits = limits
        self.authorize = authorize
    }

    func handlerAdded(context: ChannelHandlerContext) { closeUnlessDone(in: limits.requestTime, context) }

    func handlerRemoved(context: ChannelHandlerContext) { timer?.cancel() }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            bodyBytes = 0
        case .body(let part):
            bodyBytes += part.readableBytes
            if bodyBytes > limits.body { context.close(promise: nil) }
        case .end:
            guard let head else { return }
            self.head = nil
            answer(head, context)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func answer(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        closeUnlessDone(in: limits.responseTime, context)
        let parts = head.uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let request = AdminRequest(
            method: head.method.rawValue, path: parts.first.map(String.init) ?? "", query: parts.count > 1 ? String(parts[1]) : nil,
            hosts: head.headers[canonicalForm: "host"].map(String.init), origins: head.headers["origin"],
            isAuthorized: authorize(context.channel))
        let bound = NIOLoopBound((handler: self, context: context), eventLoop: context.eventLoop)
        let loop = context.eventLoop
        let router = router
        Task {
            let response = await router.respond(to: request)
            loop.execute {
                let (handler, context) = bound.value
                handler.write(response, to: head, context)
            }
        }
    }

    private func write(_ response: AdminResponse, to head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        var headers = HTTPHeaders(response.fields.map { ($0.name, $0.value) })
        headers.add(name: "Content-Length", value: String(response.body.count))
        let keepAlive = head.isKeepAlive
        if !keepAlive { headers.add(name: "Connection", value: "close") }
        let answer = HTTPResponseHead(version: .http1_1, status: HTTPResponseStatus(statusCode: response.status), headers: headers)
        context.write(wrapOutboundOut(.head(answer)), promise: nil)
        if head.method != .HEAD { context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: response.body)))), promise: nil) }
        let bound = NIOLoopBound((handler: self, context: context), eventLoop: context.eventLoop)
        context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in
            let (handler, context) = bound.value
            if keepAlive {
                handler.closeUnlessDone(in: handler.limits.requestTime, context)
            } else {
                context.close(promise: nil)
            }
        }
    }

    private func closeUnlessDone(in time: TimeAmount, _ context: ChannelHandlerContext) {
        timer?.cancel()
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleTask(in: time) { bound.value.close(promise: nil) }
    }
}
