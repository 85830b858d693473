/// The files and limits of one TLS listener.
public struct TLSServerConfiguration: Sendable, Hashable {
    /// A certificate chain with its key, and the authority that client certificates must come from.
    public struct Identity: Sendable, Hashable {
        /// PEM, leaf first.
        public var certificateFile: String
        /// PEM without a passphrase, readable by this user alone.
        public var keyFile: String
        /// PEM; nil: no client certificate is asked for.
        public var clientCAFile: String?

        public init(certificateFile: String, keyFile: String, clientCAFile: String? = nil) {
            self.certificateFile = certificateFile
            self.keyFile = keyFile
            self.clientCAFile = clientCAFile
        }
    }

    public enum Version: String, Sendable, Hashable, CaseIterable, Comparable {
        case v12 = "1.2"
        case v13 = "1.3"

        public static func < (left: Version, right: Version) -> Bool { left == .v12 && right == .v13 }
    }

    /// Names the listener in what sessions are bound to, so that a session of one listener is a stranger to another: its address.
    public var listener: String
    /// The first serves whoever names none, or an unknown one.
    public var identities: [Identity]
    public var minimumVersion: Version
    /// Revocation lists, PEM or DER, for every authority in the client CA files.
    public var crlFile: String?
    /// What ALPN offers; a client that offers ALPN and none of these is turned away.
    public var applicationProtocols: [String]

    public init(
        listener: String, identities: [Identity], minimumVersion: Version = .v12, crlFile: String? = nil,
        applicationProtocols: [String] = ["http/1.1"]
    ) {
        self.listener = listener
        self.identities = identities
        self.minimumVersion = minimumVersion
        self.crlFile = crlFile
        self.applicationProtocols = applicationProtocols
    }
}
