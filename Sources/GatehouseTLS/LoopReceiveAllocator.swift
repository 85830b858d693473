import NIOCore

/// Has the channels of a loop read into that loop's one receive buffer.
struct LoopReceiveAllocator: RecvByteBufferAllocator, @unchecked Sendable {
    // Sound: a channel asks its allocator on its event loop only, which is that of the buffers.
    let buffers: TLSLoopBuffers
    private var hasRead = false

    /// What NIO keeps with the channel is the first buffer it gets, so that one is small: a usual ClientHello fits in, and the rest of a
    /// longer one comes with the next read.
    private static let first = 512

    init(buffers: TLSLoopBuffers) { self.buffers = buffers }

    func buffer(allocator: ByteBufferAllocator) -> ByteBuffer {
        hasRead ? buffers.takeReceive() : allocator.buffer(capacity: Self.first)
    }

    /// Says that the next buffer is another, as NIO would read into the one it keeps otherwise.
    mutating func record(actualReadBytes: Int) -> Bool {
        hasRead = true
        return true
    }
}
