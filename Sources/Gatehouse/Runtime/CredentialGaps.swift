import GatehousePolicy
import GatehouseTime
import GatehouseVerify

/// Senders that cannot get in, because a credential that every way into an endpoint asks for has no live version: better said at start than
/// found as a 401.
enum CredentialGaps {
    /// At most this many are named.
    static let limit = 20

    static func warnings(_ policy: Policy, _ credentials: CredentialSet, at now: WallTime) -> [String] {
        var missing: [CredentialName] = []
        var withoutToken: [String] = []
        var seen: Set<CredentialName> = []
        for endpoint in policy.endpoints {
            let takesTokens = !endpoint.tokens.isEmpty
            for sender in endpoint.senders {
                for requirement in endpoint.authenticate {
                    guard let name = credential(requirement, sender, policy), seen.insert(name).inserted else { continue }
                    if credentials.live(name, at: now).isEmpty { missing.append(name) }
                }
                if takesTokens, !withoutToken.contains(sender), cannotGetToken(sender, policy, credentials, now) {
                    withoutToken.append(sender)
                }
            }
            for delivery in endpoint.deliver where delivery.sign {
                let name = CredentialName(sender: "handler/\(delivery.name ?? "")", kind: .signing)
                if seen.insert(name).inserted, credentials.live(name, at: now).isEmpty { missing.append(name) }
            }
        }
        var warnings: [String] = []
        if !missing.isEmpty {
            warnings.append(
                "no live version of \(list(missing.sorted().map(\.description))): nobody gets in with it until `gatehouse secret add`")
        }
        if !withoutToken.isEmpty {
            warnings.append(
                "no live credential of \(list(withoutToken.sorted())) for any method of its token-authentication: it gets no token until `gatehouse secret add`"
            )
        }
        return warnings
    }

    private static func list(_ names: [String]) -> String {
        names.prefix(limit).joined(separator: ", ") + (names.count > limit ? " and \(names.count - limit) more" : "")
    }

    /// None of the methods that the sender may use has a live credential, and no issuer outside speaks for it.
    private static func cannotGetToken(_ name: String, _ policy: Policy, _ credentials: CredentialSet, _ now: WallTime) -> Bool {
        guard let sender = policy.senders[name], !policy.gateway.oauth.trust.contains(where: { $0.senders?.contains(name) ?? true }) else {
            return false
        }
        return !sender.tokenAuthentication.contains { method in
            let kind: CredentialKind =
                switch method {
                case .clientSecretBasic, .clientSecretPost: .oauth
                case .privateKeyJWT: .key
                case .tlsClientAuth: .certificate
                }
            return !credentials.live(CredentialName(sender: name, kind: kind), at: now).isEmpty
        }
    }

    /// nil where there are alternatives: any one of them will do.
    private static func credential(_ requirement: EndpointPolicy.Requirement, _ sender: String, _ policy: Policy) -> CredentialName? {
        switch requirement {
        case .signature(let scheme):
            let isPublic = policy.schemes[scheme]?.algorithm.takesPublicKey ?? false
            return CredentialName(sender: sender, kind: isPublic ? .key : .signing)
        case .basic: return CredentialName(sender: sender, kind: .basic)
        case .certificate: return CredentialName(sender: sender, kind: .certificate)
        case .oauth, .any: return nil
        }
    }
}
