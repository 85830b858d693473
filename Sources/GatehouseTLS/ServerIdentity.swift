internal import COpenSSL
internal import GatehouseCrypto
internal import GatehouseTime

/// One certificate with its key and client CA, made into an SSL_CTX.
final class ServerIdentity: @unchecked Sendable {
    // Sound: the SSL_CTX is filled in before the initialiser returns and only read afterwards; OpenSSL lets threads share one for that.
    let context: OpaquePointer
    let info: CertificateInfo
    let asksForCertificate: Bool
    /// What a session must have been made for to be resumed here: listener, names, client CA and revocation list. Names and not the
    /// place in the list, so that a reload that moves an identity opens nothing; a new revocation list ends the sessions made before it.
    let sessionContext: [UInt8]
    let warnings: [String]

    init(_ files: TLSServerConfiguration.Identity, of configuration: TLSServerConfiguration) throws(TLSError) {
        guard let context = SSL_CTX_new(TLS_server_method()) else { throw .openSSL(.configuration, "no TLS context") }
        self.context = context
        asksForCertificate = files.clientCAFile != nil
        do throws(CryptoError) {
            var warnings: [String] = []
            info = try Self.install(files, in: context, warnings: &warnings)
            var binding = Self.part(Array(configuration.listener.utf8))
            for name in info.dnsNames.sorted() { binding += Self.part(Array(name.utf8)) }
            for address in info.addresses { binding += Self.part(address) }
            if let clientCAFile = files.clientCAFile {
                let authority = try ClientAuthority(caFile: clientCAFile, crlFile: configuration.crlFile)
                try authority.install(in: context)
                warnings += authority.warnings
                binding += Self.part(authority.digest)
            }
            sessionContext = Digest.sha256(binding)
            self.warnings = warnings
        } catch {
            SSL_CTX_free(context)
            throw .configuration([error.description])
        }
        do throws(TLSError) {
            try ContextSettings.apply(to: context, minimum: configuration.minimumVersion)
            guard ContextSettings.setClientSignatures(of: context),
                SSL_CTX_set_session_id_context(context, sessionContext, UInt32(sessionContext.count)) == 1,
                SSL_CTX_set_num_tickets(context, 1) == 1
            else { throw .openSSL(.configuration, "the TLS context could not be set up") }
        } catch {
            SSL_CTX_free(context)
            throw error
        }
        SSL_CTX_set_timeout(context, Self.sessionLifetime)
        ServerCallbacks.install(in: context)
    }

    deinit { SSL_CTX_free(context) }

    /// Seconds that a session can be resumed for.
    private static let sessionLifetime = 2 * 3_600

    private static func install(
        _ files: TLSServerConfiguration.Identity, in context: OpaquePointer, warnings: inout [String]
    ) throws(CryptoError) -> CertificateInfo {
        let chain = try PEMObjects.certificates(files.certificateFile)
        guard let leaf = chain.pointers.first else { throw CryptoError(.malformed, "\(files.certificateFile) holds no certificate") }
        let info = try CertificateInfo(certificate: leaf)
        let key = try readKey(files.keyFile, warnings: &warnings)
        guard X509_check_private_key(leaf, key.key.pointer) == 1 else {
            ERR_clear_error()
            throw CryptoError(
                .malformed, "\(files.keyFile) is not the key of the first certificate in \(files.certificateFile); replace both, leaf certificate first")
        }
        SSL_CTX_set_security_level(context, 2)
        guard SSL_CTX_use_certificate(context, leaf) == 1, SSL_CTX_use_PrivateKey(context, key.key.pointer) == 1 else {
            throw .openSSL(.weakKey, "\(files.certificateFile) cannot be used; its key or signature is too weak or of a kind that TLS has no use for")
        }
        for (index, certificate) in chain.pointers.enumerated().dropFirst() {
            guard gh_ssl_ctx_add_chain(context, certificate) == 1 else {
                throw .openSSL(.malformed, "certificate \(index + 1) in \(files.certificateFile) cannot be used")
            }
            if X509_check_issued(certificate, chain.pointers[index - 1]) != X509_V_OK {
                warnings.append("\(files.certificateFile): certificate \(index + 1) did not issue certificate \(index); the order is leaf first, then its issuers")
            }
        }
        if X509_cmp_current_time(X509_get0_notAfter(leaf)) < 0 {
            warnings.append("\(files.certificateFile) expired at \(info.notAfter); senders will refuse it")
        } else if X509_cmp_current_time(X509_get0_notBefore(leaf)) > 0 {
            warnings.append("\(files.certificateFile) is not valid before \(info.notBefore)")
        }
        if info.dnsNames.isEmpty, info.addresses.isEmpty {
            warnings.append("\(files.certificateFile) names no host in its subjectAltName; senders will refuse it")
        }
        ERR_clear_error()
        return info
    }

    private static func readKey(_ path: String, warnings: inout [String]) throws(CryptoError) -> PrivateKey {
        let file = try FileBytes.readSecret(path, limit: 1 << 20)
        guard file.mode & 0o006 == 0 else {
            throw CryptoError(.unreadable, "\(path) is open to every user of this machine; run: chmod 600 \(path)")
        }
        if file.mode & 0o060 != 0 { warnings.append("\(path) is readable by its group; run: chmod 600 \(path)") }
        do {
            return try PrivateKey(pem: file.secret)
        } catch {
            throw CryptoError(error.code, "\(path): \(error.message)", reasons: error.reasons)
        }
    }

    private static func part(_ bytes: [UInt8]) -> [UInt8] { Digest.sha256(bytes) }
}
