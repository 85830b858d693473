import GatehousePolicy
import GatehouseTLS
import NIOCore
import NIOPosix

/// Takes connections in on one socket of one event loop and gives each its pipeline.
enum Acceptor {
    /// Completes when the socket is being read from.
    static func start(socket: CInt, listener: Int, loop: LoopState) -> EventLoopFuture<any Channel> {
        let eventLoop = loop.eventLoop
        let allocator = loop.tlsBuffers.receiveAllocator
        let loop = NIOLoopBound(loop, eventLoop: eventLoop)
        return ServerBootstrap(group: eventLoop)
            .serverChannelOption(.maxMessagesPerRead, value: 32)
            .serverChannelInitializer { channel in
                channel.eventLoop.assumeIsolatedUnsafeUnchecked().makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(AcceptPause("listen \(listener + 1)", log: loop.value.log))
                }
            }
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            // One read a turn, into the loop's one buffer: idle connections hold none.
            .childChannelOption(.maxMessagesPerRead, value: 1)
            .childChannelOption(.recvAllocator, value: allocator)
            .childChannelInitializer { channel in
                channel.eventLoop.assumeIsolatedUnsafeUnchecked().makeCompletedFuture {
                    try admit(channel, listener: listener, loop: loop.value)
                }
            }
            .withBoundSocket(socket)
    }

    private static func admit(_ channel: any Channel, listener: Int, loop: LoopState) throws {
        guard let peer = channel.remoteAddress.flatMap(IPAddress.init) else { throw ChannelError.eof }
        let policy = loop.snapshot.policy.gateway
        guard let settings = policy.listeners.indices.contains(listener) ? policy.listeners[listener] : nil else { throw ChannelError.eof }
        let isProxy = policy.trustedProxies.contains { $0.contains(peer) }
        if let limit = loop.shared.connections.enter(peer, limits: policy.limits, exempt: isProxy) {
            loop.metrics.connectionRefused(limit)
            throw ChannelError.eof
        }
        let connection = Connection(loop: loop, listener: listener, peer: peer)
        do {
            let pipeline = channel.pipeline.syncOperations
            if settings.forwardedBy == .proxyV2, isProxy {
                try pipeline.addHandler(ProxyProtocolHandler { source in if let source { connection.peer = source } })
            }
            try pipeline.addHandler(TLSHandler(server: loop.snapshot.listeners[listener], shared: loop.tlsBuffers))
            try pipeline.addHandler(connection)
        } catch {
            loop.shared.connections.leave(peer)
            throw error
        }
        loop.metrics.connectionOpened()
    }
}

extension IPAddress {
    /// nil for a socket that has no IP address.
    init?(_ address: SocketAddress) {
        guard let text = address.ipAddress else { return nil }
        // A zone (`fe80::1%eth0`) names an interface of this machine, not the peer.
        self.init(text.prefix { $0 != "%" })
    }
}
