internal import COpenSSL

/// One-shot digests.
public enum Digest {
    public static func sha256(_ bytes: UnsafeRawBufferPointer) -> [UInt8] { compute(.sha256, bytes) }

    public static func sha256(_ bytes: [UInt8]) -> [UInt8] { bytes.withUnsafeBytes { compute(.sha256, $0) } }

    public static func compute(_ algorithm: DigestAlgorithm, _ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: algorithm.length) { buffer, count in
            guard EVP_Digest(bytes.baseAddress, bytes.count, buffer.baseAddress, nil, algorithm.method, nil) == 1 else {
                fatalError("OpenSSL could not compute \(algorithm.name)")  // It can only have run out of memory.
            }
            count = algorithm.length
        }
    }
}
