/// Which identity serves which name: exact names before wildcards, earlier identities before later ones.
struct HostNames: Sendable {
    private var exact: [String: Int] = [:]
    /// `example.com` for `*.example.com`.
    private var wildcards: [String: Int] = [:]
    private var addresses: [[UInt8]: Int] = [:]

    /// Names in lower case, as in a certificate's subjectAltName. Returns those that an earlier identity has and keeps.
    mutating func add(names: [String], addresses: [[UInt8]], identity: Int) -> [String] {
        var taken: [String] = []
        for name in names {
            if name.hasPrefix("*.") {
                let suffix = String(name.dropFirst(2))
                // A wildcard stands for one label, and not directly under a top-level domain (RFC 9525 section 6.3).
                guard suffix.contains("."), !suffix.contains("*") else { continue }
                if wildcards[suffix, default: identity] != identity { taken.append(name) } else { wildcards[suffix] = identity }
            } else if !name.contains("*") {
                if exact[name, default: identity] != identity { taken.append(name) } else { exact[name] = identity }
            }
        }
        for address in addresses where self.addresses[address] == nil { self.addresses[address] = identity }
        return taken
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
