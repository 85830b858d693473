internal import COpenSSL

/// One reference to an `SSL_CTX`.
final class SSLContext: @unchecked Sendable {
    // Sound: its owner fills it in before anyone else sees it, and OpenSSL lets threads share one for reading.
    let pointer: OpaquePointer

    static func server() throws(TLSError) -> SSLContext { try SSLContext(SSL_CTX_new(TLS_server_method())) }
    static func client() throws(TLSError) -> SSLContext { try SSLContext(SSL_CTX_new(TLS_client_method())) }

    private init(_ pointer: OpaquePointer?) throws(TLSError) {
        guard let pointer else { throw .openSSL(.configuration, "no TLS context") }
        self.pointer = pointer
    }

    deinit { SSL_CTX_free(pointer) }
}
