/// Tells damage, not malice: 64 bits over the bytes of a file's part. Whoever can write the state directory holds the master key too.
enum Checksum {
    /// Folds eight bytes at a time with a widening multiplication: one pass at memory speed, so that a start can check every filter.
    static func compute(_ bytes: UnsafeRawBufferPointer, seed: UInt64 = 0) -> UInt64 {
        var state = seed ^ 0x9e37_79b9_7f4a_7c15 &* UInt64(truncatingIfNeeded: bytes.count &+ 1)
        var offset = 0
        while offset + 8 <= bytes.count {
            state = fold(state ^ UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)))
            offset += 8
        }
        var rest: UInt64 = 0
        while offset < bytes.count {
            rest = rest << 8 | UInt64(bytes[offset])
            offset += 1
        }
        return fold(state ^ rest) ^ state
    }

    private static func fold(_ value: UInt64) -> UInt64 {
        // The added constant keeps a zero from swallowing everything before it.
        let product = (value &+ 0xd6e8_feb8_6659_fd93).multipliedFullWidth(by: 0xa076_1d64_78bd_642f)
        return product.high ^ product.low
    }
}
