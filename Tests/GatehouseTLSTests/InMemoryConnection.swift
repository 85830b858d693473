import GatehouseTime
import NIOCore
import NIOEmbedded
import Synchronization

@testable import GatehouseTLS

/// A server and a client handler whose ciphertext is carried by hand, so that every step is a test's to order.
final class InMemoryConnection {
    let server = EmbeddedChannel()
    let client = EmbeddedChannel()
    private let serverLog = Log()
    private let clientLog = Log()
    // One pair of buffers for both ends, as for connections of one event loop.
    let shared = TLSLoopBuffers()

    var serverSeen: [Seen] { serverLog.seen.withLock { $0 } }
    var clientSeen: [Seen] { clientLog.seen.withLock { $0 } }

    init(
        _ serverContext: TLSServerContext, _ clientContext: TLSClientContext, name: String = "localhost",
        above: [any ChannelHandler] = [], behaviour: Recorder.Behaviour = .silent
    ) throws {
        let (serverLog, clientLog) = (serverLog, clientLog)
        try server.pipeline.syncOperations.addHandlers(
            [TLSHandler(server: serverContext, shared: shared)] + above + [
                Recorder(behaviour) { event in serverLog.seen.withLock { $0.append(event) } }
            ])
        try client.pipeline.syncOperations.addHandlers(
            TLSHandler(client: clientContext, serverName: name, shared: shared),
            Recorder { event in clientLog.seen.withLock { $0.append(event) } })
        let address = try SocketAddress(unixDomainSocketPath: "/in-memory")
        try server.connect(to: address).wait()
        try client.connect(to: address).wait()
    }

    /// Carries ciphertext until both are silent. `piece`: bytes a read.
    func carry(piece: Int = .max) {
        while true {
            let moved = [move(client, server, piece), move(server, client, piece)]
            if !moved.contains(true) { return }
        }
    }

    private func move(_ from: EmbeddedChannel, _ to: EmbeddedChannel, _ piece: Int) -> Bool {
        var moved = false
        while var bytes = try? from.readOutbound(as: ByteBuffer.self) {
            moved = true
            while let part = bytes.readSlice(length: min(piece, bytes.readableBytes)), part.readableBytes > 0 {
                guard to.isActive else { break }
                to.pipeline.fireChannelRead(part)
                to.pipeline.fireChannelReadComplete()
            }
        }
        return moved
    }

    func send(_ channel: EmbeddedChannel, _ text: String) {
        channel.writeAndFlush(ByteBuffer(string: text), promise: nil)
    }

    func finish() {
        _ = try? server.finish(acceptAlreadyClosed: true)
        _ = try? client.finish(acceptAlreadyClosed: true)
    }

    private final class Log: Sendable {
        let seen = Mutex<[Seen]>([])
    }
}

extension [Seen] {
    /// All data, joined.
    var data: String {
        var text = ""
        for case .data(let piece) in self { text += piece }
        return text
    }
}
