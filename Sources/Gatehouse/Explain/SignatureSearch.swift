import GatehousePolicy
import GatehouseTime
import GatehouseVerify

/// Looks for what makes a signature hold that does not: one thing after another, the likeliest first, then two at once.
struct SignatureSearch {
    let bench: ExplainBench
    let scheme: Scheme
    let schemes: SchemeShelf

    typealias Cause = Explanation.Cause

    /// Empty where nothing makes it hold.
    func proved() -> (causes: [Cause], notes: [String]) {
        let credentials = CredentialCauses(bench: bench, scheme: scheme)
        let secrets: [Supposition.Walk] = [
            credentials.retired, SecretCauses(bench: bench, scheme: scheme).walk, credentials.others,
        ]
        let body: Supposition.Walk = BodyCauses(bench: bench).walk
        let layout: Supposition.Walk = { visit in
            // Another version of a scheme is not the same signature in other words.
            SchemeCauses(bench: bench, scheme: scheme, schemes: schemes).look()?.cause != "scheme-version"
                && LayoutCauses(bench: bench, scheme: scheme).walk(visit)
        }
        let others: [Supposition.Walk] = [
            AddressCauses(bench: bench, scheme: scheme).walk, TimeCauses(bench: bench, scheme: scheme).texts,
            TemplateCauses(bench: bench, scheme: scheme).walk, SchemeCauses(bench: bench, scheme: scheme, schemes: schemes).walk,
            layout,
        ]
        // To write a large body anew takes longer than everything else together.
        let walks = bench.request.body.count > Self.large ? secrets + others + [body] : secrets + [body] + others
        var causes: [Cause] = []
        var notes: [String] = []
        func holds(_ supposition: Supposition) -> Bool {
            guard !bench.budget.isSpent else { return true }
            guard supposition.bench.signatureHolds else { return false }
            causes.append(supposition.cause)
            notes = lateness(supposition.bench)
            return true
        }
        for walk in walks where walk(holds) { return (causes, notes) }
        // A signature of another length cannot be made to hold by a secret or a body.
        guard SchemeCauses(bench: bench, scheme: scheme, schemes: schemes).look() == nil else { return ([], []) }
        _ = PairCauses(bench: bench, scheme: scheme).walk { first, second in
            guard !bench.budget.isSpent else { return true }
            guard second.bench.signatureHolds else { return false }
            var first = first
            first.evidence += " It is not the only thing that is wrong: it holds with what follows."
            causes = [first, second.cause]
            notes = lateness(second.bench)
            return true
        }
        return (causes, notes)
    }

    /// Bytes of a body.
    private static let large = 64 << 10

    /// What the request shows by itself, where nothing makes the signature hold.
    func traces() -> [Cause] {
        if let look = SchemeCauses(bench: bench, scheme: scheme, schemes: schemes).look() { return [look] }
        return BodyCauses(bench: bench).traces()
    }

    /// With that mended it would still be refused.
    func lateness(_ bench: ExplainBench) -> [String] {
        guard let verification = bench.verification(), case .refused(let reason) = verification.outcome,
            reason == .timestampStale || reason == .timestampFuture, let own = bench.policy.schemes[scheme.name]
        else { return [] }
        return TimeCauses(bench: bench, scheme: own).causes(verification.signedAt, of: verification.sender).map { cause in
            "With that mended it would be refused as \(reason.rawValue) at \(bench.at): \(cause.summary) \(cause.evidence)"
        }
    }
}
