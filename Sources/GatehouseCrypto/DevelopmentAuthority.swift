internal import COpenSSL
public import GatehouseTime

/// A certificate with its private key, both in PEM.
public struct IssuedCertificate: Sendable {
    public let certificatePEM: String
    public let keyPEM: Secret

    public init(certificatePEM: String, keyPEM: Secret) {
        self.certificatePEM = certificatePEM
        self.keyPEM = keyPEM
    }
}

/// A P-256 certificate authority for a developer's machine and for tests. What it issues carries the usages that TLS peers check, but
/// there is no revocation and no record of serial numbers.
public struct DevelopmentAuthority: Sendable {
    public let certificatePEM: String
    public let keyPEM: Secret
    private let key: PrivateKey

    /// A new authority that signs itself, valid from a day before `now`.
    public static func make(
        commonName: String = "Gatehouse development CA", now: WallTime, validFor duration: Duration = .seconds(3_650 * 86_400)
    ) throws(CryptoError) -> DevelopmentAuthority {
        let key = try PrivateKey.generate(.p256)
        let template = CertificateTemplate(
            commonName: commonName, notBefore: now - .seconds(86_400), notAfter: now + duration,
            extensions: [
                (NID_basic_constraints, "critical,CA:TRUE,pathlen:0"), (NID_key_usage, "critical,keyCertSign,cRLSign"),
                (NID_subject_key_identifier, "hash"),
            ])
        return try DevelopmentAuthority(certificatePEM: try template.sign(key.publicKey, issuer: nil, with: key), key: key)
    }

    /// An authority made before.
    public init(certificatePEM: String, keyPEM: Secret) throws(CryptoError) {
        try self.init(certificatePEM: certificatePEM, key: PrivateKey(pem: keyPEM))
    }

    private init(certificatePEM: String, key: PrivateKey) throws(CryptoError) {
        guard try CertificateInfo(pem: certificatePEM).spkiSHA256 == key.publicKey.spkiSHA256 else {
            throw CryptoError(.malformed, "the authority's key is not its certificate's")
        }
        self.certificatePEM = certificatePEM
        self.key = key
        keyPEM = try key.pem()
    }

    /// A server certificate for host names and addresses; the first is its common name.
    public func issueServer(names: [String], now: WallTime, validFor duration: Duration = .seconds(397 * 86_400)) throws(CryptoError)
        -> IssuedCertificate
    {
        guard let first = names.first else { throw CryptoError(.malformed, "a server certificate needs a name") }
        var alternatives: [String] = []
        for name in names {
            // The text goes through OpenSSL's configuration syntax, in which a comma would begin another name.
            guard !name.isEmpty, name.utf8.allSatisfy({ Self.isNameByte($0) }) else {
                throw CryptoError(.malformed, "\"\(name)\" is no host name")
            }
            alternatives.append(Self.isAddress(name) ? "IP:\(name)" : "DNS:\(name)")
        }
        return try issue(
            CertificateTemplate(
                commonName: first, notBefore: now - .seconds(86_400), notAfter: now + duration,
                extensions: [
                    (NID_basic_constraints, "critical,CA:FALSE"), (NID_key_usage, "critical,digitalSignature"),
                    (NID_ext_key_usage, "serverAuth"),
                    (NID_subject_alt_name, alternatives.joined(separator: ",")), (NID_subject_key_identifier, "hash"),
                    (NID_authority_key_identifier, "keyid:always"),
                ]))
    }

    /// A client certificate, valid from `from` (a day before `now` where it is nil).
    public func issueClient(
        commonName: String, organization: String? = nil, now: WallTime, from: WallTime? = nil,
        validFor duration: Duration = .seconds(397 * 86_400)
    ) throws(CryptoError) -> IssuedCertificate {
        try issue(
            CertificateTemplate(
                commonName: commonName, organization: organization, notBefore: from ?? now - .seconds(86_400), notAfter: now + duration,
                extensions: [
                    (NID_basic_constraints, "critical,CA:FALSE"), (NID_key_usage, "critical,digitalSignature"),
                    (NID_ext_key_usage, "clientAuth"),
                    (NID_subject_key_identifier, "hash"), (NID_authority_key_identifier, "keyid:always"),
                ]))
    }

    private func issue(_ template: CertificateTemplate) throws(CryptoError) -> IssuedCertificate {
        let leafKey = try PrivateKey.generate(.p256)
        let certificate = try template.sign(leafKey.publicKey, issuer: certificatePEM, with: key)
        return IssuedCertificate(certificatePEM: certificate, keyPEM: try leafKey.pem())
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        (0x30...0x3a).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte) || ".-_*".utf8.contains(byte)
    }

    private static func isAddress(_ name: String) -> Bool {
        guard let address = a2i_IPADDRESS(name) else {
            ERR_clear_error()
            return false
        }
        ASN1_OCTET_STRING_free(address)
        return true
    }
}
