internal import GatehouseAudit

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Why a record could not be made durable, or a log could not be opened or read.
public struct JournalError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: String, Sendable, Hashable {
        /// A system call failed; `message` names it, the file and the cause.
        case system
        /// The file system has less room than `audit.reserve` keeps free.
        case full
        /// What must be stored beside the records could not be.
        case companion
        /// The log is not the one that was written: a durable record was changed or is gone.
        case tampered
        /// The journal was closed.
        case closed
        /// The file is not there: a segment whose time to be kept has ended meanwhile.
        case missing
    }

    public let code: Code
    public let message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }

    /// - Parameter number: an `errno`.
    static func system(_ call: String, _ path: String, _ number: Int32) -> JournalError {
        if number == ELOOP { return JournalError(.system, "\(path) is a symbolic link, which is not followed: put the file itself there") }
        return JournalError(
            number == ENOENT ? .missing : .system,
            "\(path): \(call): \(String(cString: strerror(number)))"
                + (number == EACCES ? ". Run this as a user who may read it, such as the gateway's" : ""))
    }

    static func tampered(_ directory: String, _ problem: String) -> JournalError {
        JournalError(
            .tampered,
            "\(directory): \(problem). A record that was durable has been changed or removed; `gatehouse audit verify` says which. "
                + "The gateway does not start on such a log: restore it, or move it away together with the state it belongs to")
    }
}
