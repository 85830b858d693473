import GatehousePolicy

/// Every scheme there is: the policy's own, and the shipped ones.
struct SchemeShelf {
    let policy: Policy
    /// Where schemes are looked for before the shipped ones.
    let directory: String

    /// By name.
    var all: [Scheme] {
        Set(policy.schemes.keys).union(Scheme.shipped.keys).sorted().compactMap { name in
            policy.schemes[name] ?? (try? Scheme.named(name, in: directory))
        }
    }

    /// Those that verify a signature and read all these headers.
    func reading(_ headers: [String]) -> [Scheme] {
        let wanted = Set(headers.map { $0.lowercased() })
        return all.filter { $0.algorithm != .equality && wanted.isSubset(of: HeaderFinding.needed($0)) }
    }
}
