internal import GatehouseCrypto
internal import GatehousePolicy
internal import GatehouseTime
internal import GatehouseToken
internal import GatehouseVerify

/// Who is asking (RFC 6749 section 2.3, RFC 7523, RFC 8705 section 2).
extension AuthorizationServer {
    func begin(_ endpoint: OAuthExchange.Endpoint, _ request: OAuthRequest, _ now: WallTime, _ workspace: OAuthWorkspace) -> OAuthStep {
        workspace.adopt(self)
        let exchange = OAuthExchange(endpoint: endpoint, certificate: request.certificate, remote: request.remote)
        guard !request.hasQuery else {
            return refuse(exchange, .invalidRequest("parameters belong in the body, and the request target has a query"), .query)
        }
        let form: FormParameters
        do throws(FormParameters.Flaw) { form = try FormParameters(request.body) } catch {
            return refuse(
                exchange, .invalidRequest("the body is no form, repeats a parameter, or has a control character in one"), .form,
                detail: error.description)
        }
        exchange.form = form
        if let known = known(exchange, form, request.authorization, now, workspace) { return known }
        do throws(ClientClaim.Problem) {
            let claim = try ClientClaim.read(form, request.authorization)
            exchange.claim = claim
            exchange.method = claim.method
        } catch {
            switch error {
            case .malformed(let detail):
                return refuse(
                    exchange, .invalidRequest("client authentication is malformed, or there is more than one"), .clientAuthentication,
                    detail: detail)
            case .unreadable(let detail):
                exchange.method = .clientSecretBasic
                return refuseClient(exchange, .clientAuthentication, detail: detail, client: nil)
            case .missing(let client):
                return refuseClient(exchange, .noAuthentication, client: client)
            case .nameless(let assertion):
                exchange.method = .privateKeyJWT
                return refuseClient(exchange, .assertionMalformed, detail: Self.nameless(assertion), client: nil)
            }
        }
        if let refusal = refusalOfForm(exchange, form) { return refusal }
        return authenticate(exchange, now, workspace)
    }

    private func refusalOfForm(_ exchange: OAuthExchange, _ form: FormParameters) -> OAuthStep? {
        switch exchange.endpoint {
        case .token where !form.has(.grantType): refuse(exchange, .invalidRequest("grant_type is missing"), .grantMissing)
        case .introspection where !form.has(.token), .revocation where !form.has(.token):
            refuse(exchange, .invalidRequest("token is missing"), .tokenMissing)
        default: nil
        }
    }

    /// An Authorization field that this loop saw to be right under these credentials: it is so still, and need not be taken apart again.
    /// Nil where there is none such, or the form may say something else.
    private func known(
        _ exchange: OAuthExchange, _ form: FormParameters, _ authorization: [UnsafeRawBufferPointer], _ now: WallTime,
        _ workspace: OAuthWorkspace
    ) -> OAuthStep? {
        guard authorization.count == 1, let field = authorization.first, !form.has(.clientSecret), !form.has(.assertion),
            !form.has(.assertionType), !form.has(.clientID), let digest = workspace.tokens.digest(field)
        else { return nil }
        exchange.field = digest
        guard let proof = workspace.proof(digest), proof.state.isLive(at: now) else { return nil }
        let claim = ClientClaim(client: proof.client, proof: .known)
        exchange.claim = claim
        exchange.method = claim.method
        if let refusal = refusalOfForm(exchange, form) { return refusal }
        return proved(exchange, claim, IssuingCredential(kind: "oauth", version: proof.version), now, workspace)
    }

    private func authenticate(_ exchange: OAuthExchange, _ now: WallTime, _ workspace: OAuthWorkspace) -> OAuthStep {
        guard let claim = exchange.claim else { return refuseClient(exchange, .noAuthentication, client: nil) }
        // What the policy forbids is found out after the proof, so that nothing tells a known client from an unknown one.
        switch claim.proof {
        case .secret(let secret, _): return compare(exchange, claim, secret, now, workspace)
        case .assertion(let assertion): return verify(exchange, claim, assertion, now, workspace)
        case .certificate: return match(exchange, claim, now, workspace)
        case .known: return unavailable(exchange)
        }
    }

    // MARK: A shared secret

    private func compare(
        _ exchange: OAuthExchange, _ claim: ClientClaim, _ secret: Secret, _ now: WallTime, _ workspace: OAuthWorkspace
    ) -> OAuthStep {
        guard let mac = workspace.mac(keys.passwords) else { return unavailable(exchange) }
        let versions = policy.senders[claim.client] == nil ? [] : credentials[CredentialName(sender: claim.client, kind: .oauth)]
        let comparison = SecretComparison(mac: mac, cache: passwords)
        switch comparison.compare(user: claim.client, secret: secret, sender: claim.client, versions: versions, at: now) {
        case .matched(let version):
            if let field = exchange.field, let state = versions.first(where: { $0.number == version })?.state {
                workspace.remember(OAuthWorkspace.Proof(client: claim.client, version: version, state: state), under: field)
            }
            return proved(exchange, claim, IssuingCredential(kind: "oauth", version: version), now, workspace)
        case .unavailable: return unavailable(exchange)
        case .waiting(let checks):
            exchange.waiting = OAuthExchange.Waiting(.client, checks, problem: .secretWrong)
            return .passwords(checks.map(\.check), OAuthContinuation(exchange: exchange))
        case .failed(let failure):
            switch failure {
            case .unknown:
                let problem: OAuthProblem = policy.senders[claim.client] == nil ? .clientUnknown : .noSecret
                return refuseClient(exchange, problem, client: claim.client, tried: secret)
            case .mismatch: return refuseClient(exchange, .secretWrong, client: claim.client, tried: secret)
            case .retired(let version):
                return refuseClient(exchange, .secretRetired, client: claim.client, version: version, tried: secret)
            }
        }
    }

    func resume(_ exchange: OAuthExchange, _ results: [Bool], _ now: WallTime, _ workspace: OAuthWorkspace) -> OAuthStep {
        guard let waiting = exchange.waiting, let claim = exchange.claim else { return unavailable(exchange) }
        exchange.waiting = nil
        let match = zip(waiting.versions.indices, results).first { $0.1 }.map { index, _ in
            if let entry = waiting.entries[index] { passwords.remember(entry) }
            return waiting.versions[index]
        }
        switch waiting.purpose {
        case .nothing: return refuseClient(exchange, waiting.problem, client: claim.client, version: waiting.retired)
        case .client:
            guard let match else { return refuseClient(exchange, waiting.problem, client: claim.client) }
            return proved(exchange, claim, IssuingCredential(kind: "oauth", version: match), now, workspace)
        case .user:
            guard let match else { return refuse(exchange, .invalidGrant, waiting.problem, isFailure: true) }
            exchange.user = match
            return issue(exchange, now, workspace)
        }
    }

    // MARK: An assertion

    private func verify(
        _ exchange: OAuthExchange, _ claim: ClientClaim, _ assertion: Secret, _ now: WallTime, _ workspace: OAuthWorkspace
    ) -> OAuthStep {
        guard let sender = policy.senders[claim.client] else { return refuseClient(exchange, .clientUnknown, client: claim.client) }
        // RFC 7521 section 4.2: whoever names both names one. Said before the wrong client's keys are looked through.
        if let subject = ClientAssertion.claimedClient(assertion), !subject.utf8.elementsEqual(claim.client.utf8) {
            return refuseClient(exchange, .assertionParty, detail: "`sub` is another than `client_id`", client: claim.client)
        }
        let stored = credentials[CredentialName(sender: sender.name, kind: .key)]
        let versions = keySets(stored.filter { $0.state.isLive(at: now) }, of: sender, workspace)
        let rules = rules(for: sender)
        let outcome: Result<ClientAssertion, TokenFlaw> = assertion.withBytes { bytes in
            Result { () throws(TokenFlaw) in try ClientAssertion.verify(bytes, rules: rules, keys: versions, at: now) }
        }
        switch outcome {
        case .failure(let flaw):
            if flaw.isOfKey {
                let former = keySets(stored.filter { !$0.state.isLive(at: now) }.prefix(Self.retiredKeysTried), of: sender, workspace)
                if let version = assertion.withBytes({ ClientAssertion.signer($0, keys: former) }) {
                    return refuseClient(exchange, .keyRetired, client: claim.client, version: version)
                }
            }
            return refuseClient(
                exchange, versions.isEmpty ? .noKey : OAuthProblem(flaw), detail: flaw.description, client: claim.client)
        case .success(let assertion):
            exchange.effects.append(.assertion(client: sender.name, id: assertion.id, until: assertion.expires))
            return proved(exchange, claim, IssuingCredential(kind: "key", version: assertion.version), now, workspace)
        }
    }

    /// What is left of retired keys is tried on refused assertions alone, which count against the address and the client.
    private static let retiredKeysTried = 4

    private func keySets(
        _ versions: some Sequence<CredentialVersion>, of sender: SenderPolicy, _ workspace: OAuthWorkspace
    ) -> [(version: Int, keys: VerificationKeySet)] {
        versions.compactMap { version in
            workspace.keys(OAuthWorkspace.KeyName(sender: sender.name, version: version.number)) {
                (try? version.value.open()).flatMap { try? VerificationKeySet($0.withBytes { Array($0) }) }
            }.map { (version.number, $0) }
        }
    }

    private func rules(for sender: SenderPolicy) -> ClientAssertion.Rules {
        let isFAPI = isFAPI(sender)
        let isOlder = !isFAPI && sender.assertionAudience == .tokenEndpoint
        return ClientAssertion.Rules(
            client: sender.name, audiences: isOlder ? [issuer, issuer + "/oauth/token"] : [issuer], audienceIsString: isFAPI,
            algorithms: isFAPI ? JWSAlgorithm.fapi2 : Set(JWSAlgorithm.allCases), lifetime: sender.assertionLifetime)
    }

    // MARK: A certificate

    private func match(_ exchange: OAuthExchange, _ claim: ClientClaim, _ now: WallTime, _ workspace: OAuthWorkspace) -> OAuthStep {
        guard let sender = policy.senders[claim.client] else {
            // A name alone: only a certificate would make it the beginning of a method.
            if exchange.certificate == nil { exchange.method = nil }
            return refuseClient(exchange, .clientUnknown, client: claim.client)
        }
        guard let certificate = exchange.certificate else {
            guard !sender.tokenAuthentication.contains(.tlsClientAuth) else {
                return refuseClient(exchange, .certificateMissing, client: claim.client)
            }
            exchange.method = nil
            return refuseClient(exchange, .noAuthentication, client: claim.client)
        }
        let stored = credentials[CredentialName(sender: sender.name, kind: .certificate)]
        func matching(live: Bool) -> CredentialVersion? {
            stored.first { version in
                version.state.isLive(at: now) == live
                    && (try? version.value.open()).flatMap { CertificatePattern($0) }?.matches(certificate) == true
            }
        }
        if let version = matching(live: true) {
            return proved(exchange, claim, IssuingCredential(kind: "certificate", version: version.number), now, workspace)
        }
        if let version = matching(live: false) {
            return refuseClient(exchange, .certificateRetired, client: claim.client, version: version.number)
        }
        guard stored.contains(where: { $0.state.isLive(at: now) }) else {
            return refuseClient(exchange, .noCertificate, client: claim.client)
        }
        let pin = Base64.encode(certificate.spkiSHA256)
        return refuseClient(
            exchange, .certificateOther, detail: "sha256//\(pin) came, with the subject \(QuotedText.of(certificate.subject.description))",
            client: claim.client)
    }

    // MARK: Afterwards

    /// The client holds what it says it does; whether policy lets it in this way is another question.
    private func proved(
        _ exchange: OAuthExchange, _ claim: ClientClaim, _ credential: IssuingCredential, _ now: WallTime, _ workspace: OAuthWorkspace
    ) -> OAuthStep {
        let made = workspace.plan(claim.client) {
            policy.senders[claim.client].map { ClientPlan($0, issuer: issuer, isFAPI: isFAPI($0)) }
        }
        guard let plan = made else { return refuseClient(exchange, .clientUnknown, client: claim.client) }
        let sender = plan.policy
        guard sender.tokenAuthentication.contains(claim.method), !plan.isFAPI || claim.method.isAsymmetric else {
            return refuseClient(exchange, .methodUnlisted, client: claim.client)
        }
        guard sender.networks.isEmpty || sender.networks.contains(where: { $0.contains(exchange.remote) }) else {
            return refuseClient(exchange, .network, client: claim.client)
        }
        exchange.client = AuthenticatedClient(plan: plan, method: claim.method, credential: credential)
        switch exchange.endpoint {
        case .token: return grant(exchange, now, workspace)
        case .introspection: return .decided(introspection(exchange, now, workspace))
        case .revocation: return .decided(revocation(exchange, now, workspace))
        }
    }

    func isFAPI(_ sender: SenderPolicy) -> Bool { policy.gateway.profile(of: sender) == .fapi2 }

    /// `invalid_client`, the same for every cause.
    ///
    /// - Parameters:
    ///   - version: the one that is no longer accepted.
    ///   - tried: a secret that was compared without stretching it. Where others' are stretched, this failure takes as long.
    private func refuseClient(
        _ exchange: OAuthExchange, _ problem: OAuthProblem, detail: String? = nil, client: String?, version: Int? = nil,
        tried: Secret? = nil
    ) -> OAuthStep {
        if let tried, let stretched {
            exchange.waiting = OAuthExchange.Waiting(.nothing, problem: problem, retired: version)
            return .passwords([PasswordCheck(password: tried, verifier: stretched, entry: nil)], OAuthContinuation(exchange: exchange))
        }
        var decision = OAuthDecision(answer: .error(.invalidClient), event: .refused, reason: problem.reason.rawValue)
        decision.error = OAuthError.invalidClient.code
        decision.problem = problem
        decision.detail = detail
        decision.claimedClient = client
        decision.version = version
        decision.authentication = exchange.method?.rawValue
        decision.grant = exchange.grantName
        decision.isFailure = true
        return .decided(decision)
    }

    /// What is wrong with an assertion that names no client.
    private static func nameless(_ assertion: Secret) -> String {
        assertion.withBytes { bytes in
            do throws(TokenFlaw) {
                _ = try Claims(try CompactJWS(bytes).payload).plain("sub", longest: 256)
                return "`sub` is no client's name"
            } catch {
                return error.description
            }
        }
    }

    func refuse(
        _ exchange: OAuthExchange, _ error: OAuthError, _ problem: OAuthProblem, detail: String? = nil, isFailure: Bool = false
    ) -> OAuthStep {
        var decision = exchange.decision(.error(error), .refused, reason: problem.reason.rawValue)
        decision.error = error.code
        decision.problem = problem
        decision.detail = detail
        decision.isFailure = isFailure
        if isFailure { decision.claimedClient = exchange.claim?.client }
        return .decided(decision)
    }

    func unavailable(_ exchange: OAuthExchange) -> OAuthStep { refuse(exchange, .unavailable, .unavailable) }
}
