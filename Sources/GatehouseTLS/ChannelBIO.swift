internal import COpenSSL

/// The BIO between OpenSSL and a ``TLSHandler``: reads come out of the received buffer, writes go into the outgoing one, nothing is kept
/// in between.
///
/// OpenSSL calls the methods from within the SSL function that the handler called, on its event loop. The BIO's data is the handler,
/// not retained: the handler owns the SSL, which owns the BIO.
enum ChannelBIO {
    private struct Method: @unchecked Sendable {
        // Sound: filled in once, before anyone sees it, and only read by OpenSSL afterwards.
        let pointer: OpaquePointer?
    }

    private static let method = Method(pointer: makeMethod())

    static func make(for handler: TLSHandler) -> OpaquePointer? {
        guard let method = method.pointer, let bio = BIO_new(method) else { return nil }
        BIO_set_data(bio, Unmanaged.passUnretained(handler).toOpaque())
        BIO_set_init(bio, 1)
        return bio
    }

    private static func makeMethod() -> OpaquePointer? {
        guard let method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "gatehouse channel") else { return nil }
        BIO_meth_set_read(method) { bio, bytes, count in
            guard let bio, let bytes, count > 0, let data = BIO_get_data(bio) else { return -1 }
            gh_bio_clear_retry(bio)
            let taken = Unmanaged<TLSHandler>.fromOpaque(data)._withUnsafeGuaranteedRef { $0.takeReceived(into: bytes, count: Int(count)) }
            guard taken > 0 else {
                gh_bio_retry_read(bio)
                return -1
            }
            return Int32(truncatingIfNeeded: taken)
        }
        BIO_meth_set_write(method) { bio, bytes, count in
            guard let bio, let bytes, count > 0, let data = BIO_get_data(bio) else { return -1 }
            gh_bio_clear_retry(bio)
            Unmanaged<TLSHandler>.fromOpaque(data)._withUnsafeGuaranteedRef {
                $0.appendOutgoing(UnsafeRawBufferPointer(start: bytes, count: Int(count)))
            }
            return count
        }
        BIO_meth_set_ctrl(method) { _, command, _, _ in command == BIO_CTRL_FLUSH ? 1 : 0 }
        return method
    }
}
