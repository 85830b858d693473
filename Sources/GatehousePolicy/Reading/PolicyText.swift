/// The small notations of policy files, shared with the command line.
public enum PolicyText {
    /// `500ms`, `30s`, `5m`, `24h` or `7d`: whole numbers, one unit; `0s` too. At most 100 years.
    public static func duration(_ text: some StringProtocol) -> Duration? {
        guard let (number, unit) = split(text) else { return nil }
        let milliseconds: Int
        switch unit {
        case "ms": milliseconds = 1
        case "s": milliseconds = 1_000
        case "m": milliseconds = 60_000
        case "h": milliseconds = 3_600_000
        case "d": milliseconds = 86_400_000
        default: return nil
        }
        let (total, overflow) = number.multipliedReportingOverflow(by: milliseconds)
        guard !overflow, total <= 100 * 366 * 86_400_000 else { return nil }
        return .milliseconds(total)
    }

    /// A length of time as ``duration(_:)`` reads it, in the largest unit that says it exactly, down to milliseconds.
    public static func text(_ duration: Duration) -> String {
        let parts = duration.components
        let milliseconds = parts.attoseconds / 1_000_000_000_000_000
        guard milliseconds == 0 else { return "\(parts.seconds.multipliedReportingOverflow(by: 1_000).partialValue &+ milliseconds)ms" }
        let units: [(Int64, String)] = [(86_400, "d"), (3_600, "h"), (60, "m")]
        guard parts.seconds != 0, let (length, unit) = units.first(where: { parts.seconds % $0.0 == 0 }) else { return "\(parts.seconds)s" }
        return "\(parts.seconds / length)\(unit)"
    }

    /// `512B`, `16KiB`, `1MiB` or `1GiB`, in bytes.
    public static func size(_ text: some StringProtocol) -> Int? {
        guard let (number, unit) = split(text) else { return nil }
        let bytes: Int
        switch unit {
        case "B": bytes = 1
        case "KiB": bytes = 1 << 10
        case "MiB": bytes = 1 << 20
        case "GiB": bytes = 1 << 30
        default: return nil
        }
        let (total, overflow) = number.multipliedReportingOverflow(by: bytes)
        return overflow ? nil : total
    }

    /// `100/s`, `600/m` or `5000/h`; more than none.
    public static func rate(_ text: some StringProtocol) -> Rate? {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let events = number(parts[0]), events > 0 else { return nil }
        switch parts[1] {
        case "s": return Rate(events: events, per: .seconds(1))
        case "m": return Rate(events: events, per: .seconds(60))
        case "h": return Rate(events: events, per: .seconds(3_600))
        default: return nil
        }
    }

    /// `host:port`, with an IPv6 address in brackets.
    public static func address(_ text: some StringProtocol) -> SocketAddressText? {
        guard let colon = text.lastIndex(of: ":"), let port = number(text[text.index(after: colon)...]), port <= 65_535 else { return nil }
        guard let host = host(text[..<colon]) else { return nil }
        return SocketAddressText(host: host, port: port)
    }

    /// A size as policies write it, in the largest unit that divides it.
    static func text(size: Int) -> String {
        for (unit, shift) in [("GiB", 30), ("MiB", 20), ("KiB", 10)] where size > 0 && size.trailingZeroBitCount >= shift {
            return "\(size >> shift)\(unit)"
        }
        return "\(size)B"
    }

    /// Names of senders, endpoints, schemes and handlers: `[a-z0-9][a-z0-9._-]*`, at most 64 characters. They become parts of file
    /// names, credentials and header values, so nothing else is let in.
    public static func isSafeName(_ text: some StringProtocol) -> Bool {
        let bytes = Array(text.utf8)
        guard let first = bytes.first, bytes.count <= 64, isLowerAlphanumeric(first) else { return false }
        return bytes.allSatisfy { isLowerAlphanumeric($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-") }
    }

    /// A token of RFC 9110 section 5.6.2.
    static func isToken(_ text: some StringProtocol) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                isLowerAlphanumeric(byte | 0x20) && (byte >= 0x30) || "!#$%&'*+-.^_`|~".utf8.contains(byte)
            }
    }

    /// A host name, an IPv4 address, or an IPv6 address in brackets, which are removed; nil for anything else.
    static func host(_ text: some StringProtocol) -> String? {
        if text.hasPrefix("["), text.hasSuffix("]") {
            let inner = text.dropFirst().dropLast()
            return inner.contains(":") && IPAddress(inner) != nil ? String(inner) : nil
        }
        guard !text.isEmpty, text.utf8.count <= 253 else { return nil }
        let labels = text.split(separator: ".", omittingEmptySubsequences: false)
        let isName = labels.allSatisfy { label in
            !label.isEmpty && label.utf8.count <= 63 && !label.hasPrefix("-") && !label.hasSuffix("-")
                && label.utf8.allSatisfy {
                    isLowerAlphanumeric($0 | 0x20) && $0 >= 0x30 || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
                }
        }
        guard isName else { return nil }
        // All digits and dots is an address or a slip, never a name (RFC 1123 section 2.1).
        let looksNumeric = labels.last?.utf8.allSatisfy { (0x30...0x39).contains($0) } ?? false
        return looksNumeric && IPAddress(text) == nil ? nil : String(text)
    }

    /// Digits only: no sign, no separators, no overflow.
    static func number(_ text: some StringProtocol) -> Int? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return Int(text)
    }

    private static func split(_ text: some StringProtocol) -> (number: Int, unit: String)? {
        let digits = text.prefix { ("0"..."9").contains($0) }
        guard let number = number(digits) else { return nil }
        return (number, String(text.dropFirst(digits.count)))
    }

    private static func isLowerAlphanumeric(_ byte: UInt8) -> Bool {
        (0x61...0x7a).contains(byte) || (0x30...0x39).contains(byte)
    }
}
