public import GatehouseCrypto
public import GatehousePolicy

/// A request to the token, introspection or revocation endpoint, with its method and media type already checked: POST, a form.
public struct OAuthRequest {
    /// Valid while the call it is given to runs; nothing of it is kept but what a continuation needs.
    public var body: UnsafeRawBufferPointer
    public var contentType: String?
    /// The value of every Authorization field.
    public var authorization: [UnsafeRawBufferPointer]
    /// The request target has a query: parameters in it are refused (SEC-28).
    public var hasQuery: Bool
    /// The client certificate that the TLS handshake proved.
    public var certificate: ClientCertificate?
    public var remote: IPAddress

    public init(
        body: UnsafeRawBufferPointer, contentType: String? = nil, authorization: [UnsafeRawBufferPointer] = [], hasQuery: Bool = false,
        certificate: ClientCertificate? = nil, remote: IPAddress
    ) {
        self.body = body
        self.contentType = contentType
        self.authorization = authorization
        self.hasQuery = hasQuery
        self.certificate = certificate
        self.remote = remote
    }
}
