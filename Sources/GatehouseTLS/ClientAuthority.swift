internal import COpenSSL
internal import GatehouseCrypto

/// The authorities that client certificates must come from, with their revocation lists.
///
/// `@unchecked Sendable` is sound because nothing changes after the initialiser, and OpenSSL lets threads share certificates and lists that
/// are only read.
final class ClientAuthority: @unchecked Sendable {
    private let certificates: PEMObjects
    private let lists: PEMObjects?
    let warnings: [String]
    /// Of all certificates and lists: changes with any of them.
    let digest: [UInt8]

    init(caFile: String, crlFile: String?) throws(CryptoError) {
        certificates = try PEMObjects.certificates(caFile)
        lists = if let crlFile { try PEMObjects.revocationLists(crlFile) } else { nil }
        var warnings: [String] = []
        var sum: [UInt8] = []
        for certificate in certificates.pointers {
            let info = try CertificateInfo(certificate: certificate)
            sum += info.sha256
            if X509_check_ca(certificate) == 0 {
                warnings.append("\(caFile): \(info.subject) is no certificate authority; nothing it signed is accepted")
            }
            if X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0 {
                warnings.append("\(caFile): \(info.subject) expired at \(info.notAfter)")
            }
            guard let crlFile, let lists else { continue }
            let list = lists.pointers.first { X509_NAME_cmp(X509_CRL_get_issuer($0), X509_get_subject_name(certificate)) == 0 }
            if let list {
                if let next = X509_CRL_get0_nextUpdate(list), X509_cmp_current_time(next) < 0 {
                    warnings.append(
                        "\(crlFile): the list of \(info.subject) has expired; "
                            + "client certificates from it are refused until a new one is here"
                    )
                }
            } else {
                warnings.append("\(crlFile) has no list of \(info.subject); client certificates from it are refused")
            }
        }
        for list in lists?.pointers ?? [] {
            var encoded: UnsafeMutablePointer<UInt8>?
            let count = i2d_X509_CRL(list, &encoded)
            guard count > 0, let encoded else { throw .openSSL(.malformed, "\(crlFile ?? caFile) holds a list that cannot be encoded") }
            defer { gh_free(encoded) }
            sum += Digest.sha256(UnsafeRawBufferPointer(start: encoded, count: Int(count)))
        }
        digest = Digest.sha256(sum)
        self.warnings = warnings
        ERR_clear_error()
    }

    /// Some list of the certificate's issuer names it.
    func isListed(_ certificate: OpaquePointer) -> Bool {
        (lists?.pointers ?? []).contains { list in
            var entry: OpaquePointer?
            return X509_NAME_cmp(X509_CRL_get_issuer(list), X509_get_issuer_name(certificate)) == 0
                && X509_CRL_get0_by_cert(list, &entry, certificate) == 1
        }
    }

    /// Asks every client for a certificate without requiring one: what an endpoint needs is its policy's to say.
    func install(in context: OpaquePointer) throws(CryptoError) {
        guard let store = X509_STORE_new() else { throw .openSSL("no certificate store") }
        // From here on the context owns the store. The flags are the store's own: those of an SSL do not change with its context.
        SSL_CTX_set_cert_store(context, store)
        var flags = UInt(X509_V_FLAG_PARTIAL_CHAIN)
        if lists != nil { flags |= UInt(X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL) }
        guard X509_STORE_set_flags(store, flags) == 1 else { throw .openSSL("the certificate store could not be set up") }
        for certificate in certificates.pointers {
            guard X509_STORE_add_cert(store, certificate) == 1, SSL_CTX_add_client_CA(context, certificate) == 1 else {
                throw .openSSL("a client CA could not be added")
            }
        }
        for list in lists?.pointers ?? [] {
            guard X509_STORE_add_crl(store, list) == 1 else { throw .openSSL("a revocation list could not be added") }
        }
        SSL_CTX_set_verify_depth(context, 8)
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
    }
}
