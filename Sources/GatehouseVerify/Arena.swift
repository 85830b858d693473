/// Memory for what one request needs decoded; everything in it goes when the next request begins. What is handed out stays at its address
/// until then.
final class Arena {
    // Private, and no access runs within another: the run-time check of that is off.
    @exclusivity(unchecked) private var blocks: [UnsafeMutableRawBufferPointer] = []
    @exclusivity(unchecked) private var used = 0

    init() { blocks.append(.allocate(byteCount: Self.blockSize, alignment: 16)) }

    deinit { for block in blocks { block.deallocate() } }

    func allocate(_ count: Int) -> UnsafeMutableRawBufferPointer {
        if let last = blocks.last, last.count - used >= count {
            defer { used += count }
            return UnsafeMutableRawBufferPointer(rebasing: last[used..<used + count])
        }
        let block = UnsafeMutableRawBufferPointer.allocate(byteCount: max(count, Self.blockSize), alignment: 16)
        blocks.append(block)
        used = count
        return UnsafeMutableRawBufferPointer(rebasing: block[..<count])
    }

    /// Gives back the rest of what ``allocate(_:)`` handed out last.
    func shrinkLast(from count: Int, to kept: Int) { used -= count - kept }

    /// Keeps the first block, so that a usual request allocates nothing.
    func reset() {
        while blocks.count > 1 { blocks.removeLast().deallocate() }
        used = 0
    }

    private static let blockSize = 16 * 1024
}
