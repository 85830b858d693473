/// Where a relay connects to, and by which identity connections are pooled.
struct RelayTarget: Sendable, Hashable {
    var tls: Bool
    var host: String
    var port: Int
    /// PEM file of authorities; nil: the system's.
    var ca: String?

    /// The Host field: without the port that the scheme implies (RFC 9110 section 7.2).
    var authority: String {
        let host = host.contains(":") ? "[\(host)]" : host
        return port == (tls ? 443 : 80) ? host : "\(host):\(port)"
    }
}
