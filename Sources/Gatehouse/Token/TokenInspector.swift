import GatehouseCrypto
import GatehousePolicy
import GatehouseTime
import GatehouseToken
import GatehouseVerify

/// What a token is, and what the gateway's own validator says of it, for `token inspect`.
struct TokenInspector {
    let validator: AccessTokenValidator
    let policy: Policy

    func inspect(_ token: Secret, at now: WallTime) throws -> TokenReport {
        let workspace = try TokenWorkspace()
        return token.withBytes { text in
            var report = TokenReport(kind: Self.kind(text))
            report.header = Self.part(text, 0)
            report.claims = Self.part(text, 1)
            let verdict = verdict(text, at: now, workspace)
            guard case .valid(let token) = verdict else {
                if case .refused(let refusal, let token) = verdict {
                    report.reason = refusal.rawValue
                    report.explanation = sentence(refusal, report.kind, token, workspace.flaw)
                    if let token { report.fill(token) }
                }
                return report
            }
            report.fill(token)
            for endpoint in policy.endpoints {
                for wanted in endpoint.tokens {
                    let verdict = self.verdict(
                        text, at: now, audience: wanted.audience, isNamed: wanted.isNamed, scopes: wanted.scopes, workspace)
                    report.endpoints.append(Self.place(endpoint, verdict))
                }
            }
            report.conclude()
            return report
        }
    }

    /// As an endpoint would decide that sees the certificate which the token is bound to.
    private func verdict(
        _ text: UnsafeRawBufferPointer, at now: WallTime, audience: String? = nil, isNamed: Bool = false, scopes: [String] = [],
        _ workspace: TokenWorkspace
    ) -> TokenVerdict {
        let verdict = validator.validate(
            text, at: now, audience: audience, isNamed: isNamed, scopes: scopes, bindingMatters: false, workspace: workspace)
        guard case .valid(let token) = verdict else { return verdict }
        return validator.validate(
            text, at: now, audience: audience, isNamed: isNamed, scopes: scopes, certificate: token.certificate, workspace: workspace)
    }

    private static func place(_ endpoint: EndpointPolicy, _ verdict: TokenVerdict) -> TokenReport.Place {
        switch verdict {
        case .valid(let token):
            guard endpoint.senders.contains(token.sender) else {
                return TokenReport.Place(endpoint: endpoint.name, accepted: false, reason: Reason.credentialMismatch.rawValue)
            }
            return TokenReport.Place(endpoint: endpoint.name, accepted: true, reason: Reason.ok.rawValue)
        case .refused(let refusal, _): return TokenReport.Place(endpoint: endpoint.name, accepted: false, reason: refusal.rawValue)
        }
    }

    private static func kind(_ text: UnsafeRawBufferPointer) -> TokenReport.Kind {
        guard let header = part(text, 0), let members = StrictJSON(Array(header.utf8))?.members else {
            return Base64.decode(String(decoding: text, as: UTF8.self), alphabet: .url)?.count == 32 ? .opaque : .unknown
        }
        guard members["typ"]?.text?.lowercased() != "at+jwt" else { return .accessToken }
        let claims = part(text, 1).flatMap { StrictJSON(Array($0.utf8))?.members }
        let isAssertion = claims.map { $0["iss"] != nil && $0["iss"] == $0["sub"] } ?? false
        return isAssertion ? .clientAssertion : .otherJWT
    }

    /// Header or claims as the token has them, nothing checked; nil where they are no JSON.
    private static func part(_ text: UnsafeRawBufferPointer, _ index: Int) -> String? {
        let parts = text.split(separator: UInt8(ascii: "."), maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count == 3, let bytes = Base64.decode(String(decoding: parts[index], as: UTF8.self), alphabet: .url),
            StrictJSON(bytes) != nil
        else {
            return nil
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private func sentence(_ refusal: TokenRefusal, _ kind: TokenReport.Kind, _ token: AccessToken?, _ flaw: TokenFlaw?) -> String {
        let flaw = flaw.map { "\($0)" } ?? "it cannot be read"
        return switch refusal {
        case .malformed:
            switch kind {
            case .clientAssertion: "this is a client assertion: it goes to the token endpoint, which gives an access token for it"
            case .otherJWT: "this is a JWT, but no access token: \(flaw)"
            case .unknown, .opaque: "it is no token of any kind, neither a JWT nor an opaque token: \(flaw)"
            case .accessToken: "it is no access token as RFC 9068 has them: \(flaw)"
            }
        case .signature, .client, .revoked, .scope, .binding: flaw
        case .expired: "it expired\(token.map { " at \($0.expires)" } ?? "")"
        case .notYet: "it is not valid yet: issued for \(token.map { "\($0.notBefore ?? $0.issued)" } ?? "later")"
        case .audience:
            token.map { $0.audiences.isEmpty ? flaw : "it is for somebody else: \($0.audiences.joined(separator: ", "))" } ?? flaw
        case .unavailable: "it could not be judged: what was revoked is not known at the moment"
        }
    }
}

extension EndpointPolicy {
    /// The tokens that its items ask for.
    var tokens: [(scopes: [String], audience: String?, isNamed: Bool)] {
        func tokens(_ requirement: Requirement) -> [(scopes: [String], audience: String?, isNamed: Bool)] {
            switch requirement {
            case .oauth(let scopes, let audience, let isNamed): [(scopes, audience, isNamed)]
            case .any(let inner): inner.flatMap(tokens)
            case .signature, .basic, .certificate: []
            }
        }
        return authenticate.flatMap(tokens)
    }
}
