import Glibc
import Synchronization

/// Memory for secrets: whole pages of its own, left out of core dumps and, where the system's limits allow, never swapped out.
///
/// Blocks come in powers of two, so that thousands of short secrets do not take a page each. A freed block is wiped by its owner before
/// it comes back. Pages are never returned: a gateway's number of secrets is bounded by its policy.
enum SecretMemory {
    /// Free blocks by size class; the lock guards nothing else.
    private static let free = Mutex<[[Block]]>(Array(repeating: [], count: classes))

    private static let smallest = 32
    /// 32 bytes to 8 KiB.
    private static let classes = 9
    private static let slab = 64 * 1024

    /// An address owned by whoever took it from the list.
    private struct Block: @unchecked Sendable {
        // Sound: the address is only stored here; whoever takes it out of the list is its one user.
        let address: UnsafeMutableRawPointer
    }

    static func allocate(_ count: Int) -> UnsafeMutableRawPointer {
        guard let index = sizeClass(count) else { return pages(count) }
        return free.withLock { lists in
            if let block = lists[index].popLast() { return block.address }
            let size = smallest << index
            let base = pages(slab)
            for offset in stride(from: size, to: slab, by: size) { lists[index].append(Block(address: base + offset)) }
            return base
        }
    }

    /// `count` is the one given to ``allocate(_:)``. The bytes must have been wiped.
    static func release(_ address: UnsafeMutableRawPointer, count: Int) {
        guard let index = sizeClass(count) else {
            munmap(address, count)
            return
        }
        let block = Block(address: address)
        free.withLock { $0[index].append(block) }
    }

    private static func sizeClass(_ count: Int) -> Int? {
        var size = smallest
        for index in 0..<classes {
            if count <= size { return index }
            size <<= 1
        }
        return nil
    }

    private static func pages(_ count: Int) -> UnsafeMutableRawPointer {
        guard let base = mmap(nil, count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), base != MAP_FAILED else {
            fatalError("out of memory")
        }
        madvise(base, count, MADV_DONTDUMP)
        mlock(base, count)
        return base
    }
}
