import GatehousePolicy
import GatehouseVerify

/// Two things at once: another secret, and a body or a URL that is not the one that was signed. Looked for only where one thing explains
/// nothing.
struct PairCauses {
    let bench: ExplainBench
    let scheme: Scheme

    /// In the order in which the single causes are tried, so that the same request always gets the same answer.
    func walk(_ visit: (_ first: Explanation.Cause, _ second: Supposition) -> Bool) -> Bool {
        var secrets = 0
        // A long body under many secrets would take minutes.
        let most = max(4, Self.mostBytes / max(1_024, bench.request.body.count))
        func withSecret(_ first: Supposition) -> Bool {
            secrets += 1
            guard secrets <= most else { return true }
            func withBody(_ second: Supposition) -> Bool { visit(first.cause, second) }
            let own = first.bench.policy.schemes[scheme.name] ?? scheme
            return BodyCauses(bench: first.bench).walk(withBody) || AddressCauses(bench: first.bench, scheme: own).walk(withBody)
        }
        let credentials = CredentialCauses(bench: bench, scheme: scheme)
        return credentials.retired(withSecret) || credentials.others(withSecret)
            || SecretCauses(bench: bench, scheme: scheme).walk(withSecret)
    }

    private static let mostBytes = 256 << 10
}
