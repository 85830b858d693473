internal import GatehousePolicy
internal import GatehouseToken
internal import GatehouseVerify

extension OAuthExchange {
    /// A decision with all that is known of the request.
    func decision(_ answer: OAuthAnswer, _ event: OAuthDecision.Event, reason: String) -> OAuthDecision {
        var decision = OAuthDecision(answer: answer, event: event, reason: reason)
        decision.effects = effects
        decision.sender = client?.policy.name
        decision.grant = grantName
        decision.authentication = method?.rawValue
        if let credential = client?.credential {
            decision.version = credential.version
            if let kind = CredentialKind(rawValue: credential.kind) { decision.uses.append((kind, credential.version)) }
        }
        if let user { decision.uses.append((.basic, user)) }
        return decision
    }

    /// As records show it: one of those that exist.
    var grantName: String? {
        guard endpoint == .token, let name = form?.text(.grantType) else { return nil }
        return Self.knownGrants.contains(name) ? name : nil
    }

    private static let knownGrants: Set<String> = [
        "client_credentials", "password", "authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "urn:ietf:params:oauth:grant-type:token-exchange", "urn:ietf:params:oauth:grant-type:device_code",
    ]
}
