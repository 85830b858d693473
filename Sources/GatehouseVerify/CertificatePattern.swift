package import GatehouseCrypto

/// Which client certificate proves a sender: one with this subject, compared as a structure, or with this public key (RFC 8705
/// section 2.1).
package enum CertificatePattern: Sendable {
    case subject(DistinguishedName)
    /// SHA-256 of the SubjectPublicKeyInfo, written `sha256//BASE64`.
    case pin([UInt8])

    package init?(_ value: Secret) {
        let parsed = value.withBytes { bytes -> CertificatePattern? in
            let text = String(decoding: bytes, as: UTF8.self)
            if text.hasPrefix(Self.pinPrefix) {
                guard let pin = Base64.decode(text.dropFirst(Self.pinPrefix.count)), pin.count == 32 else { return nil }
                return .pin(pin)
            }
            return DistinguishedName(rfc4514: text).map { .subject($0) }
        }
        guard let parsed else { return nil }
        self = parsed
    }

    package func matches(_ certificate: ClientCertificate) -> Bool {
        switch self {
        case .subject(let name): certificate.subject == name
        case .pin(let pin):
            pin.withUnsafeBytes { left in certificate.spkiSHA256.withUnsafeBytes { constantTimeEquals(left, $0) } }
        }
    }

    private static let pinPrefix = "sha256//"
}
