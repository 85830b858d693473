internal import GatehouseCrypto
internal import GatehousePolicy
internal import GatehouseTime
internal import GatehouseToken
internal import GatehouseVerify

/// What an authenticated client asks for (RFC 6749 sections 4.3 and 4.4, RFC 8707).
extension AuthorizationServer {
    func grant(_ exchange: OAuthExchange, _ now: WallTime, _ workspace: OAuthWorkspace) -> OAuthStep {
        guard let client = exchange.client, let form = exchange.form else { return unavailable(exchange) }
        guard let grant = form.text(.grantType).flatMap({ SenderPolicy.Grant(rawValue: $0) }) else {
            return refuse(exchange, .unsupportedGrantType, .grantUnknown)
        }
        // FAPI 2.0 Security Profile section 5.3.2.1: no resource owner password.
        guard client.policy.grants.contains(grant), !client.isFAPI || grant != .password else {
            return refuse(exchange, .unauthorizedClient, .grantUnlisted)
        }
        switch grant {
        case .clientCredentials: return issue(exchange, now, workspace)
        case .password: return user(exchange, client, form, now, workspace)
        }
    }

    /// The user is the sender's basic credential.
    private func user(
        _ exchange: OAuthExchange, _ client: AuthenticatedClient, _ form: FormParameters, _ now: WallTime, _ workspace: OAuthWorkspace
    ) -> OAuthStep {
        guard let name = form.text(.username), let password = form.secret(.password) else {
            return refuse(exchange, .invalidRequest("username or password is missing"), .userMissing)
        }
        guard let mac = workspace.mac(keys.passwords) else { return unavailable(exchange) }
        // Cached apart from client secrets: the numbers of two credentials' versions are the same.
        let comparison = SecretComparison(mac: mac, cache: passwords)
        let versions = credentials[CredentialName(sender: client.policy.name, kind: .basic)]
        switch comparison.compare(user: name, secret: password, sender: client.policy.name + "/basic", versions: versions, at: now) {
        case .matched(let version):
            exchange.user = version
            return issue(exchange, now, workspace)
        case .unavailable: return unavailable(exchange)
        case .waiting(let checks):
            exchange.waiting = OAuthExchange.Waiting(.user, checks, problem: .passwordWrong)
            return .passwords(checks.map(\.check), OAuthContinuation(exchange: exchange))
        case .failed(let failure):
            let problem: OAuthProblem =
                switch failure {
                case .unknown: .userUnknown
                case .mismatch: .passwordWrong
                case .retired(_): .passwordRetired
                }
            guard let stretched else { return refuse(exchange, .invalidGrant, problem, isFailure: true) }
            exchange.waiting = OAuthExchange.Waiting(.user, problem: problem)
            return .passwords([PasswordCheck(password: password, verifier: stretched, entry: nil)], OAuthContinuation(exchange: exchange))
        }
    }

    func issue(_ exchange: OAuthExchange, _ now: WallTime, _ workspace: OAuthWorkspace) -> OAuthStep {
        guard let client = exchange.client, let form = exchange.form else { return unavailable(exchange) }
        let scopes: [String]
        switch self.scopes(form, client.policy) {
        case .success(let found): scopes = found
        case .failure(let lack): return refuse(exchange, .invalidScope, .scope, detail: lack.description)
        }
        let audiences: [String]
        switch self.audiences(form, client.plan) {
        case .success(let found): audiences = found
        case .failure(let lack): return refuse(exchange, .invalidTarget, .target, detail: lack.description)
        }
        let isBound = client.method == .tlsClientAuth || client.isFAPI
        if isBound, exchange.certificate == nil {
            return refuse(
                exchange, .invalidRequest("the token is bound to a client certificate, and the connection has none"), .unbound)
        }
        var credentials = [client.credential]
        if let user = exchange.user { credentials.append(IssuingCredential(kind: "basic", version: user)) }
        let claims = TokenClaims(
            sender: client.policy.name, audiences: audiences, scopes: scopes, certificate: isBound ? exchange.certificate?.sha256 : nil,
            credentials: credentials)
        guard let mint = mint(workspace), let minted = try? mint.issue(claims, at: now) else { return unavailable(exchange) }
        var decision = exchange.decision(.ok(Self.answer(minted, mint.lifetime)), .issued, reason: "ok")
        if let digest = minted.digest { decision.effects.append(.opaque(digest, minted.token)) }
        decision.scopes = scopes
        decision.audience = audiences.joined(separator: " ")
        decision.token = minted.token.id
        return .decided(decision)
    }

    /// Nil where there is no key to sign with.
    func mint(_ workspace: OAuthWorkspace) -> TokenMint? {
        workspace.mint { () throws(CryptoError) in
            guard let key = signing.active else { return nil }
            return try TokenMint(
                issuer: issuer, key: key, format: policy.gateway.oauth.format, lifetime: policy.gateway.oauth.tokenLifetime,
                digests: digests)
        }
    }

    /// What was asked for and the sender has not: half a sentence, for records.
    private struct Lack: Error, CustomStringConvertible { let description: String }

    /// Those asked for, or all of the sender's; fails where one is asked for that it has not (SEC-34).
    private func scopes(_ form: FormParameters, _ sender: SenderPolicy) -> Result<[String], Lack> {
        guard let text = form.text(.scope) else { return .success(sender.scopes) }
        guard let asked = ScopeText.read(text) else {
            return .failure(Lack(description: "`scope` is \(QuotedText.of(text)), which is no list of scopes"))
        }
        if let other = asked.first(where: { !sender.scopes.contains($0) }) {
            return .failure(Lack(description: "the scope \(QuotedText.of(other)) was asked for"))
        }
        return .success(asked.isEmpty ? sender.scopes : asked)
    }

    /// `audience` and `resource` together, or all of the sender's; fails where one is asked for that it has not.
    private func audiences(_ form: FormParameters, _ plan: ClientPlan) -> Result<[String], Lack> {
        guard form.has(.audience) || !form.resources.isEmpty else { return .success(plan.audiences) }
        var asked: [String] = []
        for text in (form.text(.audience).map { [$0] } ?? []) + form.resources where !asked.contains(text) {
            guard text.utf8.allSatisfy({ 0x21 <= $0 && $0 <= 0x7e }), plan.policy.audiences.contains(text) else {
                return .failure(Lack(description: "\(QuotedText.of(text)) was asked for"))
            }
            asked.append(text)
        }
        return .success(asked)
    }

    /// RFC 6749 section 5.1. The scope is always said, so that it need not be known by heart.
    private static func answer(_ minted: MintedToken, _ lifetime: Duration) -> [UInt8] {
        var writer = JSONWriter(capacity: 1280)
        minted.text.withBytes { writer.member("access_token", plain: $0) }
        writer.member("token_type", "Bearer")
        writer.member("expires_in", lifetime.components.seconds)
        if !minted.token.scopes.isEmpty { writer.member("scope", minted.token.scopes.joined(separator: " ")) }
        return writer.finish()
    }
}
