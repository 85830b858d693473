internal import COpenSSL

/// OpenSSL's callbacks of a server context. Each runs inside SSL_do_handshake or SSL_read on the connection's event loop, finds the
/// connection's handler and hands over; none keeps a pointer.
enum ServerCallbacks {
    static func install(in context: OpaquePointer) {
        // Before resumption is decided, which the later servername callback is not (RFC 6066 section 3).
        SSL_CTX_set_client_hello_cb(
            context,
            { ssl, alert, _ in
                guard let ssl, let handler = TLSHandler.of(ssl) else { return SSL_CLIENT_HELLO_ERROR }
                guard handler.chooseIdentity(ssl) else {
                    alert?.pointee = SSL_AD_ILLEGAL_PARAMETER
                    return SSL_CLIENT_HELLO_ERROR
                }
                return SSL_CLIENT_HELLO_SUCCESS
            }, nil)
        SSL_CTX_set_alpn_select_cb(
            context,
            { ssl, chosen, length, offered, count, _ in
                guard let ssl, let handler = TLSHandler.of(ssl), let offered, let server = handler.server else {
                    return SSL_TLSEXT_ERR_ALERT_FATAL
                }
                let list = UnsafeBufferPointer(start: offered, count: Int(count))
                guard let range = ServerCallbacks.choose(server.applicationProtocols, from: list) else { return SSL_TLSEXT_ERR_ALERT_FATAL }
                chosen?.pointee = offered + range.lowerBound
                length?.pointee = UInt8(range.count)
                return SSL_TLSEXT_ERR_OK
            }, nil)
        SSL_CTX_set_tlsext_ticket_key_evp_cb(context) { ssl, name, vector, cipher, mac, isNew in
            guard let ssl, let handler = TLSHandler.of(ssl), let server = handler.server, let name, let vector, let cipher, let mac else {
                return -1
            }
            return isNew == 1
                ? server.tickets.seal(name: name, vector: vector, cipher: cipher, mac: mac)
                : server.tickets.open(name: name, vector: vector, cipher: cipher, mac: mac)
        }
        SSL_CTX_set_session_ticket_cb(
            context, nil,
            { _, session, _, _, status, _ in
                // A session does not outlive the client certificate it was made with.
                switch status {
                case SSL_TICKET_SUCCESS, SSL_TICKET_SUCCESS_RENEW:
                    guard let session else { return SSL_TICKET_RETURN_IGNORE_RENEW }
                    if let certificate = SSL_SESSION_get0_peer(session), X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0 {
                        return SSL_TICKET_RETURN_IGNORE_RENEW
                    }
                    return status == SSL_TICKET_SUCCESS ? SSL_TICKET_RETURN_USE : SSL_TICKET_RETURN_USE_RENEW
                default: return SSL_TICKET_RETURN_IGNORE_RENEW
                }
            }, nil)
    }

    /// Where in the client's list (RFC 7301 section 3.1) the first of ours is.
    static func choose(_ protocols: [[UInt8]], from list: UnsafeBufferPointer<UInt8>) -> Range<Int>? {
        for name in protocols {
            var position = 0
            while position < list.count {
                let start = position + 1
                let end = start + Int(list[position])
                guard end <= list.count else { return nil }
                if list[start..<end].elementsEqual(name) { return start..<end }
                position = end
            }
        }
        return nil
    }
}
