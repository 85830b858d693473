/// Why a token is not accepted. The raw values are the reason codes of audit records.
public enum TokenRefusal: String, Sendable, Hashable, CaseIterable {
    /// No token at all: not a JWS, a wrong `typ`, a claim that is missing or of a wrong type.
    case malformed = "token-malformed"
    /// Not signed by a key that counts, an opaque token that was never issued, or an issuer nobody trusts.
    case signature = "token-signature"
    /// Its signature held, and its client is no sender here, or no longer.
    case client = "credential-unknown"
    case expired = "token-expired"
    case notYet = "token-not-yet"
    /// The token itself, or the credential it was got with.
    case revoked = "token-revoked"
    case audience = "token-audience"
    case scope = "token-scope"
    /// Bound to a certificate that was not presented, bound in a way that cannot be checked, or not bound where it must be.
    case binding = "token-binding"
    /// It cannot be known whether the token is revoked (SEC-50).
    case unavailable
}
