internal import COpenSSL
internal import GatehouseCrypto
public import NIOCore

/// TLS over OpenSSL on a channel: ciphertext below, plaintext above, `ByteBuffer` both ways.
///
/// Data written is encrypted at the next flush, all of it at once, and the write's promise follows the ciphertext. Plaintext is handed
/// up in a buffer that all connections of the loop share (``TLSLoopBuffers``).
///
/// - ``TLSEvent/handshakeCompleted(_:)`` is fired before any data. How long a handshake may take is the owner's to watch:
///   ``isHandshaking``.
/// - A peer that ends its half with close_notify is `ChannelEvent.inputClosed`; what came before it is whole. A connection that ends
///   without it, or a TCP half that does, is ``TLSError/Code/truncated`` (RFC 8446 section 6.1).
/// - `close(mode: .output)` sends close_notify and ends this half only; `close()` sends it and closes without waiting for the peer's.
///   Data not flushed by then fails.
/// - After any error the alert has been sent where there is one, the error is fired, and the channel is closed.
public final class TLSHandler: ChannelDuplexHandler {
    public typealias InboundIn = ByteBuffer
    public typealias InboundOut = ByteBuffer
    public typealias OutboundIn = ByteBuffer
    public typealias OutboundOut = ByteBuffer

    /// What the finished handshake agreed on; nil before.
    public private(set) var session: TLSSessionInfo?

    /// The server's context; nil in a client.
    let server: TLSServerContext?
    private let client: TLSClientContext?
    private let clientServerName: String
    private let shared: TLSLoopBuffers

    private var phase = Phase.idle
    /// Made when there is something to do with it, and freed with the handler's place in the pipeline.
    private var ssl: OpaquePointer?
    private var identity: Int?
    private var serverName: String?
    /// Ciphertext that OpenSSL has not taken yet; empty between events.
    private var received = ByteBuffer()
    private var isReading = false
    /// close_notify was received, or the connection ended without it.
    private var inputEnded = false
    /// Something was written below and waits for the end of this round of reads to be flushed.
    private var needsFlush = false

    private var pendingData = ByteBuffer()
    private var pendingPromise: EventLoopPromise<Void>?
    private var flushRequested = false

    private enum Phase {
        /// Nothing was sent or received. Exits: handshaking, closed.
        case idle
        /// Exits: open, closed.
        case handshaking
        /// Exits: outputClosed, closed.
        case open
        /// close_notify was sent; reading goes on. Exits: closed.
        case outputClosed
        case closed
    }

    public init(server: TLSServerContext, shared: TLSLoopBuffers) {
        self.server = server
        self.client = nil
        self.clientServerName = ""
        self.shared = shared
    }

    /// - Parameter serverName: the name or IP address that the peer's certificate must be for.
    public init(client: TLSClientContext, serverName: String, shared: TLSLoopBuffers) {
        self.server = nil
        self.client = client
        self.clientServerName = serverName
        self.shared = shared
    }

    deinit { SSL_free(ssl) }

    /// The connection is neither ready for data nor ended.
    public var isHandshaking: Bool { phase == .idle || phase == .handshaking }

    // MARK: Channel events

    public func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { start(context) }
    }

    public func handlerRemoved(context: ChannelHandlerContext) {
        phase = .closed
        release()
        failPending(ChannelError.ioOnClosedChannel)
    }

    public func channelActive(context: ChannelHandlerContext) {
        start(context)
        context.fireChannelActive()
    }

    public func channelInactive(context: ChannelHandlerContext) {
        let ended = phase
        phase = .closed
        received = ByteBuffer()
        failPending(ChannelError.eof)
        switch ended {
        case .handshaking: context.fireErrorCaught(TLSError(.abandoned, "the peer left during the TLS handshake"))
        case .open where !inputEnded: context.fireErrorCaught(Self.truncated)
        case .outputClosed where !inputEnded: context.fireErrorCaught(Self.truncated)
        case .idle, .open, .outputClosed, .closed: break
        }
        context.fireChannelInactive()
    }

    public func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var buffer = unwrapInboundIn(data)
        guard phase != .closed, !inputEnded, buffer.readableBytes > 0 else { return }
        if phase == .idle {
            guard beginServing(context, first: buffer) else { return }
        }
        if received.readableBytes == 0 { received = buffer } else { received.writeBuffer(&buffer) }
        buffer = ByteBuffer()
        // Called from within our own fireChannelRead, the outer turn takes these bytes too.
        guard !isReading else { return }
        isReading = true
        if phase == .handshaking { shakeHands(context) }
        readAll(context)
        isReading = false
    }

    public func channelReadComplete(context: ChannelHandlerContext) {
        context.fireChannelReadComplete()
        flushBelow(context)
    }

    public func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // TCP's end of input. After close_notify it says nothing new; without it, the peer's last words may be missing.
        if let event = event as? ChannelEvent, event == .inputClosed {
            switch phase {
            case .open, .outputClosed:
                guard !inputEnded else { return }
                inputEnded = true
                context.fireErrorCaught(Self.truncated)
            case .handshaking:
                fail(context, TLSError(.abandoned, "the peer left during the TLS handshake"))
                return
            case .idle, .closed: break
            }
        }
        context.fireUserInboundEventTriggered(event)
    }

    public func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard phase != .closed, phase != .outputClosed else {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        var buffer = unwrapOutboundIn(data)
        if pendingData.readableBytes == 0 { pendingData = buffer } else { pendingData.writeBuffer(&buffer) }
        guard let promise else { return }
        if let pendingPromise { pendingPromise.futureResult.cascade(to: promise) } else { pendingPromise = promise }
    }

    public func flush(context: ChannelHandlerContext) {
        switch phase {
        case .idle, .handshaking: flushRequested = true
        case .open:
            encryptPending(context)
            needsFlush = false
            context.flush()
        case .outputClosed, .closed: context.flush()
        }
    }

    public func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        guard mode != .input else {
            context.close(mode: mode, promise: promise)
            return
        }
        failPending(ChannelError.ioOnClosedChannel)
        sendCloseNotify(context)
        phase = mode == .all || phase != .outputClosed ? .closed : .outputClosed
        context.close(mode: mode, promise: promise)
    }

    // MARK: Handshake

    private func start(_ context: ChannelHandlerContext) {
        // A server waits for the first bytes before it spends anything on a connection.
        guard phase == .idle, let client else { return }
        guard let ssl = makeSSL(client.context), TLSClientContext.bind(ssl, to: clientServerName) else {
            fail(context, .openSSL(.handshake, "no TLS connection to \"\(clientServerName)\" can be made"))
            return
        }
        SSL_set_connect_state(ssl)
        phase = .handshaking
        shakeHands(context)
        flushBelow(context)
    }

    /// Looks at the first bytes of a connection; false where it ends here.
    private func beginServing(_ context: ChannelHandlerContext, first: ByteBuffer) -> Bool {
        guard let server, let identity = server.identities.first else { return false }
        if let byte = first.getInteger(at: first.readerIndex, as: UInt8.self), PlainHTTPAnswer.begins(with: byte) {
            phase = .closed
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: PlainHTTPAnswer.text)), promise: nil)
            context.fireErrorCaught(TLSError(.plainHTTP, "the peer spoke plain HTTP to a TLS port"))
            context.close(mode: .all, promise: nil)
            return false
        }
        guard let ssl = makeSSL(identity.context) else {
            fail(context, .openSSL(.handshake, "no TLS connection can be made"))
            return false
        }
        SSL_set_accept_state(ssl)
        phase = .handshaking
        return true
    }

    private func makeSSL(_ context: OpaquePointer) -> OpaquePointer? {
        Self.clearErrors()
        guard let ssl = SSL_new(context) else { return nil }
        guard let bio = ChannelBIO.make(for: self), SSL_set_ex_data(ssl, 0, Unmanaged.passUnretained(self).toOpaque()) == 1 else {
            SSL_free(ssl)
            return nil
        }
        SSL_set_bio(ssl, bio, bio)
        self.ssl = ssl
        return ssl
    }

    private func shakeHands(_ context: ChannelHandlerContext) {
        guard let ssl else { return }
        Self.clearErrors()
        shared.prepareOutgoing()
        let result = SSL_do_handshake(ssl)
        if result == 1 {
            handOver(context, promise: nil)
            let session = describeSession(ssl)
            self.session = session
            phase = .open
            if flushRequested { encryptPending(context) }
            context.fireUserInboundEventTriggered(TLSEvent.handshakeCompleted(session))
            return
        }
        switch SSL_get_error(ssl, result) {
        case SSL_ERROR_WANT_READ: handOver(context, promise: nil)
        default: fail(context, handshakeError(ssl))
        }
    }

    private func handshakeError(_ ssl: OpaquePointer) -> TLSError {
        let verified = SSL_get_verify_result(ssl)
        guard verified != X509_V_OK else { return .openSSL(.handshake, "the TLS handshake failed") }
        Self.clearErrors()
        let reason = X509_verify_cert_error_string(verified).map { String(cString: $0) } ?? "error \(verified)"
        return TLSError(
            .certificate,
            server == nil
                ? "the certificate of \(clientServerName) was refused: \(reason)" : "the client certificate was refused: \(reason)",
            isUnknownAuthority: [
                X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN,
                X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE,
            ].contains(CInt(truncatingIfNeeded: verified)))
    }

    private func describeSession(_ ssl: OpaquePointer) -> TLSSessionInfo {
        var certificate: ClientCertificate?
        var proof: ClientProof?
        if let server, SSL_get_verify_result(ssl) == X509_V_OK, let presented = SSL_get0_peer_certificate(ssl),
            let authority = server.authorityDigest(of: identity ?? 0)
        {
            proof = ClientProof(ssl, authority: authority)
            certificate = proof.flatMap { _ in ClientCertificate(certificate: presented) }
        }
        return TLSSessionInfo(
            version: SSL_get_version(ssl).map { String(cString: $0) } ?? "",
            cipher: SSL_CIPHER_get_name(SSL_get_current_cipher(ssl)).map { String(cString: $0) } ?? "",
            resumed: SSL_session_reused(ssl) == 1, identity: identity ?? 0,
            serverName: server == nil ? clientServerName : serverName, clientCertificate: certificate, clientProof: proof)
    }

    // MARK: Data

    /// Decrypts and hands up everything received. Whatever runs above may write, close or remove this handler meanwhile.
    private func readAll(_ context: ChannelHandlerContext) {
        while received.readableBytes > 0, !inputEnded, phase == .open || phase == .outputClosed, let ssl {
            shared.clearPlaintext()
            shared.prepareOutgoing()
            Self.clearErrors()
            var outcome = SSL_ERROR_NONE
            repeat {
                let count = shared.plaintext.writeWithUnsafeMutableBytes(minimumWritableBytes: TLSLoopBuffers.recordSize) { room in
                    Int(max(SSL_read(ssl, room.baseAddress, Int32(clamping: room.count)), 0))
                }
                if count == 0 { outcome = SSL_get_error(ssl, 0) }
            } while outcome == SSL_ERROR_NONE && received.readableBytes > 0 && shared.plaintext.writableBytes >= TLSLoopBuffers.recordSize
            handOver(context, promise: nil)  // An answer to a key update.
            if shared.plaintext.readableBytes > 0 { context.fireChannelRead(wrapInboundOut(shared.plaintext)) }
            finishRead(context, outcome)
        }
        shared.recycle(received)
        received = ByteBuffer()
    }

    private func finishRead(_ context: ChannelHandlerContext, _ outcome: Int32) {
        switch outcome {
        case SSL_ERROR_NONE, SSL_ERROR_WANT_READ: return
        case SSL_ERROR_ZERO_RETURN:
            inputEnded = true
            if phase != .closed { context.fireUserInboundEventTriggered(ChannelEvent.inputClosed) }
        default:
            fail(context, .openSSL(.protocolViolation, "the TLS connection broke"))
        }
    }

    /// Encrypts what was written and writes it below, unflushed.
    private func encryptPending(_ context: ChannelHandlerContext) {
        flushRequested = false
        guard let ssl, pendingData.readableBytes > 0 || pendingPromise != nil else { return }
        let data = pendingData
        pendingData = ByteBuffer()
        let promise = pendingPromise
        pendingPromise = nil
        Self.clearErrors()
        shared.prepareOutgoing()
        let done = data.withUnsafeReadableBytes { bytes in
            // The BIO takes everything, so that anything short of the whole is a broken connection.
            var rest = bytes[...]
            while !rest.isEmpty {
                var written = 0
                guard SSL_write_ex(ssl, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count, &written) == 1, written > 0 else {
                    return false
                }
                rest = rest.dropFirst(written)
            }
            return true
        }
        if done {
            handOver(context, promise: promise)
        } else {
            let error = TLSError.openSSL(.protocolViolation, "data could not be encrypted")
            promise?.fail(error)
            fail(context, error)
        }
    }

    /// Writes the ciphertext made since `prepareOutgoing` below, unflushed. A promise goes with it, or with an empty write.
    private func handOver(_ context: ChannelHandlerContext, promise: EventLoopPromise<Void>?) {
        guard shared.outgoing.readableBytes > 0 || promise != nil else { return }
        needsFlush = true
        context.write(wrapOutboundOut(shared.takeOutgoing()), promise: promise)
    }

    private func flushBelow(_ context: ChannelHandlerContext) {
        guard needsFlush else { return }
        needsFlush = false
        context.flush()
    }

    // MARK: Ends

    private func sendCloseNotify(_ context: ChannelHandlerContext) {
        guard phase == .open, let ssl else { return }
        Self.clearErrors()
        shared.prepareOutgoing()
        // 0: sent, and the peer's is still to come. 1: both.
        if SSL_shutdown(ssl) < 0 { Self.clearErrors() }
        phase = .outputClosed
        handOver(context, promise: nil)
        flushBelow(context)
    }

    /// Sends the alert that OpenSSL made, tells the handlers above, and closes.
    private func fail(_ context: ChannelHandlerContext, _ error: TLSError) {
        guard phase != .closed else { return }
        phase = .closed
        received = ByteBuffer()
        handOver(context, promise: nil)
        flushBelow(context)
        failPending(error)
        context.fireErrorCaught(error)
        context.close(mode: .all, promise: nil)
    }

    private func failPending(_ error: any Error) {
        pendingData = ByteBuffer()
        guard let promise = pendingPromise else { return }
        pendingPromise = nil
        promise.fail(error)
    }

    private func release() {
        SSL_free(ssl)
        ssl = nil
        received = ByteBuffer()
    }

    private static let truncated = TLSError(.truncated, "the connection ended without close_notify")

    /// An error left by anyone on this thread would turn the next "wants more" into a failure.
    private static func clearErrors() {
        if ERR_peek_error() != 0 { ERR_clear_error() }
    }
}

// MARK: Called by OpenSSL, from within the functions above

extension TLSHandler {
    static func of(_ ssl: OpaquePointer) -> TLSHandler? {
        SSL_get_ex_data(ssl, 0).map { Unmanaged<TLSHandler>.fromOpaque($0).takeUnretainedValue() }
    }

    /// Copies received ciphertext out and returns how much; 0 where there is none.
    func takeReceived(into bytes: UnsafeMutableRawPointer, count: Int) -> Int {
        let taken = min(count, received.readableBytes)
        guard taken > 0 else { return 0 }
        received.withUnsafeReadableBytes { source in
            if let start = source.baseAddress { bytes.copyMemory(from: start, byteCount: taken) }
        }
        received.moveReaderIndex(forwardBy: taken)
        return taken
    }

    func appendOutgoing(_ bytes: UnsafeRawBufferPointer) {
        shared.outgoing.writeBytes(bytes)
    }

    /// Moves the connection to the SSL_CTX for the name in its ClientHello. False: a second ClientHello asks for another name.
    func chooseIdentity(_ ssl: OpaquePointer) -> Bool {
        guard let server else { return false }
        var extensionBytes: UnsafePointer<UInt8>?
        var count = 0
        var name: String?
        if SSL_client_hello_get0_ext(ssl, UInt32(TLSEXT_TYPE_server_name), &extensionBytes, &count) == 1 {
            name = ServerNameExtension.hostName(UnsafeRawBufferPointer(start: extensionBytes, count: count))
        }
        let index = server.identity(forServerName: name)
        if let identity { return identity == index && serverName == name }
        guard server.identities.indices.contains(index) else { return false }
        let chosen = server.identities[index]
        identity = index
        serverName = name
        // The first SSL_CTX gave the SSL its verify mode and session-id context when it was made; neither follows by itself.
        if index != 0, SSL_set_SSL_CTX(ssl, chosen.context) == nil { return false }
        SSL_set_verify(ssl, chosen.asksForCertificate ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nil)
        return SSL_set_session_id_context(ssl, chosen.sessionContext, UInt32(chosen.sessionContext.count)) == 1
    }
}
