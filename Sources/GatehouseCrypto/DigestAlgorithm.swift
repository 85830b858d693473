internal import COpenSSL

/// The digests that schemes may name.
public enum DigestAlgorithm: Sendable, Hashable, CaseIterable {
    case sha1, sha256, sha384, sha512

    /// Bytes of a digest.
    public var length: Int {
        switch self {
        case .sha1: 20
        case .sha256: 32
        case .sha384: 48
        case .sha512: 64
        }
    }

    var name: String {
        switch self {
        case .sha1: "SHA1"
        case .sha256: "SHA256"
        case .sha384: "SHA384"
        case .sha512: "SHA512"
        }
    }

    /// The EVP_MD. Every OpenSSL 3 default provider has the four; one without them cannot run a gateway at all.
    var method: OpaquePointer {
        let fetched =
            switch self {
            case .sha1: Fetched.sha1
            case .sha256: Fetched.sha256
            case .sha384: Fetched.sha384
            case .sha512: Fetched.sha512
            }
        guard let pointer = fetched.pointer else { fatalError("this OpenSSL offers no \(name); see openssl.cnf") }
        return pointer
    }
}
