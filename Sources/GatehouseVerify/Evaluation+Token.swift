internal import GatehouseCrypto
internal import GatehouseHTTP
internal import GatehouseToken

/// What a request says in `Authorization: Bearer` (RFC 6750 section 2.1).
enum BearerClaim {
    /// No Authorization field, or one of another scheme.
    case missing
    case malformed(BearerMisuse)
    case given(UnsafeRawBufferPointer)

    var use: BearerUse {
        switch self {
        case .missing: .none
        case .malformed: .misused
        case .given: .sent
        }
    }
}

extension Evaluation {
    mutating func token(_ index: Int, sender: EndpointPlan.Sender, _ trial: inout Trial) -> State {
        guard case .given(let text) = bearer else {
            trial.checks.append(CheckResult(.oauth, .missing))
            return .fails(.credentialMissing)
        }
        guard let verdict = verdict(index, text) else {
            trial.checks.append(CheckResult(.oauth, .unavailable))
            return .fails(.unavailable)
        }
        switch verdict {
        case .valid(let token):
            guard token.sender == sender.name else {
                trial.checks.append(CheckResult(token, .mismatch))
                return .fails(.credentialMismatch)
            }
            trial.checks.append(CheckResult(token, .ok))
            return .holds
        case .refused(let refusal, let token):
            // A client that is nobody here is no other sender either, and a signature that does not count makes it nobody's.
            if let token, token.sender != sender.name, refusal != .client, refusal != .signature {
                trial.checks.append(CheckResult(token, .mismatch))
                return .fails(.credentialMismatch)
            }
            // One that its sender's profile refuses has proved whose it is, as one without the scope has.
            if refusal == .signature, token?.sender == sender.name { trial.held += 1 }
            trial.checks.append(token.map { CheckResult($0, refusal.result) } ?? CheckResult(.oauth, refusal.result))
            return .fails(refusal.reason)
        }
    }

    /// Nil where OpenSSL failed.
    private mutating func verdict(_ index: Int, _ text: UnsafeRawBufferPointer) -> TokenVerdict? {
        if let known = verdicts[index] { return known }
        guard let validator = endpoint.tokens, let tokens = workspace.tokens else { return nil }
        let wanted = plan.tokens[index]
        let verdict = validator.validate(
            text, at: arrival.now, audience: wanted.audience, isNamed: wanted.isNamed, scopes: wanted.scopes,
            certificate: arrival.certificate?.sha256, workspace: tokens)
        verdicts[index] = verdict
        tokenFlaw = tokens.flaw
        return verdict
    }

    /// SEC-42: from the Authorization field only, which comes once, and nowhere else.
    func readBearer() -> BearerClaim {
        let field: UnsafeRawBufferPointer
        switch request.field(.authorization) {
        case .absent: return .missing
        case .repeated: return .malformed(.repeated)
        case .one(let value): field = value
        }
        guard BearerUse.isBearer(field) else { return .missing }
        if let query = request.head.query, FormEncoding.has(Self.parameter, in: request[query]) { return .malformed(.query) }
        if isForm, FormEncoding.has(Self.parameter, in: request.body) { return .malformed(.body) }
        return .given(field.slice("bearer".utf8.count, field.count).trimmed)
    }

    private var isForm: Bool {
        guard case .one(let type) = request.field(.contentType) else { return false }
        return type.matchesIgnoringCase("application/x-www-form-urlencoded", at: 0, before: type.count)
    }

    private static let parameter = Array("access_token".utf8)
}

extension CheckResult {
    fileprivate init(_ token: AccessToken, _ result: Result) {
        self.init(.oauth, client: token.sender, token: token.id, result)
    }
}

extension TokenRefusal {
    var reason: Reason { Reason(rawValue: rawValue) ?? .unavailable }

    var result: CheckResult.Result {
        switch self {
        case .malformed: .malformed
        case .signature: .mismatch
        case .client: .unknown
        case .expired: .expired
        case .notYet: .notYet
        case .revoked: .revoked
        case .audience: .audience
        case .scope: .scope
        case .binding: .binding
        case .unavailable: .unavailable
        }
    }
}
