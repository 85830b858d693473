import GatehouseHTTP
import GatehouseTLS
import NIOCore

/// One connection to a handler: writes a request that was built whole, reads one answer, then is idle again or closes.
///
/// Lives on one event loop. States and their exits: `connecting` → `idle` | closed; `idle` → `busy` on `send`; `busy` → `idle` when the
/// answer ended and both sides keep the connection, else closed.
final class RelayConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Bounds on what a handler may answer (SEC-84).
    static let headLimit = 16 * 1024
    static let bodyLimit = 1024 * 1024

    enum Failure: Error, Sendable, Hashable {
        case closed
        case malformed(HTTPRefusal)

        /// For the log. `cause` is the last thing that went wrong with a connection to this handler.
        func explanation(of cause: String?) -> String {
            switch self {
            case .closed: cause ?? "the handler ended the connection before its answer was whole"
            case .malformed(.malformed(let problem)): "the handler's answer is no HTTP: \(problem.rawValue)"
            case .malformed(.headTooLarge), .malformed(.requestLineTooLong):
                "the handler's answer has more than \(RelayConnection.headLimit) bytes of head"
            case .malformed(.bodyTooLarge): "the handler's answer has more than \(RelayConnection.bodyLimit) bytes of body"
            case .malformed(.unknownTransferCoding): "the handler's answer comes in a transfer coding other than chunked"
            }
        }
    }

    struct Response {
        var status: Int
        var contentType: String?
        var body: ByteBuffer?
        /// Empty unless the pool keeps them.
        var fields: [(name: String, value: String)] = []
    }

    /// Nil once the connection has ended, so that the two let go of each other.
    private var pool: RelayPool?
    private(set) var context: ChannelHandlerContext?
    private var completion: ((Result<Response, Failure>) -> Void)?
    /// Bytes of an answer that has not ended.
    private var pending: ByteBuffer?
    private var scanner = HeadScanner()
    private var head = ResponseHead()
    private var hasHead = false
    private var chunked = ChunkedDecoder()
    private var body: ByteBuffer?
    private var isClosed = false
    /// Idle connections older than this are not used again.
    private(set) var idleUntil = NIODeadline.distantFuture

    init(pool: RelayPool) { self.pool = pool }

    var isIdle: Bool { completion == nil && !isClosed }

    /// Writes `request` and calls `completion` once, with the answer or the failure. Only while idle.
    func send(_ request: ByteBuffer, completion: @escaping (Result<Response, Failure>) -> Void) {
        guard let context, !isClosed else { return completion(.failure(.closed)) }
        self.completion = completion
        scanner = HeadScanner()
        hasHead = false
        pending = nil
        body = nil
        context.writeAndFlush(wrapOutboundOut(request), promise: nil)
    }

    func close() {
        isClosed = true
        context?.close(promise: nil)
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        guard completion != nil else {
            // A handler that talks without being asked is out of step; its next answer could be taken for another's.
            return close()
        }
        if pending != nil {
            pending?.writeImmutableBuffer(bytes)
            bytes = pending.take() ?? bytes
        }
        do {
            try read(&bytes)
            if completion != nil, bytes.readableBytes > 0 { pending = ByteBuffer(bytes.readableBytesView) }
        } catch {
            if error == .bodyTooLarge, hasHead {
                // Whether the handler took the event is said by its status; a body that cannot be passed on changes nothing about it.
                finish(.success(Response(status: head.status, contentType: nil, body: nil, fields: fields)))
            } else {
                finish(.failure(.malformed(error)))
            }
            close()
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        isClosed = true
        if hasHead, case .untilClose = head.body, completion != nil, !truncated {
            finish(.success(response(body: body)))
        } else {
            finish(.failure(.closed))
        }
        pool?.forget(self)
        pool = nil
        context.fireChannelInactive()
    }

    /// Set when TLS ended without close_notify: then the end of the connection is no end of a body (SEC-7).
    private var truncated = false

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        truncated = true
        pool?.lastError = ConnectFailure.text(ofConnection: error)
        pool?.isUnknownAuthority = (error as? TLSError)?.isUnknownAuthority ?? false
        close()
    }

    private func read(_ bytes: inout ByteBuffer) throws(HTTPRefusal) {
        while !hasHead {
            let outcome = bytes.withUnsafeReadableBytes { view in
                scanner.scan(view, lineLimit: Self.headLimit, headLimit: Self.headLimit)
            }
            switch outcome {
            case .incomplete: return
            case .refused(let refusal): throw refusal
            case .complete(let start, let end):
                let parsed = bytes.withUnsafeReadableBytes { view in
                    Result { () throws(HTTPRefusal) in try head.parse(view, from: start, to: end) }
                }
                try parsed.get()
                contentType = head.contentType.flatMap { slice in
                    bytes.getString(at: bytes.readerIndex + slice.start, length: slice.count)
                }
                if pool?.keepsFields == true {
                    fields = head.fields.map { line in
                        let name = bytes.getString(at: bytes.readerIndex + line.name.start, length: line.name.count) ?? ""
                        return (name, bytes.getString(at: bytes.readerIndex + line.value.start, length: line.value.count) ?? "")
                    }
                }
                bytes.moveReaderIndex(forwardBy: end)
                scanner = HeadScanner()
                hasHead = head.status >= 200
                chunked = ChunkedDecoder()
            }
        }
        switch head.body {
        case .none: complete(nil, leftover: bytes.readableBytes)
        case .length(let length):
            guard length <= Self.bodyLimit else { throw .bodyTooLarge }
            guard bytes.readableBytes >= length else { return }
            // Copied: the bytes may stand in the buffer that the loop's connections share.
            let slice = bytes.readSlice(length: length).map { ByteBuffer($0.readableBytesView) }
            complete(slice, leftover: bytes.readableBytes)
        case .chunked:
            var collected = body ?? ByteBuffer()
            let room = Self.bodyLimit - collected.readableBytes
            let consumed = bytes.withUnsafeReadableBytes { view in
                Result { () throws(HTTPRefusal) in try chunked.decode(view, room: room) { collected.writeBytes($0) } }
            }
            bytes.moveReaderIndex(forwardBy: try consumed.get())
            body = collected
            if chunked.isComplete { complete(body, leftover: bytes.readableBytes) }
        case .untilClose:
            var collected = body ?? ByteBuffer()
            guard collected.readableBytes + bytes.readableBytes <= Self.bodyLimit else { throw .bodyTooLarge }
            collected.writeBuffer(&bytes)
            body = collected
        }
    }

    private var contentType: String?
    private var fields: [(name: String, value: String)] = []

    private func response(body: ByteBuffer?) -> Response {
        Response(status: head.status, contentType: contentType, body: body, fields: fields)
    }

    private func complete(_ body: ByteBuffer?, leftover: Int) {
        let answer = response(body: body)
        let reusable = head.keepsAlive && leftover == 0 && !isClosed
        if reusable {
            let idle = min(head.idleSeconds.map { max(0, $0 - 1) } ?? RelayPool.idleSeconds, RelayPool.idleSeconds)
            idleUntil = .now() + .seconds(Int64(idle))
        } else {
            isClosed = true
        }
        let completion = self.completion.take()
        if reusable { pool?.giveBack(self) } else { close() }
        completion?(.success(answer))
    }

    private func finish(_ result: Result<Response, Failure>) {
        completion.take()?(result)
    }
}
