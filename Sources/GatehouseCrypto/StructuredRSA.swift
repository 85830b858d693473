internal import COpenSSL

/// RSA keys whose primes come from a known faulty generator (CVE-2017-15361): the private key follows from the public one.
///
/// Each of its primes is a power of 65537 modulo the product of the first primes, so the modulus is one too. Of other moduli the
/// same holds for about one in two hundred million.
enum StructuredRSA {
    static func matches(_ key: Key) -> Bool {
        var modulus: OpaquePointer?
        guard EVP_PKEY_get_bn_param(key.pointer, "n", &modulus) == 1, let modulus else { return false }
        defer { BN_free(modulus) }
        return powers.allSatisfy { prime, residues in residues.contains(UInt64(BN_mod_word(modulus, UInt(prime)))) }
    }

    /// For each prime, the powers of 65537 modulo it.
    private static let powers: [(prime: UInt64, residues: Set<UInt64>)] = primes.map { prime in
        var residues: Set<UInt64> = []
        var power: UInt64 = 1
        while residues.insert(power).inserted { power = power * 65_537 % prime }
        return (prime, residues)
    }

    private static let primes: [UInt64] = [
        3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109, 113, 127, 131, 137,
        139, 149, 151, 157, 163, 167,
    ]
}
