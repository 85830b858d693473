#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// An IP address in its 16 bytes; IPv4 stands in its IPv4-mapped form (RFC 4291 section 2.5.5.2).
public struct IPAddress: Sendable, Hashable, CustomStringConvertible {
    /// The first and last eight bytes, big-endian.
    public var high: UInt64
    public var low: UInt64

    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// The IPv4 address `a.b.c.d` as one number.
    public init(v4 bits: UInt32) { self.init(high: 0, low: 0xffff_0000_0000 | UInt64(bits)) }

    /// Dotted or colon text, without brackets, zone or port; nil for anything else.
    public init?(_ text: some StringProtocol) {
        let text = String(text)
        var v4 = in_addr()
        if inet_pton(AF_INET, text, &v4) == 1 {
            self.init(v4: UInt32(bigEndian: v4.s_addr))
            return
        }
        var v6 = in6_addr()
        guard inet_pton(AF_INET6, text, &v6) == 1 else { return nil }
        self = withUnsafeBytes(of: &v6) { bytes in
            IPAddress(
                high: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self)),
                low: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
        }
    }

    public var isV4: Bool { high == 0 && low >> 32 == 0xffff }

    public var isLoopback: Bool { isV4 ? low >> 24 & 0xff == 127 : high == 0 && low == 1 }

    /// As `inet_ntop` writes it; an IPv4-mapped address as plain IPv4.
    public var description: String {
        if isV4 {
            return "\(low >> 24 & 0xff).\(low >> 16 & 0xff).\(low >> 8 & 0xff).\(low & 0xff)"
        }
        var address = in6_addr()
        withUnsafeMutableBytes(of: &address) { bytes in
            bytes.storeBytes(of: high.bigEndian, toByteOffset: 0, as: UInt64.self)
            bytes.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
        }
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        guard inet_ntop(AF_INET6, &address, &text, socklen_t(text.count)) != nil else { return "?" }
        return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}

/// A network in CIDR form; a plain address is a network of one.
public struct Network: Sendable, Hashable, CustomStringConvertible {
    public var address: IPAddress
    /// 0…128, counted in the 16-byte form: an IPv4 `/24` is 120.
    public var prefix: Int

    public init(address: IPAddress, prefix: Int) {
        self.address = address
        self.prefix = prefix
    }

    /// `203.0.113.0/24`, `2001:db8::/32` or a plain address; nil where it does not parse or bits are set beyond the prefix.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, let address = IPAddress(first) else { return nil }
        var prefix = 128
        if parts.count == 2 {
            guard let bits = Int(parts[1]), bits >= 0, bits <= (address.isV4 ? 32 : 128), parts[1].allSatisfy(\.isNumber) else {
                return nil
            }
            prefix = address.isV4 ? bits + 96 : bits
        }
        self.init(address: address, prefix: prefix)
        guard Network.masked(address, prefix) == address else { return nil }
    }

    /// As ``init(_:)`` reads it, with the prefix.
    public var description: String { "\(address)/\(address.isV4 && prefix >= 96 ? prefix - 96 : prefix)" }

    public func contains(_ other: IPAddress) -> Bool { Network.masked(other, prefix) == address }

    private static func masked(_ address: IPAddress, _ prefix: Int) -> IPAddress {
        let high = prefix >= 64 ? UInt64.max : prefix == 0 ? 0 : UInt64.max << UInt64(64 - prefix)
        let low = prefix >= 128 ? UInt64.max : prefix <= 64 ? 0 : UInt64.max << UInt64(128 - prefix)
        return IPAddress(high: address.high & high, low: address.low & low)
    }
}
