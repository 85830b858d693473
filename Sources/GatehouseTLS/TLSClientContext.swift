internal import COpenSSL
internal import GatehouseCrypto

/// What connections to `https` handlers verify their peers with.
public final class TLSClientContext: Sendable {
    private let ssl: SSLContext

    /// Trusts the certificates in `caFile` (PEM), or those of the system where it is nil.
    public init(caFile: String? = nil) throws(TLSError) {
        ssl = try SSLContext.client()
        try ContextSettings.apply(to: ssl.pointer, minimum: .v12)
        SSL_CTX_set_verify(ssl.pointer, SSL_VERIFY_PEER, nil)
        let offered = Self.applicationProtocols
        // Unlike its neighbours this function returns 0 on success.
        guard SSL_CTX_set_alpn_protos(ssl.pointer, offered, UInt32(offered.count)) == 0 else {
            throw .openSSL(.configuration, "ALPN could not be set up")
        }
        if let caFile {
            try Self.trust(caFile, in: ssl.pointer)
        } else if SSL_CTX_set_default_verify_paths(ssl.pointer) != 1 {
            throw .openSSL(.configuration, "the system's certificate authorities could not be read")
        }
    }

    /// The SSL_CTX, valid as long as this value.
    var context: OpaquePointer { ssl.pointer }

    private static let applicationProtocols = [8] + Array("http/1.1".utf8)

    private static func trust(_ caFile: String, in context: OpaquePointer) throws(TLSError) {
        let certificates: PEMObjects
        do {
            certificates = try PEMObjects.certificates(caFile)
        } catch {
            throw .configuration([error.description])
        }
        let store = SSL_CTX_get_cert_store(context)
        guard X509_STORE_set_flags(store, UInt(X509_V_FLAG_PARTIAL_CHAIN)) == 1 else {
            throw .openSSL(.configuration, "\(caFile) cannot be used")
        }
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
