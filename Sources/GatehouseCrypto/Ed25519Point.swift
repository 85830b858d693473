/// What an Ed25519 public key must not be, though OpenSSL takes it.
///
/// A point of small order accepts signatures that anybody can make: with R of small order and S = 0, one of eight tries fits any message.
/// These are the points whose order divides the cofactor 8 (RFC 8032 section 5.1): (0, 1), (0, −1), two with y = 0, and four whose double
/// has y = 0. On −x² + y² = 1 + d·x²y² a double has y = 0 where x² = −y², so their y solve d·y⁴ + 2y² − 1 = 0 (mod p), which has two
/// solutions.
enum Ed25519Point {
    /// Whether the 32 bytes are a point of small order, or a y that is not reduced, which RFC 8032 section 5.1.3 does not decode.
    static func isWeak(_ bytes: [UInt8]) -> Bool {
        guard bytes.count == 32 else { return true }
        // The top bit is the sign of x, and an order does not depend on it.
        var limbs = (0..<4).map { limb in (0..<8).reduce(UInt64(0)) { $0 | UInt64(bytes[limb * 8 + $1]) << (8 * $1) } }
        limbs[3] &= .max >> 1
        return !isBelow(limbs, prime) || small.contains(limbs)
    }

    /// Of numbers with the least significant limb first.
    private static func isBelow(_ left: [UInt64], _ right: [UInt64]) -> Bool {
        left.reversed().lexicographicallyPrecedes(right.reversed())
    }

    /// 2²⁵⁵ − 19.
    private static let prime: [UInt64] = [0xffff_ffff_ffff_ffed, .max, .max, .max >> 1]

    private static let small: [[UInt64]] = [
        [0, 0, 0, 0], [1, 0, 0, 0], [0xffff_ffff_ffff_ffec, .max, .max, .max >> 1],
        [0xb027_b2c2_8f95_e826, 0xf098_eff2_89f4_c345, 0x3933_c6d3_05ac_dfd5, 0x05fc_536d_8802_38b1],
        [0x4fd8_4d3d_706a_17c7, 0x0f67_100d_760b_3cba, 0xc6cc_392c_fa53_202a, 0x7a03_ac92_77fd_c74e],
    ]
}
