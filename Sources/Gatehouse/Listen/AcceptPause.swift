import Logging
import NIOCore

/// In a listening socket's pipeline: when the system has no descriptor or memory for a new connection, taking in pauses instead of being
/// tried in a spin (SEC-93). Who waits stays in the kernel's queue.
///
/// NIO's own `AcceptBackoffHandler` delays the next read, but the one that failed stays registered, and the selector reports it at once
/// again; turning automatic reading off is what takes it away.
final class AcceptPause: ChannelInboundHandler {
    typealias InboundIn = any Channel

    static let length = TimeAmount.milliseconds(100)
    /// A state that lasts is said again this often.
    static let silence = TimeAmount.minutes(1)

    private let log: Logger
    private let listener: String
    private var nextWarning = NIODeadline.uptimeNanoseconds(0)

    /// - Parameter listener: what it is called in the log.
    init(_ listener: String, log: Logger) {
        self.listener = listener
        self.log = log
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        let now = NIODeadline.now()
        if now >= nextWarning {
            nextWarning = now + Self.silence
            log.warning("cannot take in connections at present", metadata: ["listener": "\(listener)", "error": "\(error)"])
        }
        let channel = context.channel
        channel.setOption(.autoRead, value: false).whenComplete { _ in }
        channel.eventLoop.scheduleTask(in: Self.length) { channel.setOption(.autoRead, value: true).whenComplete { _ in } }
        context.fireErrorCaught(error)
    }
}
