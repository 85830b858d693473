internal import GatehouseCrypto
internal import GatehousePolicy
internal import GatehouseTime
internal import GatehouseToken
internal import GatehouseVerify

/// What a client may learn about a token, and take back (RFC 7662, RFC 7009; SEC-41).
extension AuthorizationServer {
    func introspection(_ exchange: OAuthExchange, _ now: WallTime, _ workspace: OAuthWorkspace) -> OAuthDecision {
        let verdict = verdict(exchange, now, workspace)
        if case .refused(.unavailable, _) = verdict { return unavailableDecision(exchange) }
        guard case .valid(let token) = verdict, token.isOwn, token.sender == exchange.client?.policy.name else {
            var writer = JSONWriter(capacity: 32)
            writer.member("active", false)
            return inactive(exchange.decision(.ok(writer.finish()), .introspected, reason: verdict.reason), verdict, workspace)
        }
        var writer = JSONWriter()
        writer.member("active", true)
        if !token.scopes.isEmpty { writer.member("scope", token.scopes.joined(separator: " ")) }
        writer.member("client_id", token.sender)
        writer.member("token_type", "Bearer")
        writer.member("exp", token.expires.seconds)
        writer.member("iat", token.issued.seconds)
        writer.member("sub", token.sender)
        writer.audiences(token.audiences)
        writer.member("iss", token.issuer)
        writer.member("jti", token.id)
        if let certificate = token.certificate { writer.confirmation(certificate) }
        var decision = exchange.decision(.ok(writer.finish()), .introspected, reason: "ok")
        decision.token = token.id
        decision.scopes = token.scopes
        return decision
    }

    func revocation(_ exchange: OAuthExchange, _ now: WallTime, _ workspace: OAuthWorkspace) -> OAuthDecision {
        let verdict = verdict(exchange, now, workspace)
        if case .refused(.unavailable, _) = verdict { return unavailableDecision(exchange) }
        // Not found, long expired and another client's are one and the same answer.
        guard let token = verdict.token, token.isOwn, token.sender == exchange.client?.policy.name else {
            return inactive(exchange.decision(.nothing, .revoked, reason: verdict.reason), verdict, workspace)
        }
        var decision = exchange.decision(.nothing, .revoked, reason: "ok")
        if now < token.expires { decision.effects.append(.revoke(id: token.id, until: token.expires)) }
        decision.token = token.id
        return decision
    }

    /// Who asks need not hold the certificate, nor be an endpoint that wants some audience.
    private func verdict(_ exchange: OAuthExchange, _ now: WallTime, _ workspace: OAuthWorkspace) -> TokenVerdict {
        exchange.form?.withBytes(.token) {
            validator.validate($0, at: now, audience: nil, bindingMatters: false, workspace: workspace.tokens)
        } ?? .refused(.malformed, nil)
    }

    /// With what is wrong about the token that was asked about.
    private func inactive(_ decision: OAuthDecision, _ verdict: TokenVerdict, _ workspace: OAuthWorkspace) -> OAuthDecision {
        var decision = decision
        decision.detail = workspace.tokens.flaw?.description
        if case .valid(let token) = verdict, !token.isOwn { decision.detail = OAuthDecision.ofOtherIssuer }
        return decision
    }

    private func unavailableDecision(_ exchange: OAuthExchange) -> OAuthDecision {
        var decision = exchange.decision(.error(.unavailable), .refused, reason: OAuthProblem.unavailable.reason.rawValue)
        decision.error = OAuthError.unavailable.code
        decision.problem = .unavailable
        return decision
    }
}

extension OAuthDecision {
    /// ``detail`` of a good token that an issuer in `oauth.trust` made.
    public static let ofOtherIssuer = "another issuer made it, and clients are told about this gateway's own tokens only"
}

extension TokenVerdict {
    fileprivate var token: AccessToken? {
        switch self {
        case .valid(let token): token
        case .refused(_, let token): token
        }
    }

    /// As records say it. A valid token that is another's is a mismatch.
    fileprivate var reason: String {
        switch self {
        case .valid: "credential-mismatch"
        case .refused(let refusal, _): refusal.rawValue
        }
    }
}
