#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Why the state could not be opened, read or changed. The message says where and what to do; it never holds a secret.
public struct StateError: Error, Sendable, CustomStringConvertible {
    public var code: Code
    public var message: String

    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// A file or directory is missing, unreadable or unwritable, or the disk is full.
        case access
        /// The content of a file is not what was written to it.
        case damaged
        /// SQLite refused.
        case database
        /// A live version exists already.
        case exists
        /// The version is in use, or the only active one.
        case inUse = "in-use"
        /// The master key is missing, malformed or not the one that sealed this state.
        case key
        /// A backup was cut, changed, or made with another key.
        case backup
        /// Another process holds the state.
        case locked
        /// A mode or an owner lets others read the state.
        case permissions
        /// No such credential or version.
        case unknown
        /// A credential's value is not of the form that its kind takes.
        case value
    }

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }

    /// `PATH: cannot DO: what errno says`, and what to do where that is a lack of room.
    static func system(_ path: String, _ action: String, _ number: Int32) -> StateError {
        StateError(.access, "\(path): cannot \(action): \(systemMessage(number))\(number == ENOSPC ? FreeSpace.advice(at: path) : "")")
    }
}
