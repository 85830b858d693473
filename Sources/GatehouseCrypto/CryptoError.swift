internal import COpenSSL

/// A cryptographic operation that could not be carried out. Holds what the library said about it, never the data it was given.
public struct CryptoError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: String, Sendable, Hashable {
        /// OpenSSL refused or failed; see `reasons`.
        case failed
        /// The algorithm is not in this machine's OpenSSL, or its configuration forbids it.
        case unavailable
        /// A key, certificate or name that does not parse.
        case malformed
        /// A private key that asks for a passphrase.
        case encrypted
        /// A key shorter than is allowed, or empty.
        case weakKey
        /// The key cannot be used that way.
        case unsupportedKey
        /// A sealed value that was changed, moved or sealed under another key.
        case notAuthentic
        /// A file that could not be read.
        case unreadable
    }

    public let code: Code
    public let message: String
    /// OpenSSL's own words, first cause first.
    public let reasons: [String]

    public init(_ code: Code, _ message: String, reasons: [String] = []) {
        self.code = code
        self.message = message
        self.reasons = reasons
    }

    public var description: String { reasons.isEmpty ? message : "\(message) (\(reasons.joined(separator: "; ")))" }

    /// An error with everything in this thread's OpenSSL error queue, which is empty afterwards.
    package static func openSSL(_ code: Code, _ message: String) -> CryptoError {
        CryptoError(code, message, reasons: drainErrors())
    }

    package static func openSSL(_ message: String) -> CryptoError { openSSL(.failed, message) }

    /// Empties this thread's OpenSSL error queue into its reasons. The optional data of an entry is left out: it may quote input.
    package static func drainErrors() -> [String] {
        var reasons: [String] = []
        while true {
            let error = ERR_get_error()
            guard error != 0 else { return reasons }
            let reason = ERR_reason_error_string(error).map { String(cString: $0) } ?? "error \(error)"
            if reasons.last != reason { reasons.append(reason) }
        }
    }
}
