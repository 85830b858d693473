#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

extension UnsafeRawBufferPointer {
    /// Where `byte` stands first at or after `start`.
    func firstIndex(of byte: UInt8, from start: Int) -> Int? {
        guard start < count, let base = baseAddress, let found = memchr(base + start, Int32(byte), count - start) else { return nil }
        return UnsafeRawPointer(found) - base
    }

    /// Where `literal`, which is not empty, begins first at or after `start`.
    func firstIndex(of literal: StaticString, from start: Int = 0) -> Int? {
        var position = start
        while let found = firstIndex(of: literal.utf8Start.pointee, from: position) {
            if has(literal, at: found) { return found }
            position = found + 1
        }
        return nil
    }

    func has(_ literal: StaticString, at position: Int) -> Bool {
        let length = literal.utf8CodeUnitCount
        guard position >= 0, position <= count - length, let base = baseAddress else { return false }
        return memcmp(base + position, literal.utf8Start, length) == 0
    }

    func equals(_ other: UnsafeRawBufferPointer) -> Bool {
        guard count == other.count, let base = baseAddress, let otherBase = other.baseAddress else { return count == other.count }
        return memcmp(base, otherBase, count) == 0
    }

    /// What stands between the first `opening` and the next `closing`.
    func range(between opening: StaticString, and closing: StaticString) -> Range<Int>? {
        guard let found = firstIndex(of: opening) else { return nil }
        let start = found + opening.utf8CodeUnitCount
        guard let end = firstIndex(of: closing, from: start) else { return nil }
        return start..<end
    }

    func part(_ range: Range<Int>) -> UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: self[range]) }
}
