internal import COpenSSL
internal import GatehouseCrypto

/// What connections to `https` handlers verify their peers with.
public final class TLSClientContext: @unchecked Sendable {
    // Sound: the SSL_CTX is filled in before the initialiser returns and only read afterwards.
    let context: OpaquePointer

    /// Trusts the certificates in `caFile` (PEM), or those of the system where it is nil.
    public init(caFile: String? = nil) throws(TLSError) {
        guard let context = SSL_CTX_new(TLS_client_method()) else { throw .openSSL(.configuration, "no TLS context") }
        self.context = context
        do throws(TLSError) {
            try ContextSettings.apply(to: context, minimum: .v12)
            SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
            // Returns 0 on success.
            let offered = Self.applicationProtocols
            guard SSL_CTX_set_alpn_protos(context, offered, UInt32(offered.count)) == 0 else { throw .openSSL(.configuration, "ALPN could not be set up") }
            if let caFile {
                try Self.trust(caFile, in: context)
            } else if SSL_CTX_set_default_verify_paths(context) != 1 {
                throw .openSSL(.configuration, "the system's certificate authorities could not be read")
            }
        } catch {
            SSL_CTX_free(context)
            throw error
        }
    }

    deinit { SSL_CTX_free(context) }

    private static let applicationProtocols = [8] + Array("http/1.1".utf8)

    private static func trust(_ caFile: String, in context: OpaquePointer) throws(TLSError) {
        let certificates: PEMObjects
        do {
            certificates = try PEMObjects.certificates(caFile)
        } catch {
            throw .configuration([error.description])
        }
        let store = SSL_CTX_get_cert_store(context)
        guard X509_STORE_set_flags(store, UInt(X509_V_FLAG_PARTIAL_CHAIN)) == 1 else { throw .openSSL(.configuration, "\(caFile) cannot be used") }
        for certificate in certificates.pointers {
            guard X509_STORE_add_cert(store, certificate) == 1 else { throw .openSSL(.configuration, "\(caFile) cannot be used") }
        }
    }

    /// Binds a connection to the name or address it is meant for: SNI, and what the certificate must say (RFC 9525).
    static func bind(_ ssl: OpaquePointer, to serverName: String) -> Bool {
        SSL_set_hostflags(ssl, UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS) | UInt32(X509_CHECK_FLAG_NEVER_CHECK_SUBJECT))
        guard IPAddressBytes.parse(serverName) == nil else {
            return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), serverName) == 1
        }
        return !serverName.isEmpty && SSL_set1_host(ssl, serverName) == 1 && gh_ssl_set_server_name(ssl, serverName) == 1
    }
}
