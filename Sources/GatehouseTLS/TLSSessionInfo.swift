public import GatehouseCrypto

/// What a finished handshake agreed on.
public struct TLSSessionInfo: Sendable, Hashable {
    /// `TLSv1.2` or `TLSv1.3`.
    public let version: String
    /// OpenSSL's name of the suite.
    public let cipher: String
    public let resumed: Bool
    /// Which of the listener's identities was chosen; 0 in a client.
    public let identity: Int
    /// The name the client asked for, in lower case.
    public let serverName: String?
    /// The client's certificate, verified against the identity's client CA; nil where none was given.
    public let clientCertificate: ClientCertificate?
    /// What the certificate was verified with; nil where none was given.
    let clientProof: ClientProof?

    public init(version: String, cipher: String, resumed: Bool, identity: Int, serverName: String?, clientCertificate: ClientCertificate?) {
        self.init(
            version: version, cipher: cipher, resumed: resumed, identity: identity, serverName: serverName,
            clientCertificate: clientCertificate, clientProof: nil)
    }

    init(
        version: String, cipher: String, resumed: Bool, identity: Int, serverName: String?, clientCertificate: ClientCertificate?,
        clientProof: ClientProof?
    ) {
        self.clientProof = clientProof
        self.version = version
        self.cipher = cipher
        self.resumed = resumed
        self.identity = identity
        self.serverName = serverName
        self.clientCertificate = clientCertificate
    }
}

/// What ``TLSHandler`` fires as user inbound events.
public enum TLSEvent: Sendable, Hashable {
    /// Application data flows from here on.
    case handshakeCompleted(TLSSessionInfo)
}
