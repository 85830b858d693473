public import GatehouseCrypto
public import GatehouseTime
internal import Synchronization

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
/// its client or the credential it was got with, what its sender's policy lets it have, audience, binding and scope.
public struct AccessTokenValidator: Sendable {
    private let keyring: TokenKeyring
    private let senders: any TokenSenders
    private let digests: Secret
    private let lookup: any TokenLookup
    /// Tells what one validator remembered in a workspace from what another did.
    private let generation: UInt64

    /// - Parameters:
    ///   - digests: the key under which opaque tokens are digested.
    public init(keyring: TokenKeyring, senders: any TokenSenders, digests: Secret, lookup: any TokenLookup) {
        self.keyring = keyring
        self.senders = senders
        self.digests = digests
        self.lookup = lookup
        generation = Self.generations.add(1, ordering: .relaxed).newValue
    }

    private static let generations = Atomic<UInt64>(0)

    /// `iss` of own tokens.
    public var issuer: String { keyring.issuer }

    /// - Parameters:
    ///   - audience: one of the token's must be this; nil: not asked. An outside issuer's tokens must be for the audience that its trust
    ///     names, whatever this is.
    ///   - isNamed: an outside issuer's tokens must be for `audience` as well.
    ///   - scopes: the token must carry every one, and where it is our own, its sender's policy must still have it.
    ///   - certificate: SHA-256 of the DER of the certificate that the TLS handshake proved, nil without one.
    ///   - bindingMatters: false where somebody else than its holder asks about the token: what it is bound to is then not compared, and
    ///     one that its sender's profile takes with no certificate is refused all the same.
    public func validate(
        _ token: UnsafeRawBufferPointer, at now: WallTime, audience: String?, isNamed: Bool = false, scopes: [String] = [],
        certificate: [UInt8]? = nil, bindingMatters: Bool = true, workspace: TokenWorkspace
    ) -> TokenVerdict {
        workspace.flaw = nil
        switch read(token, at: now, workspace) {
        case .failure(let flaw):
            workspace.flaw = flaw
            return .refused(flaw.refusal, nil)
        case .success(let token):
            var flaw = flaw(of: token, now, audience, isNamed, certificate, bindingMatters)
            if flaw == nil, let scope = scopes.first(where: { !token.scopes.contains($0) }) {
                flaw = token.withdrawnScopes.contains(scope) ? .scopeWithdrawn(scope) : .scope(scope)
            }
            guard let flaw else { return .valid(token) }
            workspace.flaw = flaw
            return .refused(flaw.refusal, token)
        }
    }

    /// A token whose origin is proved.
    private func read(_ text: UnsafeRawBufferPointer, at now: WallTime, _ workspace: TokenWorkspace) -> Result<AccessToken, TokenFlaw> {
        workspace.adopt(keyring)
        guard text.count <= CompactJWS.maximumLength else { return .failure(.length) }
        if text.count == OpaqueDigester.textLength, !text.contains(UInt8(ascii: ".")) {
            guard let digest = workspace.opaqueDigest(text, key: digests) else { return .failure(.unreadable) }
            return lookup.opaque(digest).map { .success(counted($0)) } ?? .failure(.unknown)
        }
        guard let digest = workspace.digest(text) else { return .failure(.unreadable) }
        if let known = workspace.remembered(digest) {
            if known.generation != generation {
                known.counted = counted(known.issued)
                known.generation = generation
            }
            return .success(known.counted)
        }
        return Result { () throws(TokenFlaw) in
            let token = try verify(text, at: now, workspace)
            let counted = counted(token)
            if now < token.expires, !token.isStranger {
                workspace.remember(
                    TokenWorkspace.Verified(issued: token, counted: counted, generation: generation), under: digest, at: now)
            }
            return counted
        }
    }

    /// An own token with what its sender may still have. An outside issuer's carries what that issuer gave it.
    private func counted(_ token: AccessToken) -> AccessToken {
        guard token.isOwn else { return token }
        let scopes = token.scopes.filter { !senders.has(scope: $0, token.sender) }
        let audiences = token.audiences.filter { !senders.has(audience: $0, token.sender) }
        guard !scopes.isEmpty || !audiences.isEmpty else { return token }
        var counted = token
        counted.scopes.removeAll(where: scopes.contains)
        counted.audiences.removeAll(where: audiences.contains)
        (counted.withdrawnScopes, counted.withdrawnAudiences) = (scopes, audiences)
        return counted
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
        guard jws.keyID != nil || token.issuer != keyring.issuer else { throw .keyUnnamed }
        guard !candidates.isEmpty else { throw .key(id: jws.keyID, algorithm: jws.algorithm.rawValue) }
        guard let key = candidates.first(where: { workspace.verifies($0, jws.algorithm, signature: jws.signature, message: signed) }) else {
            throw .signature
        }
        token.algorithm = jws.algorithm
        if let issuer = key.issuer {
            token.isOwn = false
            token.credentials = []
            if let sender = keyring.trusted[issuer].sender(client: token.sender), senders.requiresBinding(sender) != nil {
                token.sender = sender
            } else {
                token.isStranger = true
            }
            token.trustedAudience = keyring.trusted[issuer].audience
        } else if !(claims["sub"]?.text?.utf8.elementsEqual(token.sender.utf8) ?? false) {
            // Own tokens are a client's for itself; one that says otherwise is none of ours.
            throw .subject
        }
        return token
    }

    /// Everything that is checked each time but the scopes.
    private func flaw(
        of token: AccessToken, _ now: WallTime, _ audience: String?, _ isNamed: Bool, _ certificate: [UInt8]?, _ bindingMatters: Bool
    ) -> TokenFlaw? {
        guard !token.isStranger else { return .client }
        guard now < token.expires, token.issued < token.expires else { return .expired }
        let latest = now + Self.tolerance
        guard token.issued <= latest else { return .claimAhead("iat") }
        guard token.notBefore ?? token.issued <= latest else { return .claimAhead("nbf") }
        // Binding is the profile's, and so is the choice of algorithms.
        guard let isFAPI = senders.requiresBinding(token.sender) else { return token.isOwn ? .sender(token.sender) : .client }
        if isFAPI, let algorithm = token.algorithm, !JWSAlgorithm.fapi2.contains(algorithm) {
            return .forbiddenAlgorithm(algorithm.rawValue)
        }
        if let gone = token.credentials.first(where: { !senders.stands($0, of: token.sender) }) {
            return .credential(gone, sender: token.sender)
        }
        if token.isOwn {
            switch lookup.isRevoked(token.id) {
            case .no: break
            case .yes: return .revoked
            case .unknown: return .revocationsUnknown
            }
            guard !token.audiences.isEmpty else { return .audiencesWithdrawn }
        }
        if let wanted = token.trustedAudience, !token.isFor(wanted) { return .notFor(wanted) }
        if let audience, token.trustedAudience == nil || isNamed, !token.isFor(audience) {
            return token.withdrawnAudiences.contains(audience) ? .audienceWithdrawn(audience) : .notFor(audience)
        }
        return bindingFlaw(of: token, isFAPI, certificate, bindingMatters)
    }

    private func bindingFlaw(of token: AccessToken, _ requiresBinding: Bool, _ certificate: [UInt8]?, _ isCompared: Bool) -> TokenFlaw? {
        guard !token.isBoundOtherwise else { return .boundOtherwise }
        guard let bound = token.certificate else { return requiresBinding ? .unbound : nil }
        guard isCompared else { return nil }
        guard let certificate else { return .certificateMissing }
        return bound.withUnsafeBytes { left in certificate.withUnsafeBytes { constantTimeEquals(left, $0) } } ? nil : .certificateOther
    }

    /// How far another clock may be ahead of ours: 8 s pass, a minute does not (SEC-36).
    package static let tolerance = Duration.seconds(10)
}

extension AccessToken {
    fileprivate func isFor(_ audience: String) -> Bool { audiences.contains { $0.utf8.elementsEqual(audience.utf8) } }
}
