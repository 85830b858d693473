internal import COpenSSL
public import GatehouseTime

/// What a verified client certificate says about its holder. Made once a handshake; deciding reads nothing else of it.
public struct ClientCertificate: Sendable, Hashable {
    public let subject: DistinguishedName
    /// SHA-256 of the DER SubjectPublicKeyInfo: what a pin names.
    public let spkiSHA256: [UInt8]
    /// SHA-256 of the whole DER certificate: `x5t#S256` (RFC 8705 section 3.1).
    public let sha256: [UInt8]
    public let notAfter: WallTime

    public init(subject: DistinguishedName, spkiSHA256: [UInt8], sha256: [UInt8], notAfter: WallTime) {
        self.subject = subject
        self.spkiSHA256 = spkiSHA256
        self.sha256 = sha256
        self.notAfter = notAfter
    }

    /// Reads the first certificate of a PEM text. Nothing is verified.
    public init(pem: String) throws(CryptoError) {
        let info = try CertificateInfo(pem: pem)
        self.init(subject: info.subject, spkiSHA256: info.spkiSHA256, sha256: info.sha256, notAfter: info.notAfter)
    }

    /// Reads an `X509`, which stays the caller's; nil where it cannot be encoded.
    package init?(certificate: OpaquePointer) {
        guard let info = try? CertificateInfo(certificate: certificate) else { return nil }
        self.init(subject: info.subject, spkiSHA256: info.spkiSHA256, sha256: info.sha256, notAfter: info.notAfter)
    }
}
