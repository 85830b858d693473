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
        var seen: Set<CredentialName> = []
        for endpoint in policy.endpoints {
            for sender in endpoint.senders {
                for requirement in endpoint.authenticate {
                    guard let name = credential(requirement, sender, policy), seen.insert(name).inserted else { continue }
                    if credentials.live(name, at: now).isEmpty { missing.append(name) }
                }
            }
            for delivery in endpoint.deliver where delivery.sign {
                let name = CredentialName(sender: "handler/\(delivery.name ?? "")", kind: .signing)
                if seen.insert(name).inserted, credentials.live(name, at: now).isEmpty { missing.append(name) }
            }
        }
        guard !missing.isEmpty else { return [] }
        let names = missing.sorted().prefix(limit).map(\.description).joined(separator: ", ")
        let more = missing.count > limit ? " and \(missing.count - limit) more" : ""
        return ["no live version of \(names)\(more): nobody gets in with it until `gatehouse secret add`"]
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
