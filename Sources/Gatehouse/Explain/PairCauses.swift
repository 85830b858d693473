import GatehousePolicy
import GatehouseVerify

/// Two things at once: another secret, and a body or a URL that is not the one that was signed. Looked for only where one thing explains
/// nothing.
struct PairCauses {
    let bench: ExplainBench
    let scheme: Scheme

    /// In the order in which the single causes are tried, so that the same request always gets the same answer.
    func walk(_ visit: (_ first: Explanation.Cause, _ second: Supposition) -> Bool) -> Bool {
        var firsts: [Supposition] = []
        func keep(_ first: Supposition) -> Bool {
            firsts.append(first)
            return false
        }
        let credentials = CredentialCauses(bench: bench, scheme: scheme)
        _ = credentials.retired(keep) || credentials.others(keep) || SecretCauses(bench: bench, scheme: scheme).walk(keep)
        // Each rewriting of the body is made once for all secrets.
        let isFound = BodyCauses(bench: bench).walk { second in
            firsts.contains { first in
                var both = first.bench
                both.request.body = second.bench.request.body
                return visit(first.cause, Supposition(bench: both, cause: second.cause))
            }
        }
        return isFound
            || firsts.contains { first in
                let own = first.bench.policy.schemes[scheme.name] ?? scheme
                return AddressCauses(bench: first.bench, scheme: own).walk { visit(first.cause, $0) }
            }
    }
}
