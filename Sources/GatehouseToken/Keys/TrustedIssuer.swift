/// An issuer outside whose access tokens are accepted beside our own.
///
/// Its keys are pinned: nothing in a token can bring in another. Its tokens must be for `audience`, whatever endpoint they come to, and
/// what they may do is bounded by the senders that `clients` names.
public struct TrustedIssuer: Sendable {
    public let issuer: String
    public let audience: String
    /// Its clients' ids, and whose tokens here theirs count as. Empty: a client's id is the sender's name, which leaves it to the issuer to
    /// speak for any sender.
    public let clients: [String: String]
    let keys: VerificationKeySet

    /// - Parameter jwks: a JWK Set, a JWK or a PEM public key.
    public init(issuer: String, jwks: [UInt8], audience: String, clients: [String: String] = [:]) throws(JWKError) {
        self.issuer = issuer
        self.audience = audience
        self.clients = clients
        keys = try VerificationKeySet(jwks)
    }

    /// By `client_id` alone: whoever may choose a `sub` at that issuer could choose a client's id (RFC 9068 section 5).
    func sender(client: String) -> String? { clients.isEmpty ? client : clients[client] }
}
