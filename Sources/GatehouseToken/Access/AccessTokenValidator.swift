public import GatehouseCrypto
public import GatehouseTime

/// What became of a token.
public enum TokenVerdict: Sendable, Hashable {
    case valid(AccessToken)
    /// With the token where it is one of a known issuer's, whose signature held. ``TokenRefusal/scope`` only where all else held.
    case refused(TokenRefusal, AccessToken?)
}

/// Decides whether an access token counts for a request (RFC 9068 section 4, RFC 6750, RFC 8705 section 3). Immutable, one a snapshot; does
/// no I/O and keeps nothing but what the workspace remembers.
///
/// Of a token that was seen before only the signature is not checked again. Everything that can change is: time, revocation of the token,
/// its client or the credential it was got with, audience, binding and scope.
public struct AccessTokenValidator: Sendable {
    private let keyring: TokenKeyring
    private let senders: any TokenSenders
    private let digests: Secret
    private let lookup: any TokenLookup

    /// - Parameters:
    ///   - digests: the key under which opaque tokens are digested.
    public init(keyring: TokenKeyring, senders: any TokenSenders, digests: Secret, lookup: any TokenLookup) {
        self.keyring = keyring
        self.senders = senders
        self.digests = digests
        self.lookup = lookup
    }

    /// `iss` of own tokens.
    public var issuer: String { keyring.issuer }

    /// - Parameters:
    ///   - audience: one of the token's must be this. An outside issuer's tokens must be for the audience that its trust names instead.
    ///     Nil: not asked.
    ///   - scopes: the token must carry every one.
    ///   - certificate: SHA-256 of the DER of the certificate that the TLS handshake proved, nil without one.
    ///   - bindingMatters: false where somebody else than its holder asks about the token.
    public func validate(
        _ token: UnsafeRawBufferPointer, at now: WallTime, audience: String?, scopes: [String] = [], certificate: [UInt8]? = nil,
        bindingMatters: Bool = true, workspace: TokenWorkspace
    ) -> TokenVerdict {
        workspace.flaw = nil
        switch read(token, at: now, workspace) {
        case .failure(let flaw):
            workspace.flaw = flaw
            return .refused(flaw.refusal, nil)
        case .success(let token):
            if let refusal = refusal(of: token, now, audience, certificate, bindingMatters) { return .refused(refusal, token) }
            for scope in scopes where !token.scopes.contains(scope) { return .refused(.scope, token) }
            return .valid(token)
        }
    }

    /// What ended a token before its time.
    public enum Revocation: Sendable, Hashable {
        /// There is no such sender any more.
        case sender
        /// The credential that it was issued for was revoked, or is forgotten.
        case credential(IssuingCredential)
        case token
    }

    /// Why a token counts as revoked; nil where it does not.
    public func revocation(of token: AccessToken) -> Revocation? {
        guard senders.requiresBinding(token.sender) != nil else { return .sender }
        if let gone = token.credentials.first(where: { !senders.stands($0, of: token.sender) }) { return .credential(gone) }
        return token.isOwn && lookup.isRevoked(token.id) == .yes ? .token : nil
    }

    /// A token whose origin is proved.
    private func read(_ text: UnsafeRawBufferPointer, at now: WallTime, _ workspace: TokenWorkspace) -> Result<AccessToken, TokenFlaw> {
        workspace.adopt(keyring)
        guard text.count <= CompactJWS.maximumLength else { return .failure(.length) }
        if text.count == OpaqueDigester.textLength, !text.contains(UInt8(ascii: ".")) {
            guard let digest = workspace.opaqueDigest(text, key: digests) else { return .failure(.unreadable) }
            return lookup.opaque(digest).map { .success($0) } ?? .failure(.unknown)
        }
        guard let digest = workspace.digest(text) else { return .failure(.unreadable) }
        if let token = workspace.remembered(digest) { return .success(token) }
        let result = Result { () throws(TokenFlaw) in try verify(text, at: now, workspace) }
        if case .success(let token) = result, now < token.expires { workspace.remember(token, under: digest, at: now) }
        return result
    }

    private static func parse(_ text: UnsafeRawBufferPointer) throws(TokenFlaw) -> (jws: CompactJWS, claims: Claims, token: AccessToken) {
        let jws = try CompactJWS(text)
        guard jws.type == "at+jwt" else { throw .type(expected: "at+jwt (RFC 9068 section 2.1)") }
        let claims = try Claims(jws.payload)
        return (jws, claims, try AccessToken(claims))
    }

    private func verify(_ text: UnsafeRawBufferPointer, at now: WallTime, _ workspace: TokenWorkspace) throws(TokenFlaw) -> AccessToken {
        var (jws, claims, token) = try Self.parse(text)
        let signed = UnsafeRawBufferPointer(rebasing: text[..<jws.signedCount])
        guard keyring.knows(token.issuer) else { throw .issuer }
        let candidates = keyring.candidates(issuer: token.issuer, id: jws.keyID, algorithm: jws.algorithm, at: now)
        guard !candidates.isEmpty else { throw .key(id: jws.keyID, algorithm: jws.algorithm.rawValue) }
        guard let key = candidates.first(where: { workspace.verifies($0, jws.algorithm, signature: jws.signature, message: signed) }) else {
            throw .signature
        }
        if let issuer = key.issuer {
            token.isOwn = false
            token.credentials = []
            guard let sender = keyring.trusted[issuer].sender(client: token.sender), senders.requiresBinding(sender) != nil else {
                throw .client
            }
            token.sender = sender
            token.trustedAudience = keyring.trusted[issuer].audience
        } else if !(claims["sub"]?.text?.utf8.elementsEqual(token.sender.utf8) ?? false) {
            // Own tokens are a client's for itself; one that says otherwise is none of ours.
            throw .subject
        }
        return token
    }

    /// Everything that is checked each time but the scopes.
    private func refusal(
        of token: AccessToken, _ now: WallTime, _ audience: String?, _ certificate: [UInt8]?, _ bindingMatters: Bool
    ) -> TokenRefusal? {
        guard now < token.expires, token.issued < token.expires else { return .expired }
        let latest = now + Self.tolerance
        guard token.issued <= latest, token.notBefore ?? token.issued <= latest else { return .notYet }
        guard let requiresBinding = senders.requiresBinding(token.sender),
            token.credentials.allSatisfy({ senders.stands($0, of: token.sender) })
        else { return .revoked }
        if token.isOwn {
            switch lookup.isRevoked(token.id) {
            case .no: break
            case .yes: return .revoked
            case .unknown: return .unavailable
            }
        }
        if let wanted = token.trustedAudience ?? audience {
            guard token.audiences.contains(where: { $0.utf8.elementsEqual(wanted.utf8) }) else { return .audience }
        }
        return bindingMatters ? bindingRefusal(of: token, requiresBinding, certificate) : nil
    }

    private func bindingRefusal(of token: AccessToken, _ requiresBinding: Bool, _ certificate: [UInt8]?) -> TokenRefusal? {
        guard !token.isBoundOtherwise else { return .binding }
        guard let bound = token.certificate else { return requiresBinding ? .binding : nil }
        guard let certificate else { return .binding }
        return bound.withUnsafeBytes { left in certificate.withUnsafeBytes { constantTimeEquals(left, $0) } } ? nil : .binding
    }

    /// How far another clock may be ahead of ours: 8 s pass, a minute does not (SEC-36).
    package static let tolerance = Duration.seconds(10)
}
