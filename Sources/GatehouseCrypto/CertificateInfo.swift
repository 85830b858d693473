internal import COpenSSL
public import GatehouseTime

/// What a certificate says, for checks, status, metrics and the choice by name.
public struct CertificateInfo: Sendable, Hashable {
    public let subject: DistinguishedName
    public let issuer: DistinguishedName
    /// The DNS names of its subjectAltName, in lower case.
    public let dnsNames: [String]
    /// The addresses of its subjectAltName: 4 or 16 bytes each.
    public let addresses: [[UInt8]]
    public let notBefore: WallTime
    public let notAfter: WallTime
    /// SHA-256 of the DER SubjectPublicKeyInfo.
    public let spkiSHA256: [UInt8]
    /// SHA-256 of the whole DER certificate.
    public let sha256: [UInt8]

    /// Reads the first certificate of a PEM file, the leaf of a chain.
    public static func load(pemFile path: String) throws(CryptoError) -> CertificateInfo {
        let text = try FileBytes.read(path, limit: 1 << 20)
        return try CertificateInfo(pem: String(decoding: text.bytes, as: UTF8.self))
    }

    /// Reads the first certificate of a PEM text.
    public init(pem: String) throws(CryptoError) {
        ERR_clear_error()
        let bytes = Array(pem.utf8)
        let certificate = bytes.withUnsafeBytes { source -> OpaquePointer? in
            guard let bio = BIO_new_mem_buf(source.baseAddress, Int32(clamping: source.count)) else { return nil }
            defer { BIO_free(bio) }
            return PEM_read_bio_X509(bio, nil, { _, _, _, _ in -1 }, nil)
        }
        guard let certificate else { throw .openSSL(.malformed, "no PEM certificate (BEGIN CERTIFICATE)") }
        defer { X509_free(certificate) }
        try self.init(certificate: certificate)
    }

    /// Reads an `X509`, which stays the caller's.
    package init(certificate: OpaquePointer) throws(CryptoError) {
        subject = DistinguishedName(name: X509_get_subject_name(certificate))
        issuer = DistinguishedName(name: X509_get_issuer_name(certificate))
        (dnsNames, addresses) = Self.alternativeNames(certificate)
        guard let notBefore = Self.time(X509_get0_notBefore(certificate)), let notAfter = Self.time(X509_get0_notAfter(certificate)) else {
            throw .openSSL(.malformed, "a certificate without a valid time of validity")
        }
        self.notBefore = notBefore
        self.notAfter = notAfter
        var encoded: UnsafeMutablePointer<UInt8>?
        let count = i2d_X509(certificate, &encoded)
        guard count > 0, let encoded else { throw .openSSL(.malformed, "a certificate that cannot be encoded") }
        defer { gh_free(encoded) }
        sha256 = Digest.sha256(UnsafeRawBufferPointer(start: encoded, count: Int(count)))
        var key: UnsafeMutablePointer<UInt8>?
        let keyCount = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &key)
        guard keyCount > 0, let key else { throw .openSSL(.malformed, "a certificate whose key cannot be encoded") }
        defer { gh_free(key) }
        spkiSHA256 = Digest.sha256(UnsafeRawBufferPointer(start: key, count: Int(keyCount)))
    }

    private static func alternativeNames(_ certificate: OpaquePointer) -> (dns: [String], addresses: [[UInt8]]) {
        var dns: [String] = []
        var addresses: [[UInt8]] = []
        guard let raw = X509_get_ext_d2i(certificate, NID_subject_alt_name, nil, nil) else {
            ERR_clear_error()
            return ([], [])
        }
        let names = OpaquePointer(raw)
        defer { gh_general_names_free(names) }
        for index in 0..<max(gh_general_name_count(names), 0) {
            let name = gh_general_name(names, index)
            if let string = gh_general_name_string(name, GEN_DNS) {
                let bytes = UnsafeBufferPointer(start: ASN1_STRING_get0_data(string), count: Int(max(ASN1_STRING_length(string), 0)))
                // A name with anything but visible ASCII never equals what a client sends.
                guard !bytes.isEmpty, bytes.allSatisfy({ 0x21 <= $0 && $0 < 0x7f }) else { continue }
                dns.append(String(decoding: bytes, as: UTF8.self).lowercased())
            } else if let string = gh_general_name_string(name, GEN_IPADD) {
                addresses.append(
                    Array(UnsafeBufferPointer(start: ASN1_STRING_get0_data(string), count: Int(max(ASN1_STRING_length(string), 0)))))
            }
        }
        return (dns, addresses)
    }

    /// ASN1_TIME as the difference from 1970, so that no time zone of the process is asked.
    static func time(_ time: UnsafePointer<ASN1_STRING>?) -> WallTime? {
        guard let time, let epoch = ASN1_TIME_set(nil, 0) else { return nil }
        defer { ASN1_TIME_free(epoch) }
        var days: Int32 = 0
        var seconds: Int32 = 0
        guard ASN1_TIME_diff(&days, &seconds, epoch, time) == 1 else { return nil }
        return WallTime(seconds: Int64(days) * 86_400 + Int64(seconds))
    }
}
