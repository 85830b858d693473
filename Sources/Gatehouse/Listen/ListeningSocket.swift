import CLinux
import GatehousePolicy
import NIOCore
import NIOPosix

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Sockets of one listener: one an event loop on the same port, so that the kernel spreads connections (`SO_REUSEPORT`).
///
/// The first bind is made without that option: it fails where any other program listens, a second gateway of the same user included,
/// which would otherwise share the port unnoticed.
enum ListeningSocket {
    static let backlog: Int32 = 4_096

    /// `count` listening descriptors. With port 0 the kernel chooses one port for all.
    static func open(_ address: SocketAddressText, count: Int) throws(GatewayError) -> [CInt] {
        let resolved: SocketAddress
        do {
            resolved = try SocketAddress.makeAddressResolvingHost(address.host, port: address.port)
        } catch {
            throw .listen(address, "the address does not resolve: \(error)")
        }
        let probe = try bound(resolved, address, shared: false)
        let port = localPort(probe) ?? address.port
        close(probe)
        var sockets: [CInt] = []
        do throws(GatewayError) {
            for _ in 0..<max(1, count) {
                var own = resolved
                own.port = port
                let socket = try bound(own, address, shared: true)
                sockets.append(socket)
                guard listen(socket, backlog) == 0 else { throw .listen(address, describe(errno)) }
            }
        } catch {
            sockets.forEach { close($0) }
            throw error
        }
        return sockets
    }

    /// From now on the queue of a listening socket only empties. Where the kernel refuses, closing resets what is still queued.
    static func dropNewConnections(_ socket: CInt) { _ = clinux_drop_new_connections(socket) }

    static func localPort(_ socket: CInt) -> Int? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let result = withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(socket, $0, &length) }
        }
        guard result == 0 else { return nil }
        // The port stands in the same two bytes of both families, in network order.
        return withUnsafeBytes(of: &storage) { Int($0[2]) << 8 | Int($0[3]) }
    }

    private static func bound(_ address: SocketAddress, _ text: SocketAddressText, shared: Bool) throws(GatewayError) -> CInt {
        let family: CInt
        switch address.protocol {
        case .inet6: family = AF_INET6
        default: family = AF_INET
        }
        let socket = socket(family, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        guard socket >= 0 else { throw .listen(text, describe(errno)) }
        var on: CInt = 1
        setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<CInt>.size))
        if shared { setsockopt(socket, SOL_SOCKET, SO_REUSEPORT, &on, socklen_t(MemoryLayout<CInt>.size)) }
        let result = address.withSockAddr { pointer, size in bind(socket, pointer, socklen_t(size)) }
        // A bind without listen does not conflict with another's REUSEPORT socket that is not listening yet; listen on the probe makes sure.
        let ready = result == 0 && (shared || listen(socket, 1) == 0)
        guard ready else {
            let code = errno
            close(socket)
            throw .listen(text, describe(code))
        }
        return socket
    }

    /// `setting`: what chooses the address in `gateway.yaml`.
    static func describe(_ code: Int32, setting: String = "listen") -> String {
        switch code {
        case EADDRINUSE: "the port is taken by another program; stop it or choose another port in `\(setting)`"
        case EACCES: "not allowed; ports below 1024 need CAP_NET_BIND_SERVICE, or choose another port in `\(setting)`"
        case EADDRNOTAVAIL: "this machine has no such address"
        default: String(cString: strerror(code))
        }
    }
}
