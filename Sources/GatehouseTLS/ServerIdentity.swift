internal import COpenSSL
internal import GatehouseCrypto
internal import GatehouseTime

/// One certificate with its key and client CA, made into an SSL_CTX.
final class ServerIdentity: Sendable {
    let info: CertificateInfo
    let asksForCertificate: Bool
    private let authority: ClientAuthority?
    /// What a session must have been made for to be resumed here: listener, names, client CA and revocation list. Names and not the
    /// place in the list, so that a reload that moves an identity opens nothing; a new revocation list ends the sessions made before it.
    let sessionContext: [UInt8]
    let warnings: [String]
    private let ssl: SSLContext

    init(_ files: TLSServerConfiguration.Identity, of configuration: TLSServerConfiguration) throws(TLSError) {
        ssl = try SSLContext.server()
        asksForCertificate = files.clientCAFile != nil
        do throws(CryptoError) {
            var warnings: [String] = []
            info = try Self.install(files, in: ssl.pointer, warnings: &warnings)
            var binding = Self.part(Array(configuration.listener.utf8))
            for name in info.dnsNames.sorted() { binding += Self.part(Array(name.utf8)) }
            for address in info.addresses { binding += Self.part(address) }
            authority = try files.clientCAFile.map { file throws(CryptoError) in
                try ClientAuthority(caFile: file, crlFile: configuration.crlFile)
            }
            if let authority {
                try authority.install(in: ssl.pointer)
                warnings += authority.warnings
                binding += Self.part(authority.digest)
            }
            sessionContext = Digest.sha256(binding)
            self.warnings = warnings
        } catch {
            throw .configuration([error.description])
        }
        try ContextSettings.apply(to: ssl.pointer, minimum: configuration.minimumVersion)
        guard ContextSettings.setClientSignatures(of: ssl.pointer),
            SSL_CTX_set_session_id_context(ssl.pointer, sessionContext, UInt32(sessionContext.count)) == 1,
            // One: a sender opens its connections one by one, and each ticket costs a handshake some microseconds.
            SSL_CTX_set_num_tickets(ssl.pointer, 1) == 1
        else { throw .openSSL(.configuration, "the TLS context could not be set up") }
        SSL_CTX_set_timeout(ssl.pointer, Self.sessionLifetime)
        ServerCallbacks.install(in: ssl.pointer)
    }

    /// The SSL_CTX, valid as long as this identity.
    var context: OpaquePointer { ssl.pointer }

    /// Of the authorities and lists that clients are verified against; nil where none is asked for a certificate.
    var authorityDigest: [UInt8]? { authority?.digest }

    /// Whether a certificate that was verified earlier, maybe against other authorities, still would be.
    func accepts(_ proof: ClientProof, resumed: Bool) -> Bool {
        guard let authority, let store = SSL_CTX_get_cert_store(ssl.pointer) else { return false }
        return authority.digest == proof.authority || authority.vouches(for: proof, store: store, resumed: resumed)
    }

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
                .malformed,
                "\(files.keyFile) is not the key of the first certificate in \(files.certificateFile); replace both, leaf certificate first"
            )
        }
        SSL_CTX_set_security_level(context, 2)
        guard SSL_CTX_use_certificate(context, leaf) == 1, SSL_CTX_use_PrivateKey(context, key.key.pointer) == 1 else {
            throw .openSSL(
                .weakKey, "\(files.certificateFile) cannot be used; its key or signature is too weak or of a kind that TLS has no use for")
        }
        for (index, certificate) in chain.pointers.enumerated().dropFirst() {
            guard gh_ssl_ctx_add_chain(context, certificate) == 1 else {
                throw .openSSL(.malformed, "certificate \(index + 1) in \(files.certificateFile) cannot be used")
            }
            if X509_check_issued(certificate, chain.pointers[index - 1]) != X509_V_OK {
                warnings.append(
                    "\(files.certificateFile): certificate \(index + 1) did not issue certificate \(index); "
                        + "the order is leaf first, then its issuers"
                )
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
