import GatehouseAudit
import GatehouseHTTP
import GatehousePolicy
import GatehouseTLS
import GatehouseTime
import GatehouseVerify
import Logging
import NIOCore

/// One connection of a sender: turns its bytes into requests, one at a time and in order, and writes their answers.
///
/// Lives on one event loop. Phases and their exits: `handshake` → `head` when TLS is up; `head` → `body` | `answering` | `ending`;
/// `body` → `answering` | `ending`; `answering` → `head` | `ending` when the answer is written; `ending` → closed. Every phase but
/// `answering` has a deadline, looked at by ``check(_:)``.
final class Connection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// An unread body up to this is drained so that the connection can go on; past it the connection ends (SEC-16).
    static let drainLimit = 256 * 1024
    /// How long, and for how much, an ending connection still reads, so that its answer is not lost to a reset.
    static let lingerLimit = 1024 * 1024
    static let lingerTime = TimeAmount.seconds(2)
    /// What an unfinished handshake still gets when the gateway stops: nobody waits for connections that never say anything.
    static let drainHandshakeTime = TimeAmount.seconds(2)

    enum Phase { case handshake, head, body, answering, ending }

    let loop: LoopState
    let listener: Int
    /// Who connected; counted against the connection limits.
    let accepted: IPAddress
    /// The connection's own peer, or what a PROXY preamble said.
    var peer: IPAddress
    /// The peer of the request being read: what a trusted proxy says of it, else `peer`.
    var remote: IPAddress {
        didSet { if remote != oldValue { remoteText = remote.description } }
    }
    private(set) var remoteText: String
    private(set) var session: TLSSessionInfo?
    /// The listener's context that last vouched for the client's certificate.
    private var trustedBy: TLSServerContext?
    private(set) var phase = Phase.handshake
    /// Requests answered so far; a connection that never carried one closes silently.
    private(set) var answered = 0
    private var context: ChannelHandlerContext?
    private var deadline: NIODeadline
    private var scanner = HeadScanner()
    private var head = RequestHead()
    /// Received and not yet used: a part of a request, or the requests behind the one being answered.
    private var pending: ByteBuffer?
    /// Of a chunked request: its head's bytes and the body so far.
    private var chunkedHead: ByteBuffer?
    private var chunkedBody = ByteBuffer()
    private var chunked = ChunkedDecoder()
    private var route: Route?
    /// The request is a HEAD: its answer has no body (RFC 9110 section 9.3.2).
    private var isHead = false
    /// Bytes of a refused request's body that are still to be dropped.
    private var skip = 0
    private var isConsuming = false
    private var isReadingStopped = false
    private var exchange: RequestExchange?
    private var lingered = 0
    private var headStarted = NIODeadline.uptimeNanoseconds(0)

    init(loop: LoopState, listener: Int, peer: IPAddress) {
        self.loop = loop
        self.listener = listener
        accepted = peer
        self.peer = peer
        remote = peer
        remoteText = peer.description
        deadline = .now() + loop.timeouts.header
    }

    // MARK: From the channel

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        loop.enter(self)
    }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted(let info)? = event as? TLSEvent {
            session = info
            phase = .head
            deadline = .now() + (loop.isDraining ? loop.drainGrace : loop.timeouts.idle)
            loop.metrics.handshakeCompleted(version: info.version, resumed: info.resumed)
        } else if event as? ChannelEvent == .inputClosed {
            inputClosed()
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        if skip > 0 {
            let dropped = min(skip, bytes.readableBytes)
            bytes.moveReaderIndex(forwardBy: dropped)
            skip -= dropped
        }
        guard bytes.readableBytes > 0 else { return }
        switch phase {
        case .ending:
            lingered += bytes.readableBytes
            if lingered > Self.lingerLimit { close() }
        case .answering:
            keep(&bytes)
            if (pending?.readableBytes ?? 0) > loop.headLimit, !isReadingStopped { stopReading() }
        case .handshake, .head, .body:
            if pending != nil {
                pending?.writeBuffer(&bytes)
                guard var owned = pending.take() else { return }
                consume(&owned, isOwned: true)
            } else {
                consume(&bytes, isOwned: false)
            }
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        loop.leave(self)
        exchange?.senderLeft()
        exchange = nil
        phase = .ending
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A reset, a truncated TLS stream or a failed handshake: nothing that was half received is ever used (SEC-7).
        if phase == .handshake { loop.metrics.handshakeFailed() }
        if phase == .handshake, let error = error as? TLSError, error.code == .certificate {
            // No request comes of it, so nothing else would tell the operator why a sender does not get in.
            loop.log.info("handshake refused", metadata: ["remote": "\(peer)", "error": "\(error)"])
        } else {
            loop.log.debug("connection ended", metadata: ["remote": "\(peer)", "error": "\(error)"])
        }
        close()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable, phase == .head, isReadingStopped { resume() }
        context.fireChannelWritabilityChanged()
    }

    /// The sender has said all it will: what is being answered is still answered, what is incomplete never was a request.
    private func inputClosed() {
        switch phase {
        case .answering: break
        default: close()
        }
    }

    // MARK: Time

    /// Called a few times a second by the loop.
    func check(_ now: NIODeadline) {
        guard now >= deadline else { return }
        switch phase {
        case .handshake, .ending: close()
        case .answering: break
        // A sender that does not read its answers: what it sent behind them was never begun on.
        case .head where isReadingStopped: close()
        case .head where scanner.isAtStart && pending == nil: close()
        case .head, .body:
            refuseHead(RefusalReason(.timeout), status: 408, closes: true)
        }
    }

    /// The gateway stops: idle connections close, the others end with their next answer.
    func drain() {
        if phase == .head, scanner.isAtStart, pending == nil { deadline = .now() + loop.drainGrace }
        if phase == .handshake { deadline = min(deadline, .now() + Self.drainHandshakeTime) }
    }

    /// Whatever is still going on ends now: the gateway's `drain` time is over.
    func abandon() {
        if phase == .answering {
            let reference = exchange?.reference ?? loop.nextReference(at: loop.clock.now)
            self.answer(.problem(503, reference: reference, fields: [("Retry-After", "1")], closes: true), reference: reference)
        } else {
            close()
        }
    }

    // MARK: Requests

    private func consume(_ input: inout ByteBuffer, isOwned: Bool) {
        isConsuming = true
        var goesOn = true
        while goesOn, input.readableBytes > 0 || phase == .body {
            switch phase {
            case .head: goesOn = readHead(&input, isOwned: isOwned)
            case .body: goesOn = readBody(&input)
            case .handshake, .answering, .ending: goesOn = false
            }
        }
        isConsuming = false
        if input.readableBytes > 0, phase != .ending {
            if isOwned {
                if input.readerIndex > 0, input.readerIndex > input.readableBytes { input.discardReadBytes() }
                pending = input
            } else {
                keep(&input)
            }
        }
    }

    private func keep(_ bytes: inout ByteBuffer) {
        if pending == nil {
            var buffer = loop.allocator.buffer(capacity: max(bytes.readableBytes, expectedBytes))
            buffer.writeBuffer(&bytes)
            pending = buffer
        } else {
            pending?.writeBuffer(&bytes)
        }
    }

    /// The size of the whole request where its head has told it, so that a body is collected without growing copies.
    private var expectedBytes: Int {
        if phase == .body, case .length(let length) = head.body { return head.length + length }
        return 0
    }

    /// True: go on with what is left.
    private func readHead(_ input: inout ByteBuffer, isOwned: Bool) -> Bool {
        if scanner.isAtStart {
            headStarted = .now()
            deadline = headStarted + loop.timeouts.header
        }
        let headLimit = loop.headLimit
        let lineLimit = min(headLimit, 8 * 1024)
        let parsed: Result<Bool, HTTPRefusal> = input.withUnsafeReadableBytes { view in
            switch scanner.scan(view, lineLimit: lineLimit, headLimit: headLimit) {
            case .incomplete: return .success(false)
            case .refused(let refusal): return .failure(refusal)
            case .complete(let start, let end):
                do throws(HTTPRefusal) {
                    try head.parse(view, from: start, to: end)
                    return .success(true)
                } catch {
                    return .failure(error)
                }
            }
        }
        switch parsed {
        case .success(false): return false
        case .failure(let refusal):
            input.clear()
            refuseHead(refusal)
            return false
        case .success(true): return begin(&input)
        }
    }

    /// The head is whole: decides what can be decided without the body.
    private func begin(_ input: inout ByteBuffer) -> Bool {
        scanner = HeadScanner()
        isHead = input.withUnsafeReadableBytes { bytes in bytes[head.method.start..<head.method.end].elementsEqual("HEAD".utf8) }
        let early: EarlyChecks.Outcome = input.withUnsafeReadableBytes { bytes in
            let view = RequestView(bytes: bytes, head: head, body: UnsafeRawBufferPointer(start: nil, count: 0))
            return check(view)
        }
        switch early {
        case .refused(let refusal):
            input.withUnsafeReadableBytes { bytes in
                let view = RequestView(bytes: bytes, head: head, body: UnsafeRawBufferPointer(start: nil, count: 0))
                refuse(view, refusal)
            }
            input.moveReaderIndex(forwardBy: head.length)
            let dropped = min(skip, input.readableBytes)
            input.moveReaderIndex(forwardBy: dropped)
            skip -= dropped
            return true
        case .admitted(let admitted):
            route = admitted
            phase = .body
            deadline = .now() + loop.timeouts.body
            if case .chunked = head.body {
                chunkedHead = input.readSlice(length: head.length).map { ByteBuffer($0.readableBytesView) }
                chunkedBody = ByteBuffer()
                chunked = ChunkedDecoder()
            }
            if head.expectation == .continue100, input.readableBytes <= head.length { writeContinue() }
            return true
        }
    }

    private func check(_ view: RequestView) -> EarlyChecks.Outcome {
        let snapshot = loop.snapshot
        let context = EarlyChecks.Context(
            listener: listener, peer: peer, identity: session?.identity,
            identities: snapshot.listeners.indices.contains(listener) ? snapshot.listeners[listener] : nil)
        remote = peer
        switch snapshot.early.remote(view, context) {
        case .success(let address): remote = address
        case .failure(let refusal): return .refused(refusal)
        }
        let outcome = snapshot.early.run(view, context)
        guard !stillTrusts(snapshot) else { return outcome }
        // Whoever this was, a new handshake would be refused: nothing more is taken from this connection.
        switch outcome {
        case .admitted(let route):
            let reason = RefusalReason(
                .certificateMismatch, "the connection's certificate was revoked, or its authority is trusted no more")
            return .refused(EarlyChecks.Refusal(reason, 401, route, fields: route.challenges(of: view), closes: true))
        case .refused(var refusal):
            refusal.closes = true
            return .refused(refusal)
        }
    }

    /// Whether the client certificate would pass a handshake now; looked at once for each change of the listener's certificates or lists.
    private func stillTrusts(_ snapshot: Snapshot) -> Bool {
        guard let session, session.clientCertificate != nil, snapshot.listeners.indices.contains(listener) else { return true }
        let current = snapshot.listeners[listener]
        if current === trustedBy { return true }
        guard current.accepts(session) else { return false }
        trustedBy = current
        return true
    }

    private func readBody(_ input: inout ByteBuffer) -> Bool {
        guard let route else { return false }
        switch head.body {
        case .length(let length):
            let whole = head.length + length
            guard input.readableBytes >= whole else { return false }
            phase = .answering
            input.withUnsafeReadableBytes { bytes in
                let body = UnsafeRawBufferPointer(rebasing: bytes[head.length..<whole])
                start(RequestView(bytes: bytes, head: head, body: body), route)
            }
            input.moveReaderIndex(forwardBy: whole)
            return true
        case .chunked:
            guard input.readableBytes > 0 else { return false }
            let room = route.bodyLimit - chunkedBody.readableBytes
            let consumed: Result<Int, HTTPRefusal> = input.withUnsafeReadableBytes { bytes in
                do throws(HTTPRefusal) {
                    return .success(try chunked.decode(bytes, room: room) { chunkedBody.writeBytes($0) })
                } catch {
                    return .failure(error)
                }
            }
            switch consumed {
            case .failure(let refusal):
                input.clear()
                guard let headBytes = chunkedHead.take() else { return false }
                headBytes.withUnsafeReadableBytes { bytes in
                    let view = RequestView(bytes: bytes, head: head, body: UnsafeRawBufferPointer(start: nil, count: 0))
                    refuse(view, EarlyChecks.Refusal(refusal, route: route))
                }
                return false
            case .success(let count): input.moveReaderIndex(forwardBy: count)
            }
            guard chunked.isComplete, let headBytes = chunkedHead.take() else { return false }
            let body = chunkedBody
            chunkedBody = ByteBuffer()
            phase = .answering
            headBytes.withUnsafeReadableBytes { bytes in
                body.withUnsafeReadableBytes { body in start(RequestView(bytes: bytes, head: head, body: body), route) }
            }
            return true
        }
    }

    private func start(_ view: RequestView, _ route: Route) {
        let exchange = RequestExchange(connection: self, route: route, headStarted: headStarted)
        self.exchange = exchange
        exchange.run(view)
    }

    /// A request whose head never was one, or never came whole.
    private func refuseHead(_ refusal: HTTPRefusal) {
        refuseHead(EarlyChecks.Refusal.reason(of: refusal), status: refusal.status, closes: true)
    }

    private func refuseHead(_ reason: RefusalReason, status: Int, closes: Bool) {
        let exchange = RequestExchange(connection: self, route: phase == .body ? route : nil, headStarted: headStarted)
        self.exchange = exchange
        phase = .answering
        exchange.refuse(reason, status: status, view: nil, closes: closes)
    }

    /// A whole head that is refused before its body. The body is dropped if it is short, else the connection ends.
    private func refuse(_ view: RequestView, _ refusal: EarlyChecks.Refusal) {
        var closes = refusal.closes
        switch head.body {
        case .length(let length) where !closes && head.expectation == .none && length <= Self.drainLimit: skip = length
        case .length(0): break
        default: closes = true
        }
        let exchange = RequestExchange(connection: self, route: refusal.route, headStarted: headStarted)
        self.exchange = exchange
        phase = .answering
        exchange.refuse(refusal.reason, status: refusal.status, view: view, fields: refusal.fields, closes: closes)
    }

    // MARK: Answers

    private func writeContinue() {
        var buffer = loop.allocator.buffer(capacity: 32)
        buffer.writeStaticString("HTTP/1.1 100 Continue\r\n\r\n")
        context?.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
    }

    /// Writes the answer of the exchange in progress and goes on, or ends.
    func answer(_ answer: Answer, reference: Reference) {
        guard let context, phase == .answering else { return }
        exchange = nil
        defer { isHead = false }
        answered += 1
        let keepsAlive = head.keepsAlive && !answer.closes && !loop.isDraining
        let written = answer.write(
            into: loop.answerBuffer.take(capacity: 512), reference: reference, date: loop.date, keepsAlive: keepsAlive, withoutBody: isHead)
        context.writeAndFlush(wrapOutboundOut(written), promise: nil)
        loop.answerBuffer.giveBack(written)
        guard keepsAlive else { return end() }
        phase = .head
        deadline = .now() + loop.timeouts.idle
        guard !isConsuming else { return }
        // A sender that does not read its answers is not read from either; it ends by the idle deadline.
        guard context.channel.isWritable else { return stopReading() }
        resume()
    }

    private func resume() {
        if isReadingStopped {
            isReadingStopped = false
            context?.channel.setOption(.autoRead, value: true).whenComplete { _ in }
        }
        guard var owned = pending.take() else { return }
        consume(&owned, isOwned: true)
    }

    private func stopReading() {
        isReadingStopped = true
        context?.channel.setOption(.autoRead, value: false).whenComplete { _ in }
    }

    /// No more requests: the answer goes out, then our side closes, and what still comes is dropped for a while, since closing with unread
    /// bytes would reset the connection and could take the answer with it (RFC 9112 section 9.6).
    private func end() {
        phase = .ending
        pending = nil
        deadline = .now() + Self.lingerTime
        if isReadingStopped {
            isReadingStopped = false
            context?.channel.setOption(.autoRead, value: true).whenComplete { _ in }
        }
        context?.close(mode: .output, promise: nil)
    }

    private func close() {
        phase = .ending
        context?.close(promise: nil)
    }
}
