import GatehouseCrypto

/// What went wrong with a connection or with the files of a listener.
public struct TLSError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: String, Sendable, Hashable {
        /// Files that do not make a listener or a client; `problems` has one line each.
        case configuration
        /// The handshake failed; an alert was sent where the protocol has one.
        case handshake
        /// The peer's certificate did not verify.
        case certificate
        /// The peer spoke plain HTTP; it was told so.
        case plainHTTP
        /// A record or message after the handshake was wrong, or the peer sent a fatal alert.
        case protocolViolation
        /// The connection ended without close_notify: what came last may be incomplete (RFC 8446 section 6.1).
        case truncated
        /// The peer left during the handshake.
        case abandoned
    }

    public let code: Code
    public let message: String
    public let problems: [String]
    /// The peer's certificate leads to no authority that is trusted here.
    public let isUnknownAuthority: Bool

    public init(_ code: Code, _ message: String, problems: [String] = [], isUnknownAuthority: Bool = false) {
        self.code = code
        self.message = message
        self.problems = problems
        self.isUnknownAuthority = isUnknownAuthority
    }

    public var description: String { problems.isEmpty ? message : ([message] + problems).joined(separator: "\n  ") }

    static func configuration(_ problems: [String]) -> TLSError {
        TLSError(
            .configuration, problems.count == 1 ? problems[0] : "the TLS files have \(problems.count) problems",
            problems: problems.count == 1 ? [] : problems)
    }

    /// An error with everything in this thread's OpenSSL error queue, which is empty afterwards.
    static func openSSL(_ code: Code, _ message: String) -> TLSError {
        let reasons = CryptoError.drainErrors()
        return TLSError(code, reasons.isEmpty ? message : "\(message): \(reasons.joined(separator: "; "))")
    }
}
