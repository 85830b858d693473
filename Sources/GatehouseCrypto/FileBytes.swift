internal import COpenSSL
import Glibc

/// A small file read whole, with who may read it as the same descriptor tells.
package struct FileBytes {
    package private(set) var bytes: [UInt8]
    package let mode: UInt32

    /// Fails with ``CryptoError/Code/unreadable`` for what is missing, no regular file, or longer than `limit`.
    package static func read(_ path: String, limit: Int) throws(CryptoError) -> FileBytes {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw unreadable(path) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw unreadable(path) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw CryptoError(.unreadable, "\(path) is not a regular file") }
        guard status.st_size <= limit else { throw CryptoError(.unreadable, "\(path) is longer than \(limit) bytes") }
        // One byte more than there should be: a file that is being written is refused rather than read in half.
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size) + 1)
        var filled = 0
        while filled < bytes.count {
            let count = bytes.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress?.advanced(by: filled), $0.count - filled) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw unreadable(path) }
            if count == 0 { break }
            filled += count
        }
        guard filled == bytes.count - 1 else { throw CryptoError(.unreadable, "\(path) changed while it was read") }
        bytes.removeLast(bytes.count - filled)
        return FileBytes(bytes: bytes, mode: status.st_mode)
    }

    private static func unreadable(_ path: String) -> CryptoError {
        CryptoError(.unreadable, "\(path) cannot be read: \(String(cString: strerror(errno)))")
    }
}

extension FileBytes {
    /// The same for a file that holds a secret, which is wiped after use.
    package static func readSecret(_ path: String, limit: Int) throws(CryptoError) -> (secret: Secret, mode: UInt32) {
        var file = try read(path, limit: limit)
        let secret = Secret(file.bytes)
        file.wipe()
        return (secret, file.mode)
    }

    private mutating func wipe() {
        bytes.withUnsafeMutableBytes { OPENSSL_cleanse($0.baseAddress, $0.count) }
    }
}
