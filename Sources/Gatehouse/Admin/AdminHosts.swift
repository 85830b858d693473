/// The names under which the admin listener may be addressed. A page of another site that a browser was tricked into sending here bears
/// that site's name (SEC-89).
struct AdminHosts: Sendable {
    private let names: Set<String>

    /// - Parameter names: hosts besides those of the loopback interface, without ports.
    init(_ names: [String] = []) {
        self.names = Set((names + ["localhost", "127.0.0.1", "::1"]).map { $0.lowercased() })
    }

    /// `field` is a Host field's value (RFC 9110 section 7.2). Any port will do: a tunnel may have chosen it.
    func allow(host field: String) -> Bool {
        guard let name = Self.name(in: field) else { return false }
        return names.contains(name)
    }

    /// `field` is an Origin field's value (RFC 6454 section 7); `null` is no origin of ours.
    func allow(origin field: String) -> Bool {
        guard let scheme = ["http://", "https://"].first(where: { field.hasPrefix($0) }) else { return false }
        return allow(host: String(field.dropFirst(scheme.count)))
    }

    private static func name(in field: String) -> String? {
        let host: Substring
        let rest: Substring
        if field.hasPrefix("[") {
            guard let end = field.firstIndex(of: "]") else { return nil }
            host = field[field.index(after: field.startIndex)..<end]
            rest = field[field.index(after: end)...]
        } else {
            let end = field.firstIndex(of: ":") ?? field.endIndex
            host = field[..<end]
            rest = field[end...]
        }
        guard rest.isEmpty || (rest.first == ":" && rest.dropFirst().allSatisfy { $0.isASCII && $0.isNumber }) else { return nil }
        return host.isEmpty ? nil : host.lowercased()
    }
}
