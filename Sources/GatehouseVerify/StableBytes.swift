/// Bytes at one address for as long as the object lives, so that plans can hand out pointers to their literals without a closure.
final class StableBytes: @unchecked Sendable {
    // Sound to share: the bytes are written before the initialiser returns and only read afterwards.
    let bytes: UnsafeRawBufferPointer

    init(_ source: [UInt8]) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: max(source.count, 1), alignment: 1)
        buffer.copyBytes(from: source)
        bytes = UnsafeRawBufferPointer(rebasing: buffer[..<source.count])
        base = buffer
    }

    convenience init(_ text: String) { self.init(Array(text.utf8)) }

    deinit { base.deallocate() }

    private let base: UnsafeMutableRawBufferPointer
}

extension UnsafeRawBufferPointer {
    func equals(_ other: [UInt8]) -> Bool { count == other.count && elementsEqual(other) }

    func hasPrefix(_ prefix: [UInt8]) -> Bool {
        count >= prefix.count && UnsafeRawBufferPointer(rebasing: self[..<prefix.count]).elementsEqual(prefix)
    }

    /// Offset of the first occurrence at or after `start`; nil for an empty needle.
    func offset(of needle: [UInt8], from start: Int = 0) -> Int? {
        guard let first = needle.first else { return nil }
        var position = start
        while count - position >= needle.count {
            if self[position] == first {
                var matched = 1
                while matched < needle.count, self[position + matched] == needle[matched] { matched += 1 }
                if matched == needle.count { return position }
            }
            position += 1
        }
        return nil
    }

    func slice(_ start: Int, _ end: Int) -> UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: self[start..<end]) }

    /// Without spaces and tabs at both ends.
    var trimmed: UnsafeRawBufferPointer {
        var start = 0
        var end = count
        while start < end, self[start] == 0x20 || self[start] == 0x09 { start += 1 }
        while end > start, self[end - 1] == 0x20 || self[end - 1] == 0x09 { end -= 1 }
        return slice(start, end)
    }
}
