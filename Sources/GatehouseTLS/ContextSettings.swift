internal import COpenSSL

/// What every SSL_CTX here has in common (RFC 9325).
enum ContextSettings {
    /// ECDHE with AEAD only.
    private static let tls12Suites =
        "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"
        + "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384"
    private static let tls13Suites = "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_256_GCM_SHA384"
    private static let groups = "X25519:P-256:P-384"
    private static let signatures =
        "ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:ed25519:RSA-PSS+SHA256:RSA-PSS+SHA384:RSA-PSS+SHA512:RSA+SHA256:RSA+SHA384:RSA+SHA512"

    static func apply(to context: OpaquePointer, minimum: TLSServerConfiguration.Version) throws(TLSError) {
        // 112 bits: RSA keys of 2048 bits and more, no SHA-1 signatures, in the peer's chain too.
        SSL_CTX_set_security_level(context, 2)
        gh_ssl_ctx_set_safe_options(context)
        // An idle connection holds no record buffers, and a chain is what its file says, never completed from a store of client CAs.
        gh_ssl_ctx_set_mode(context, Int(SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_NO_AUTO_CHAIN))
        gh_ssl_ctx_cache_off(context)
        guard gh_ssl_ctx_set_min_version(context, minimum == .v12 ? TLS1_2_VERSION : TLS1_3_VERSION) == 1,
            SSL_CTX_set_cipher_list(context, tls12Suites) == 1, SSL_CTX_set_ciphersuites(context, tls13Suites) == 1,
            gh_ssl_ctx_set_groups(context, groups) == 1, gh_ssl_ctx_set_sigalgs(context, signatures) == 1,
            SSL_CTX_set_max_early_data(context, 0) == 1, SSL_CTX_set_recv_max_early_data(context, 0) == 1
        else { throw .openSSL(.configuration, "this OpenSSL or its openssl.cnf does not allow TLS 1.2 with ECDHE and AEAD, or TLS 1.3") }
    }

    static func setClientSignatures(of context: OpaquePointer) -> Bool { gh_ssl_ctx_set_client_sigalgs(context, signatures) == 1 }
}
