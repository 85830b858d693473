import GatehousePolicy
import NIOCore

/// Reads the PROXY protocol's version 2 preamble in front of TLS, from trusted proxies only (SEC-23), then steps aside.
///
/// A peer that is no trusted proxy never gets this handler, so a preamble from it reaches TLS and fails there.
final class ProxyProtocolHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    /// Address block and TLVs; proxies send far less.
    static let lengthLimit = 2 * 1024

    /// Called once, with the address that the proxy speaks for; nil for its own health checks (`LOCAL`).
    private let found: (IPAddress?) -> Void
    private var pending = ByteBuffer()
    private var isDone = false

    init(found: @escaping (IPAddress?) -> Void) { self.found = found }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        guard !isDone else { return context.fireChannelRead(wrapInboundOut(bytes)) }
        pending.writeBuffer(&bytes)
        switch ProxyPreamble.parse(pending.readableBytesView) {
        case .incomplete: break
        case .malformed:
            isDone = true
            context.close(promise: nil)
        case .complete(let source, let length):
            isDone = true
            pending.moveReaderIndex(forwardBy: length)
            found(source)
            if pending.readableBytes > 0 { context.fireChannelRead(wrapInboundOut(pending)) }
            pending = ByteBuffer()
            context.pipeline.syncOperations.removeHandler(self, promise: nil)
        }
    }
}

/// The preamble itself: 12 bytes of signature, version and command, family, length, addresses.
enum ProxyPreamble: Equatable {
    case incomplete
    case malformed
    case complete(source: IPAddress?, length: Int)

    static let signature: [UInt8] = [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a]

    static func parse(_ view: ByteBufferView) -> ProxyPreamble {
        let bytes = [UInt8](view.prefix(16 + ProxyProtocolHandler.lengthLimit))
        guard bytes.prefix(12).elementsEqual(signature.prefix(bytes.count)) else { return .malformed }
        guard bytes.count >= 16 else { return .incomplete }
        guard bytes[12] >> 4 == 2, bytes[12] & 0x0f <= 1 else { return .malformed }
        let length = Int(bytes[14]) << 8 | Int(bytes[15])
        guard length <= ProxyProtocolHandler.lengthLimit else { return .malformed }
        guard bytes.count >= 16 + length else { return .incomplete }
        if bytes[12] & 0x0f == 0 { return .complete(source: nil, length: 16 + length) }
        func number(_ offset: Int, _ count: Int) -> UInt64 {
            bytes[offset..<(offset + count)].reduce(0) { $0 << 8 | UInt64($1) }
        }
        switch bytes[13] {
        case 0x11:
            guard length >= 12 else { return .malformed }
            return .complete(source: IPAddress(v4: UInt32(truncatingIfNeeded: number(16, 4))), length: 16 + length)
        case 0x21:
            guard length >= 36 else { return .malformed }
            return .complete(source: IPAddress(high: number(16, 8), low: number(24, 8)), length: 16 + length)
        default: return .malformed
        }
    }
}
