internal import COpenSSL

/// What a client proved itself with, kept so that it can be looked at again when the authorities or their revocation lists change while its
/// connection goes on.
struct ClientProof: Sendable, Hashable {
    /// In DER: the client's own certificate first, then what else it sent. A resumed session has only the first.
    let certificates: [[UInt8]]
    /// ``ClientAuthority/digest`` of the authorities that the chain was verified against.
    let authority: [UInt8]

    /// Of a finished handshake whose certificate was verified; nil where one cannot be encoded.
    init?(_ ssl: OpaquePointer, authority: [UInt8]) {
        guard let leaf = SSL_get0_peer_certificate(ssl).flatMap(Self.encoded) else { return nil }
        var certificates = [leaf]
        // The certificates behind a server's peer; owned by the session.
        if let chain = SSL_get_peer_cert_chain(ssl) {
            for index in 0..<max(gh_x509_count(chain), 0) {
                guard let encoded = gh_x509(chain, index).flatMap(Self.encoded) else { return nil }
                certificates.append(encoded)
            }
        }
        self.certificates = certificates
        self.authority = authority
    }

    private static func encoded(_ certificate: OpaquePointer) -> [UInt8]? {
        var bytes: UnsafeMutablePointer<UInt8>?
        let count = i2d_X509(certificate, &bytes)
        guard count > 0, let bytes else { return nil }
        defer { gh_free(bytes) }
        return Array(UnsafeBufferPointer(start: bytes, count: Int(count)))
    }
}

extension ClientAuthority {
    /// Whether these authorities and lists, which are not those that the chain was verified against, vouch for it too. A list that has expired
    /// is still believed here: it refuses handshakes, and ends no connection (RFC 5280 section 6.3).
    func vouches(for proof: ClientProof, store: OpaquePointer, resumed: Bool) -> Bool {
        defer { ERR_clear_error() }
        guard let context = X509_STORE_CTX_new(), let others = gh_x509_stack() else { return false }
        defer { X509_STORE_CTX_free(context) }
        defer { gh_x509_stack_free(others) }
        guard let leaf = proof.certificates.first.flatMap(Self.certificate) else { return false }
        defer { X509_free(leaf) }
        for encoded in proof.certificates.dropFirst() {
            guard let other = Self.certificate(encoded) else { return false }
            guard gh_x509_push(others, other) == 1 else {
                X509_free(other)
                return false
            }
        }
        guard X509_STORE_CTX_init(context, store, leaf, others) == 1, X509_STORE_CTX_set_default(context, "ssl_client") == 1 else {
            return false
        }
        // Called within X509_verify_cert, on its thread.
        X509_STORE_CTX_set_verify_cb(context) { holds, context in
            holds == 1 || X509_STORE_CTX_get_error(context) == X509_V_ERR_CRL_HAS_EXPIRED ? 1 : 0
        }
        if X509_verify_cert(context) == 1 { return true }
        let problem = X509_STORE_CTX_get_error(context)
        let isIncomplete = problem == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY || problem == X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE
        // What stood between the client and its authority is not known any more, so only the client's own certificate can be looked up.
        return resumed && isIncomplete && !isListed(leaf)
    }

    private static func certificate(_ encoded: [UInt8]) -> OpaquePointer? {
        encoded.withUnsafeBufferPointer { bytes in
            var position = bytes.baseAddress
            return d2i_X509(nil, &position, bytes.count)
        }
    }
}
