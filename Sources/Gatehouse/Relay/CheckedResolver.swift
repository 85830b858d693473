import GatehousePolicy
import Glibc
import NIOCore
import NIOPosix

/// Resolves a handler's name and keeps only addresses that may be connected to, each time anew (SEC-82): a name that begins to point at a
/// metadata service or at the link is refused at that moment, whatever it pointed at when policy was read.
///
/// Each query runs on NIO's thread pool, since the C library's resolver waits.
final class CheckedResolver: Resolver, Sendable {
    private let eventLoop: any EventLoop

    init(eventLoop: any EventLoop) { self.eventLoop = eventLoop }

    func initiateAQuery(host: String, port: Int) -> EventLoopFuture<[SocketAddress]> { query(host, port, AF_INET) }

    func initiateAAAAQuery(host: String, port: Int) -> EventLoopFuture<[SocketAddress]> { query(host, port, AF_INET6) }

    /// A query under way cannot be taken back; its answer is dropped by the one who asked.
    func cancelQueries() {}

    private func query(_ host: String, _ port: Int, _ family: CInt) -> EventLoopFuture<[SocketAddress]> {
        NIOThreadPool.singleton.runIfActive(eventLoop: eventLoop) { try Self.addresses(host, port, family).filter(Self.isAllowed) }
    }

    private static func addresses(_ host: String, _ port: Int, _ family: CInt) throws -> [SocketAddress] {
        var hints = addrinfo()
        hints.ai_family = family
        hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, String(port), &hints, &list) == 0 else { return [] }
        defer { freeaddrinfo(list) }
        var addresses: [SocketAddress] = []
        var next = list
        while let entry = next?.pointee {
            if family == AF_INET, let address = entry.ai_addr, Int(entry.ai_addrlen) >= MemoryLayout<sockaddr_in>.size {
                address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { addresses.append(SocketAddress($0.pointee)) }
            } else if family == AF_INET6, let address = entry.ai_addr, Int(entry.ai_addrlen) >= MemoryLayout<sockaddr_in6>.size {
                address.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { addresses.append(SocketAddress($0.pointee)) }
            }
            next = entry.ai_next
        }
        return addresses
    }

    private static func isAllowed(_ address: SocketAddress) -> Bool { IPAddress(address).map(OutboundAddress.isAllowed) ?? false }
}

/// Addresses that no handler lives at: unspecified, link-local (which holds the clouds' metadata services), multicast and broadcast, also in
/// the IPv6 forms that carry an IPv4 address.
enum OutboundAddress {
    static func isAllowed(_ address: IPAddress) -> Bool {
        if let inner = embedded(address) { return isAllowedV4(inner) }
        let isUnspecified = address.high == 0 && address.low == 0
        let isLinkLocal = address.high >> 54 == 0xfe80 >> 6
        let isMulticast = address.high >> 56 == 0xff
        // fd00:ec2::254, AWS's metadata service over IPv6.
        let isMetadata = address.high == 0xfd00_0ec2_0000_0000 && address.low == 0x254
        return !(isUnspecified || isLinkLocal || isMulticast || isMetadata)
    }

    private static func isAllowedV4(_ bits: UInt32) -> Bool {
        let isThisNetwork = bits >> 24 == 0
        let isLinkLocal = bits >> 16 == 0xa9fe
        let isMulticastOrReserved = bits >> 28 >= 0xe
        // Alibaba's metadata service stands outside the link-local network.
        let isMetadata = bits == 0x6464_64c8
        return !(isThisNetwork || isLinkLocal || isMulticastOrReserved || isMetadata)
    }

    /// IPv4-mapped, NAT64 (RFC 6052) and 6to4 (RFC 3056).
    private static func embedded(_ address: IPAddress) -> UInt32? {
        if address.isV4 { return UInt32(truncatingIfNeeded: address.low) }
        if address.high == 0x0064_ff9b_0000_0000, address.low >> 32 == 0 { return UInt32(truncatingIfNeeded: address.low) }
        if address.high >> 48 == 0x2002 { return UInt32(truncatingIfNeeded: address.high >> 16) }
        return nil
    }
}
