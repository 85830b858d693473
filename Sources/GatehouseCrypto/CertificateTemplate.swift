internal import COpenSSL
import GatehouseTime

/// What a certificate is to say before it is signed.
struct CertificateTemplate {
    var commonName: String
    var organization: String?
    var notBefore: WallTime
    var notAfter: WallTime
    /// NID and value in OpenSSL's configuration syntax, so never with text from outside that was not checked.
    var extensions: [(Int32, String)]

    /// PEM of the certificate for `subjectKey`; without an `issuer` (PEM) it is its own.
    func sign(_ subjectKey: PublicKey, issuer: String?, with key: PrivateKey) throws(CryptoError) -> String {
        ERR_clear_error()
        guard let certificate = X509_new() else { throw .openSSL("no certificate") }
        defer { X509_free(certificate) }
        let issuerCertificate = issuer.flatMap { Self.read($0) }
        defer { X509_free(issuerCertificate) }
        guard issuer == nil || issuerCertificate != nil else { throw .openSSL(.malformed, "the authority's certificate does not parse") }

        let name = X509_get_subject_name(certificate)
        guard X509_set_version(certificate, 2) == 1, try setSerial(certificate), setValidity(certificate),
            organization.map({ Self.add("O", $0, to: name) }) ?? true, Self.add("CN", commonName, to: name),
            X509_set_issuer_name(certificate, X509_get_subject_name(issuerCertificate ?? certificate)) == 1,
            X509_set_pubkey(certificate, subjectKey.key.pointer) == 1
        else { throw .openSSL("a certificate could not be filled in") }

        var context = X509V3_CTX()
        gh_x509v3_context(&context, issuerCertificate ?? certificate, certificate)
        for (identifier, value) in extensions {
            guard let added = X509V3_EXT_conf_nid(nil, &context, identifier, value) else {
                throw .openSSL("a certificate extension is wrong")
            }
            defer { X509_EXTENSION_free(added) }
            guard X509_add_ext(certificate, added, -1) == 1 else { throw .openSSL("a certificate extension does not fit") }
        }
        guard X509_sign(certificate, key.key.pointer, DigestAlgorithm.sha256.method) > 0 else {
            throw .openSSL("a certificate could not be signed")
        }
        return try Self.text(certificate)
    }

    private func setSerial(_ certificate: OpaquePointer) throws(CryptoError) -> Bool {
        var bytes = try Random.bytes(16)
        bytes[0] &= 0x7f  // Positive, at most 20 bytes, unpredictable: RFC 5280 section 4.1.2.2.
        guard let number = BN_bin2bn(bytes, Int32(bytes.count), nil) else { return false }
        defer { BN_free(number) }
        return BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != nil
    }

    private func setValidity(_ certificate: OpaquePointer) -> Bool {
        guard let from = ASN1_TIME_set(nil, Int(notBefore.seconds)), let until = ASN1_TIME_set(nil, Int(notAfter.seconds)) else {
            return false
        }
        defer {
            ASN1_TIME_free(from)
            ASN1_TIME_free(until)
        }
        return X509_set1_notBefore(certificate, from) == 1 && X509_set1_notAfter(certificate, until) == 1
    }

    private static func add(_ field: String, _ value: String, to name: OpaquePointer?) -> Bool {
        let bytes = Array(value.utf8)
        return X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8, bytes, Int32(clamping: bytes.count), -1, 0) == 1
    }

    private static func read(_ pem: String) -> OpaquePointer? {
        let bytes = Array(pem.utf8)
        return bytes.withUnsafeBytes { source in
            guard let bio = BIO_new_mem_buf(source.baseAddress, Int32(clamping: source.count)) else { return nil }
            defer { BIO_free(bio) }
            return PEM_read_bio_X509(bio, nil, { _, _, _, _ in -1 }, nil)
        }
    }

    private static func text(_ certificate: OpaquePointer) throws(CryptoError) -> String {
        guard let bio = BIO_new(BIO_s_mem()) else { throw .openSSL("no memory for a certificate") }
        defer { BIO_free(bio) }
        guard PEM_write_bio_X509(bio, certificate) == 1 else { throw .openSSL("a certificate could not be written") }
        var contents: UnsafeMutablePointer<CChar>?
        let count = gh_bio_contents(bio, &contents)
        return String(decoding: UnsafeRawBufferPointer(start: contents, count: max(count, 0)), as: UTF8.self)
    }
}
