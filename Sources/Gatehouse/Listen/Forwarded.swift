import GatehouseHTTP
import GatehousePolicy

/// The sender's address as proxies in front tell it: the rightmost one that is no trusted proxy itself counts.
enum Forwarded {
    enum Outcome: Equatable {
        case address(IPAddress)
        /// A trusted proxy sent a field that is not well formed (SEC-23): 400.
        case malformed
    }

    /// `peer` is the connection's own address; its word is believed only where it is among `trusted`.
    static func resolve(
        _ request: RequestView, by kind: GatewayPolicy.ForwardedBy, peer: IPAddress, trusted: [Network]
    ) -> Outcome {
        guard trusted.contains(where: { $0.contains(peer) }) else { return .address(peer) }
        let fields = request.values(kind == .forwarded ? "forwarded" : "x-forwarded-for")
        let text = fields.map { String(decoding: $0, as: UTF8.self) }.joined(separator: ",")
        guard !text.isEmpty else { return .address(peer) }
        var nearest = peer
        for element in elements(of: text).reversed() {
            let address: IPAddress?
            if kind == .forwarded {
                guard let parsed = forElement(element) else { return .malformed }
                address = parsed.address
            } else {
                address = IPAddress(unported(element))
                if address == nil { return .malformed }
            }
            // An obfuscated or unknown node (RFC 7239 section 6.2, 6.3) ends what can be told: the last address known stands for it.
            guard let address else { return .address(nearest) }
            nearest = address
            guard trusted.contains(where: { $0.contains(address) }) else { break }
        }
        return .address(nearest)
    }

    /// Splits at commas outside quoted strings, blanks trimmed.
    private static func elements(of text: String) -> [String] {
        var parts: [String] = []
        var current = ""
        var quoted = false
        for character in text {
            if character == "\"" { quoted.toggle() }
            if character == ",", !quoted {
                parts.append(trim(current))
                current = ""
            } else {
                current.append(character)
            }
        }
        parts.append(trim(current))
        return parts
    }

    /// The `for` of one forwarded-element (RFC 7239 section 4); nil where it has none or does not parse.
    private static func forElement(_ element: String) -> (address: IPAddress?, Void)? {
        for pair in element.split(separator: ";") {
            let parts = pair.split(separator: "=", maxSplits: 1)
            guard parts.count == 2 else { return nil }
            guard trim(String(parts[0])).lowercased() == "for" else { continue }
            var node = trim(String(parts[1]))
            if node.hasPrefix("\""), node.hasSuffix("\""), node.count >= 2 { node = String(node.dropFirst().dropLast()) }
            if node.lowercased() == "unknown" || node.hasPrefix("_") { return (nil, ()) }
            guard let address = IPAddress(unported(node)) else { return nil }
            return (address, ())
        }
        return nil
    }

    /// Without brackets and port: `[2001:db8::1]:4711`, `192.0.2.1:80`.
    private static func unported(_ node: String) -> String {
        if node.hasPrefix("[") { return String(node.dropFirst().prefix { $0 != "]" }) }
        let parts = node.split(separator: ":", omittingEmptySubsequences: false)
        return parts.count == 2 ? String(parts[0]) : node
    }

    private static func trim(_ text: String) -> String {
        var slice = Substring(text)
        while let first = slice.first, first == " " || first == "\t" { slice = slice.dropFirst() }
        while let last = slice.last, last == " " || last == "\t" { slice = slice.dropLast() }
        return String(slice)
    }
}
