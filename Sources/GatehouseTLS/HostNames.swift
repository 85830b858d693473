/// Which identity serves which name: exact names before wildcards, earlier identities before later ones.
struct HostNames: Sendable {
    private var exact: [String: Int] = [:]
    /// `example.com` for `*.example.com`.
    private var wildcards: [String: Int] = [:]
    private var addresses: [[UInt8]: Int] = [:]

    /// Names in lower case, as in a certificate's subjectAltName.
    mutating func add(names: [String], addresses: [[UInt8]], identity: Int) {
        for name in names {
            if name.hasPrefix("*.") {
                let suffix = String(name.dropFirst(2))
                // A wildcard stands for one label, and not directly under a top-level domain (RFC 9525 section 6.3).
                if suffix.contains("."), !suffix.contains("*"), wildcards[suffix] == nil { wildcards[suffix] = identity }
            } else if !name.contains("*"), exact[name] == nil {
                exact[name] = identity
            }
        }
        for address in addresses where self.addresses[address] == nil { self.addresses[address] = identity }
    }

    /// `name` in lower case, without a port.
    func identity(for name: String) -> Int? {
        let name = name.hasSuffix(".") ? String(name.dropLast()) : name
        if let identity = exact[name] { return identity }
        guard let dot = name.firstIndex(of: "."), dot != name.startIndex else { return nil }
        return wildcards[String(name[name.index(after: dot)...])]
    }

    func identity(forAddress address: [UInt8]) -> Int? { addresses[address] }
}
