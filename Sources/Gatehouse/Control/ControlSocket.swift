import Glibc

/// `STATE/gatehouse.sock`, however long the path of the state directory is.
enum ControlSocket {
    /// Makes a listening-ready socket of mode 0600. A socket left behind by a gateway that is gone is replaced; one that answers is not.
    /// - Returns: a bound socket that does not listen yet.
    static func bind(in directory: String) throws(ControlError) -> CInt {
        try withAddress(in: directory) { address throws(ControlError) in
            if try isAnswering(&address) {
                throw ControlError(.running, "a gateway is already running on \(directory)")
            }
            let path = "\(directory)/\(ControlProtocol.socketName)"
            var status = stat()
            if lstat(path, &status) == 0 {
                guard status.st_mode & S_IFMT == S_IFSOCK else {
                    throw ControlError(.unusable, "\(path) is in the way: it is not a socket, remove it")
                }
                unlink(path)
            }
            let socket = try makeSocket()
            // The mode of a socket before it is bound is the mode of the file that binding makes, so it is never open to others (unix(7)).
            guard fchmod(socket.number, 0o600) == 0, address.withPointer({ Glibc.bind(socket.number, $0, $1) }) == 0 else {
                throw ControlError(.unusable, "could not make \(path): \(String(cString: strerror(errno)))")
            }
            return socket.release()
        }
    }

    /// Connects to the gateway that serves `directory`.
    static func connect(in directory: String, timeout: Duration) throws(ControlError) -> Descriptor {
        try withAddress(in: directory) { address throws(ControlError) in
            let socket = try makeSocket()
            socket.setTimeouts(timeout)
            guard address.withPointer({ Glibc.connect(socket.number, $0, $1) }) == 0 else {
                let problem = errno
                let text =
                    "could not ask the gateway at \(directory)/\(ControlProtocol.socketName): \(String(cString: strerror(problem)))"
                    + advice(problem, directory)
                throw ControlError(problem == ENOENT || problem == ECONNREFUSED ? .notRunning : .unusable, text)
            }
            return socket
        }
    }

    /// The kernel's word about the process that connected or that listens (SO_PEERCRED).
    static func peer(of descriptor: CInt) -> ControlPeer? {
        var credentials = PeerCredentials()
        var length = socklen_t(MemoryLayout<PeerCredentials>.size)
        guard getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &length) == 0 else { return nil }
        return ControlPeer(process: credentials.process, user: credentials.user)
    }

    private static func makeSocket() throws(ControlError) -> Descriptor {
        let socket = Descriptor(Glibc.socket(AF_UNIX, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0))
        guard socket.isOpen else { throw ControlError(.unusable, "could not make a socket: \(String(cString: strerror(errno)))") }
        return socket
    }

    private static func isAnswering(_ address: inout UnixAddress) throws(ControlError) -> Bool {
        let socket = try makeSocket()
        socket.makeNonblocking()
        // EAGAIN: its queue is full, so someone listens.
        return address.withPointer { Glibc.connect(socket.number, $0, $1) } == 0 || errno == EAGAIN
    }

    /// A path too long for a socket address goes by the directory's descriptor instead.
    private static func withAddress<Result: ~Copyable>(
        in directory: String, _ body: (inout UnixAddress) throws(ControlError) -> Result
    ) throws(ControlError) -> Result {
        if var address = UnixAddress("\(directory)/\(ControlProtocol.socketName)") { return try body(&address) }
        let folder = Descriptor(open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC))
        guard folder.isOpen, var address = UnixAddress("/proc/self/fd/\(folder.number)/\(ControlProtocol.socketName)") else {
            throw ControlError(
                errno == ENOENT ? .notRunning : .unusable,
                "could not open \(directory): \(String(cString: strerror(errno)))\(advice(errno, directory))")
        }
        return try body(&address)
    }

    /// As whom the gateway of this state can be asked; empty where that is not what is wrong, or where nothing tells whose the state is.
    private static func advice(_ problem: CInt, _ directory: String) -> String {
        guard problem == EACCES || problem == EPERM, let owner = UserName.other(thanOwns: directory) else { return "" }
        return ". Run this as the gateway's user, \(owner)"
    }
}

/// `struct ucred`, which the C library hides from modules (unix(7)).
struct PeerCredentials: Sendable {
    var process: Int32 = 0
    var user: UInt32 = 0
    var group: UInt32 = 0
}

/// Why a control socket could not be made or asked.
package struct ControlError: Error, Sendable, CustomStringConvertible {
    package enum Code: Sendable, Hashable {
        /// No gateway serves this state: the command may take its lock and go on by itself.
        case notRunning
        /// Another gateway serves it.
        case running
        case timedOut
        /// The other end is another user's, or speaks another version or nonsense.
        case refused
        case unusable
    }

    package let code: Code
    package let description: String

    init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }
}
