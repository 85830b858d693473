import GatehousePolicy
import GatehouseTLS
import NIOCore
import NIOPosix

/// The connections of one event loop to one handler. Lives on that loop.
///
/// A request is written once and never again on its own: a connection that fails under it is the handler's failure (design: at least once is
/// the sender's part), so idle connections are dropped well before handlers usually close them.
final class RelayPool {
    /// Node closes idle connections after 5 seconds, most others later.
    static let idleSeconds = 4
    /// Connections of one loop to one handler; requests past it wait for one to come back.
    static let connectionLimit = 256

    let target: RelayTarget
    /// Answers are returned with all their fields; relaying needs none of them.
    let keepsFields: Bool
    private let eventLoop: any EventLoop
    /// Of the next connection: the policy's files and times may have changed since the pool was made.
    private var tls: TLSClientContext?
    var connectTimeout: TimeAmount
    private let buffers: TLSLoopBuffers
    /// The most recently used last, and used first: the rest grow old together.
    private var idle: [RelayConnection] = []
    private var open: [ObjectIdentifier: RelayConnection] = [:]
    private var connecting = 0
    private var waiting: CircularBuffer<Waiter> = []

    /// Why the last connection could not be had, or ended; for the log.
    var lastError: String?
    /// The last connection ended because the other side's certificate comes from no authority that is trusted here.
    var isUnknownAuthority = false

    private struct Waiter {
        var request: ByteBuffer
        var ticket: RelayTicket
        var completion: (Result<RelayConnection.Response, RelayConnection.Failure>) -> Void
    }

    init(
        target: RelayTarget, eventLoop: any EventLoop, tls: TLSClientContext?, buffers: TLSLoopBuffers, connectTimeout: TimeAmount,
        keepsFields: Bool = false
    ) {
        self.target = target
        self.keepsFields = keepsFields
        self.eventLoop = eventLoop
        self.tls = tls
        self.buffers = buffers
        self.connectTimeout = connectTimeout
    }

    /// Sends `request` on an idle or new connection. `completion` is called once, unless the ticket was cancelled before anything was sent.
    func send(
        _ request: ByteBuffer, completion: @escaping (Result<RelayConnection.Response, RelayConnection.Failure>) -> Void
    ) -> RelayTicket {
        let ticket = RelayTicket()
        let now = NIODeadline.now()
        while let connection = idle.popLast() {
            guard connection.isIdle, connection.idleUntil > now else {
                connection.close()
                continue
            }
            ticket.start(on: connection)
            connection.send(request, completion: completion)
            return ticket
        }
        waiting.append(Waiter(request: request, ticket: ticket, completion: completion))
        if open.count + connecting < Self.connectionLimit { connect() }
        return ticket
    }

    func giveBack(_ connection: RelayConnection) {
        while let waiter = waiting.popFirst() {
            guard !waiter.ticket.isCancelled else { continue }
            waiter.ticket.start(on: connection)
            // In the next turn: the caller is still in the middle of the answer before.
            eventLoop.execute {
                [connection = NIOLoopBound(connection, eventLoop: eventLoop), waiter = NIOLoopBound(waiter, eventLoop: eventLoop)] in
                connection.value.send(waiter.value.request, completion: waiter.value.completion)
            }
            return
        }
        idle.append(connection)
    }

    func forget(_ connection: RelayConnection) {
        open[ObjectIdentifier(connection)] = nil
        idle.removeAll { $0 === connection }
        if !waiting.isEmpty, open.count + connecting < Self.connectionLimit { connect() }
    }

    /// Closes what has been idle too long; called now and then by the loop.
    func sweep(at now: NIODeadline) {
        for connection in idle where connection.idleUntil <= now { connection.close() }
        idle.removeAll { $0.idleUntil <= now }
    }

    /// Connections from now on are made with `tls`; where it is another than before, no request goes out on an idle one.
    func adopt(_ tls: TLSClientContext?) {
        guard self.tls !== tls else { return }
        self.tls = tls
        close()
    }

    /// Closes idle connections; busy ones finish first.
    func close() {
        idle.forEach { $0.close() }
        idle = []
    }

    var isUnused: Bool { open.isEmpty && connecting == 0 && waiting.isEmpty }

    private func connect() {
        connecting += 1
        let target = target
        let tls = tls
        let pool = NIOLoopBound(self, eventLoop: eventLoop)
        // A literal address is not resolved, so it is looked at here.
        if let literal = IPAddress(target.host), !OutboundAddress.isAllowed(literal) {
            return eventLoop.execute { [pool = NIOLoopBound(self, eventLoop: eventLoop)] in
                pool.value.connecting -= 1
                pool.value.failFirst()
            }
        }
        let future = ClientBootstrap(group: eventLoop)
            .resolver(CheckedResolver(eventLoop: eventLoop))
            .connectTimeout(connectTimeout)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.allowRemoteHalfClosure, value: false)
            .channelInitializer { channel in
                channel.eventLoop.assumeIsolatedUnsafeUnchecked().makeCompletedFuture {
                    if let tls {
                        let handler = TLSHandler(client: tls, serverName: target.host, shared: pool.value.buffers)
                        try channel.pipeline.syncOperations.addHandler(handler)
                    }
                    try channel.pipeline.syncOperations.addHandler(RelayConnection(pool: pool.value))
                }
            }
            .connect(host: target.host, port: target.port)
        future.assumeIsolatedUnsafeUnchecked().whenComplete { result in
            let pool = pool.value
            pool.connecting -= 1
            switch result {
            case .success(let channel):
                guard let connection = try? channel.pipeline.syncOperations.handler(type: RelayConnection.self), connection.context != nil
                else {
                    return pool.failFirst()
                }
                pool.open[ObjectIdentifier(connection)] = connection
                pool.giveBack(connection)
            case .failure(let error):
                pool.lastError = ConnectFailure.text(error, target)
                pool.failFirst()
            }
        }
    }

    /// A connection could not be had: the request that has waited longest learns of it, the next one tries again.
    private func failFirst() {
        while let waiter = waiting.popFirst() {
            guard !waiter.ticket.isCancelled else { continue }
            waiter.completion(.failure(.closed))
            break
        }
        if !waiting.isEmpty, connecting == 0 { connect() }
    }
}

/// Follows one request to a handler, for giving up on it.
final class RelayTicket {
    private(set) var isCancelled = false
    private var connection: RelayConnection?

    func start(on connection: RelayConnection) { self.connection = connection }

    /// The request was written: the handler may act on it, whatever becomes of its answer.
    var isSent: Bool { connection != nil }

    /// Before the request was sent: it never will be. After: the connection closes, since an answer that nobody waits for blocks it.
    func cancel() {
        isCancelled = true
        connection?.close()
        connection = nil
    }
}
