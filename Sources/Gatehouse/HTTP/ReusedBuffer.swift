import NIOCore

/// One buffer's storage, written and sent again and again: a socket that takes all at once lets go of it before the next use.
struct ReusedBuffer {
    /// Storage that one large message made is not kept.
    static let mostKept = 64 * 1024

    private var buffer = ByteBuffer()

    /// Empty, with room for `capacity` bytes. New storage where the last user, or a socket, still holds the old.
    mutating func take(capacity: Int) -> ByteBuffer {
        var taken = ByteBuffer()
        swap(&taken, &buffer)
        taken.clear(minimumCapacity: capacity)
        return taken
    }

    mutating func giveBack(_ used: ByteBuffer) {
        if used.capacity <= Self.mostKept { buffer = used }
    }
}
