import GatehouseTLS
import NIOCore
import NIOPosix
import Synchronization

/// A handler behind the gateway: an HTTP server that does to each request what a test wants.
public final class TestHandler: Sendable {
    public struct Request: Sendable {
        public var method: String
        public var target: String
        public var fields: [(name: String, value: String)]
        public var body: [UInt8]

        public subscript(_ name: String) -> String? { fields.first { $0.name.lowercased() == name.lowercased() }?.value }
        public func has(_ name: String) -> Bool { self[name] != nil }
        public var text: String { String(decoding: body, as: UTF8.self) }
    }

    public enum Reply: Sendable {
        case answer(Int, String = "", type: String? = "text/plain")
        /// Any bytes; then the connection closes, if it is to.
        case bytes(String, closes: Bool)
        case close
        /// Any bytes; then TCP ends, without TLS's close_notify.
        case cut(String)
    }

    public typealias Behaviour = @Sendable (Request) async -> Reply

    private struct State {
        var requests: [Request] = []
        var connections = 0
        var behaviour: Behaviour
    }

    private let state: Mutex<State>
    private let channel: Mutex<(any Channel)?>
    private let scheme: String

    private init(_ behaviour: @escaping Behaviour, scheme: String) {
        state = Mutex(State(behaviour: behaviour))
        channel = Mutex(nil)
        self.scheme = scheme
    }

    /// Listens on a free port of 127.0.0.1. `tls`: PEM files of certificate and key.
    public static func start(
        tls: (certificate: String, key: String)? = nil, _ behaviour: @escaping Behaviour = { _ in .answer(200, "taken") }
    ) async throws -> TestHandler {
        let handler = TestHandler(behaviour, scheme: tls == nil ? "http" : "https")
        let context = try tls.map { files in
            try TLSServerContext(
                TLSServerConfiguration(
                    listener: "handler",
                    identities: [.init(certificateFile: files.certificate, keyFile: files.key, clientCAFile: nil)]), tickets: TicketKeys())
        }
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let context {
                        try channel.pipeline.syncOperations.addHandler(TLSHandler(server: context, shared: TLSLoopBuffers()))
                    }
                    try channel.pipeline.syncOperations.addHandler(HandlerConnection(handler))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        handler.channel.withLock { $0 = channel }
        return handler
    }

    deinit { channel.withLock { $0 }?.close(promise: nil) }

    public var port: Int { channel.withLock { $0?.localAddress?.port ?? 0 } }
    public func url(_ path: String = "/events", host: String = "127.0.0.1") -> String { "\(scheme)://\(host):\(port)\(path)" }

    /// From the next request on.
    public func behave(_ behaviour: @escaping Behaviour) { state.withLock { $0.behaviour = behaviour } }

    /// Every request that came whole, oldest first.
    public var requests: [Request] { state.withLock { $0.requests } }
    public var count: Int { state.withLock { $0.requests.count } }
    /// Connections that were ever opened.
    public var connections: Int { state.withLock { $0.connections } }

    /// Refuses connections from now on.
    public func stop() async { try? await channel.withLock { $0.take() }?.close().get() }

    fileprivate func opened() { state.withLock { $0.connections += 1 } }

    fileprivate func take(_ request: Request) -> Behaviour {
        state.withLock { state in
            state.requests.append(request)
            return state.behaviour
        }
    }
}

private final class HandlerConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let handler: TestHandler
    private var bytes: [UInt8] = []

    init(_ handler: TestHandler) { self.handler = handler }

    func channelActive(context: ChannelHandlerContext) {
        handler.opened()
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        bytes += unwrapInboundIn(data).readableBytesView
        while let request = takeRequest() {
            let behaviour = handler.take(request)
            let channel = context.channel
            Task {
                switch await behaviour(request) {
                case .answer(let status, let body, let type):
                    let line = type.map { "Content-Type: \($0)\r\n" } ?? ""
                    let length = status == 204 ? "" : "Content-Length: \(body.utf8.count)\r\n"
                    try? await channel.writeAndFlush(
                        ByteBuffer(string: "HTTP/1.1 \(status) X\r\n\(line)\(length)X-Handler: yes\r\n\r\n\(body)"))
                case .bytes(let text, let closes):
                    try? await channel.writeAndFlush(ByteBuffer(string: text))
                    if closes { try? await channel.close() }
                case .close: try? await channel.close()
                case .cut(let text):
                    try? await channel.writeAndFlush(ByteBuffer(string: text))
                    try? await channel.eventLoop.submit {
                        try channel.pipeline.syncOperations.context(handlerType: TLSHandler.self).close(promise: nil)
                    }.get()
                }
            }
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func takeRequest() -> TestHandler.Request? {
        guard let end = bytes.firstRange(of: [13, 10, 13, 10]) else { return nil }
        let lines = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).split(separator: "\r\n", omittingEmptySubsequences: false)
        let start = lines[0].split(separator: " ")
        guard start.count == 3 else { return nil }
        let fields = lines.dropFirst().map { line in
            let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            return (name: String(parts[0]), value: String(parts.last?.drop { $0 == " " } ?? ""))
        }
        var request = TestHandler.Request(method: String(start[0]), target: String(start[1]), fields: fields, body: [])
        guard let length = Int(request["content-length"] ?? ""), bytes.count - end.upperBound >= length else { return nil }
        request.body = Array(bytes[end.upperBound..<(end.upperBound + length)])
        bytes.removeFirst(end.upperBound + length)
        return request
    }
}
