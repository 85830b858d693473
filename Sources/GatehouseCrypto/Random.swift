internal import COpenSSL

/// OpenSSL's generator, seeded by the system.
public enum Random {
    public static func bytes(_ count: Int) throws(CryptoError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        let done = bytes.withUnsafeMutableBytes { generate(into: $0) }
        guard done else { throw .openSSL("no random bytes") }
        return bytes
    }

    public static func fill(_ buffer: UnsafeMutableRawBufferPointer) throws(CryptoError) {
        guard generate(into: buffer) else { throw .openSSL("no random bytes") }
    }

    private static func generate(into buffer: UnsafeMutableRawBufferPointer) -> Bool {
        var rest = buffer[...]
        while !rest.isEmpty {
            let part = UnsafeMutableRawBufferPointer(rebasing: rest.prefix(1 << 20))
            guard RAND_bytes(part.baseAddress?.assumingMemoryBound(to: UInt8.self), Int32(part.count)) == 1 else { return false }
            rest = rest.dropFirst(part.count)
        }
        return true
    }
}
