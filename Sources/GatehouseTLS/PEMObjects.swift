internal import COpenSSL
internal import GatehouseCrypto

/// Certificates and revocation lists read from files, owned until this value goes.
final class PEMObjects {
    private(set) var pointers: [OpaquePointer] = []
    private let release: (OpaquePointer) -> Void

    private init(release: @escaping (OpaquePointer) -> Void) { self.release = release }

    deinit { for pointer in pointers { release(pointer) } }

    /// Every certificate of a PEM file, at least one.
    static func certificates(_ path: String) throws(CryptoError) -> PEMObjects {
        let bytes = try FileBytes.read(path, limit: 4 << 20).bytes
        let objects = PEMObjects { X509_free($0) }
        guard objects.readAll(bytes, { PEM_read_bio_X509($0, nil, { _, _, _, _ in -1 }, nil) }) else {
            throw .openSSL(.malformed, "\(path) holds a certificate that does not parse")
        }
        guard !objects.pointers.isEmpty else { throw CryptoError(.malformed, "\(path) holds no PEM certificate (BEGIN CERTIFICATE)") }
        return objects
    }

    /// Every revocation list of a PEM file, at least one, or the one of a DER file.
    static func revocationLists(_ path: String) throws(CryptoError) -> PEMObjects {
        let bytes = try FileBytes.read(path, limit: 64 << 20).bytes
        let objects = PEMObjects { X509_CRL_free($0) }
        if bytes.first == 0x30 {
            let list = bytes.withUnsafeBufferPointer { buffer in
                var position = buffer.baseAddress
                return d2i_X509_CRL(nil, &position, buffer.count)
            }
            guard let list else { throw .openSSL(.malformed, "\(path) is no revocation list in DER") }
            objects.pointers.append(list)
            return objects
        }
        guard objects.readAll(bytes, { PEM_read_bio_X509_CRL($0, nil, { _, _, _, _ in -1 }, nil) }) else {
            throw .openSSL(.malformed, "\(path) holds a revocation list that does not parse")
        }
        guard !objects.pointers.isEmpty else { throw CryptoError(.malformed, "\(path) holds no revocation list (BEGIN X509 CRL)") }
        return objects
    }

    /// False where reading ended by something else than the end.
    private func readAll(_ bytes: [UInt8], _ next: (OpaquePointer) -> OpaquePointer?) -> Bool {
        ERR_clear_error()
        return bytes.withUnsafeBytes { source in
            guard let bio = BIO_new_mem_buf(source.baseAddress, Int32(clamping: source.count)) else { return false }
            defer { BIO_free(bio) }
            while let pointer = next(bio) { pointers.append(pointer) }
            guard gh_pem_at_end() == 1 else { return false }
            ERR_clear_error()
            return true
        }
    }
}
