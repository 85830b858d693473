import GatehouseHTTP
import NIOCore

/// A copy of a request, for what cannot be decided while its bytes are still in the connection's buffer.
struct OwnedRequest: Sendable {
    private let head: RequestHead
    private let bytes: ByteBuffer
    private let body: ByteBuffer

    init(_ view: RequestView) {
        head = view.head
        bytes = ByteBuffer(bytes: UnsafeRawBufferPointer(rebasing: view.bytes[..<view.head.length]))
        body = ByteBuffer(bytes: view.body)
    }

    func withView<R>(_ work: (RequestView) -> R) -> R {
        bytes.withUnsafeReadableBytes { bytes in
            body.withUnsafeReadableBytes { body in work(RequestView(bytes: bytes, head: head, body: body)) }
        }
    }
}
