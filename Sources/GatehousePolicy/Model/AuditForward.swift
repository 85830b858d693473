/// Where live copies of audit records go.
public struct AuditForward: Sendable, Hashable, CustomStringConvertible {
    public enum Target: Sendable, Hashable {
        /// RFC 5424 messages over TLS (RFC 5425).
        case syslog(host: String, port: Int)
        /// The records as they are, appended to a file.
        case file(String)
    }

    public var target: Target
    /// PEM authorities that the receiver's certificate must come from; nil: the system's.
    public var ca: String?

    public init(_ target: Target, ca: String? = nil) {
        self.target = target
        self.ca = ca
    }

    /// As policy writes it; also the name under which it is shown, and under which is kept how far it got.
    public var description: String {
        switch target {
        case .syslog(let host, let port): "syslog+tls://\(SocketAddressText(host: host, port: port))"
        case .file(let path): "file:\(path)"
        }
    }
}
