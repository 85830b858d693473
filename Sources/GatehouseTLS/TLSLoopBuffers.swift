public import NIOCore

/// The buffers through which all TLS connections of one event loop pass their bytes, so that an idle connection holds none.
///
/// Made by and for one event loop.
public final class TLSLoopBuffers {
    /// Decrypted bytes on their way up. The next handler may keep what it is handed, at the price of one allocation for the next read.
    var plaintext: ByteBuffer
    /// Encrypted bytes on their way down, always one connection's alone: whoever fills it hands it over before anyone else runs.
    var outgoing: ByteBuffer

    /// What channels of the loop read into: nil while one is being used.
    private var receive: ByteBuffer?
    private let allocator = ByteBufferAllocator()

    /// The longest plaintext of a record: what a read must have room for to take all of it.
    static let recordSize = 16 * 1024
    private static let receiveSize = 32 * 1024
    private static let plaintextSize = 64 * 1024
    private static let outgoingSize = 4 * 1024
    private static let outgoingKept = 64 * 1024

    public init() {
        plaintext = allocator.buffer(capacity: Self.plaintextSize)
        outgoing = allocator.buffer(capacity: Self.outgoingSize)
    }

    /// For `ChannelOptions.recvAllocator` of the loop's channels, together with `maxMessagesPerRead` 1 (with more, each channel keeps
    /// buffers of its own again): all of them then read into one buffer, where NIO would keep one for each that grows to its largest
    /// read.
    public var receiveAllocator: any RecvByteBufferAllocator { LoopReceiveAllocator(buffers: self) }

    /// A buffer that was read into and whose bytes are used up. ``TLSHandler`` does this by itself.
    public func recycle(_ buffer: ByteBuffer) {
        if receive == nil, buffer.storageCapacity == Self.receiveSize { receive = buffer }
    }

    func takeReceive() -> ByteBuffer {
        guard var buffer = receive else { return allocator.buffer(capacity: Self.receiveSize) }
        receive = nil
        // Replaces one that someone still reads from.
        buffer.clear(minimumCapacity: Self.receiveSize)
        return buffer
    }

    /// Empties the plaintext buffer; one that was kept by its reader is replaced.
    func clearPlaintext() { plaintext.clear(minimumCapacity: Self.plaintextSize) }

    /// Makes room for new ciphertext once the last was handed over. A buffer still queued in a channel is replaced, and so is one grown
    /// large.
    func prepareOutgoing() {
        guard outgoing.readableBytes == 0, outgoing.writerIndex > 0 else { return }
        if outgoing.capacity > Self.outgoingKept {
            outgoing = allocator.buffer(capacity: Self.outgoingSize)
        } else {
            outgoing.clear(minimumCapacity: Self.outgoingSize)
        }
    }

    /// The ciphertext, which is the caller's from here on.
    func takeOutgoing() -> ByteBuffer {
        let bytes = outgoing
        outgoing.moveReaderIndex(to: outgoing.writerIndex)
        return bytes
    }
}
