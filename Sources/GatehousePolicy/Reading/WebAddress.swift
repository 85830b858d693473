/// An absolute `http` or `https` URL in its parts (RFC 3986 section 3), as policy writes them.
struct WebAddress {
    var isTLS: Bool
    /// Brackets removed.
    var host: String
    /// The one given, else the scheme's.
    var port: Int
    /// Empty, or beginning with a slash.
    var path: String
    var query: String?

    struct Problem: Error {
        var message: String
        var hint: String?
    }

    init(_ text: String) throws(Problem) {
        guard text.utf8.count <= 2_048, text.utf8.allSatisfy({ (0x21...0x7e).contains($0) && !"\"<>\\^`{|}".utf8.contains($0) }) else {
            throw Problem(message: "a URL holds printable ASCII only, at most 2048 characters", hint: "percent-encode the rest")
        }
        var rest: Substring
        if text.hasPrefix("https://") {
            isTLS = true
            rest = text.dropFirst(8)
        } else if text.hasPrefix("http://") {
            isTLS = false
            rest = text.dropFirst(7)
        } else {
            throw Problem(message: "\(quoted(text)) is not an http:// or https:// URL", hint: nil)
        }
        guard !rest.contains("#") else { throw Problem(message: "a URL here has no fragment", hint: "remove '#' and what follows") }
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        // Not shown: what stands before the '@' is usually a password.
        guard !authority.contains("@") else {
            throw Problem(message: "a URL in policy never holds a user or password", hint: "remove what stands before '@'")
        }
        rest = rest.dropFirst(authority.count)
        if let mark = rest.firstIndex(of: "?") {
            path = String(rest[..<mark])
            query = String(rest[rest.index(after: mark)...])
        } else {
            path = String(rest)
            query = nil
        }
        var name = authority
        port = isTLS ? 443 : 80
        if let colon = authority.lastIndex(of: ":"), !authority.hasSuffix("]") {
            guard let given = PolicyText.number(authority[authority.index(after: colon)...]), (0...65_535).contains(given) else {
                throw Problem(message: "\(quoted(String(authority))) holds no valid port", hint: "1 to 65535, IPv6 addresses in brackets")
            }
            port = given
            name = authority[..<colon]
        }
        guard let host = PolicyText.host(name) else {
            throw Problem(message: "\(quoted(String(name))) is not a host name or address", hint: "IPv6 addresses stand in brackets")
        }
        self.host = host
    }

    /// The host means this machine.
    var isLoopback: Bool { SocketAddressText(host: host, port: port).isLoopback }
}

extension SocketAddressText {
    /// A loopback address, or `localhost` (which RFC 6761 section 6.3 keeps for it).
    public var isLoopback: Bool { host.lowercased() == "localhost" || IPAddress(host)?.isLoopback ?? false }
}
