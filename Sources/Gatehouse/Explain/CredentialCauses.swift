import GatehousePolicy
import GatehouseVerify

/// Another secret than the live ones of this endpoint's senders.
struct CredentialCauses {
    let bench: ExplainBench
    let scheme: Scheme

    /// An older version of the same credential.
    func retired(_ visit: Supposition.Visit) -> Bool {
        for sender in bench.endpoint.senders {
            for kind in [CredentialKind.signing, .key] {
                let name = CredentialName(sender: sender, kind: kind)
                for version in bench.credentials[name] where !version.state.isLive(at: bench.at) {
                    guard let value = try? version.value.open() else { continue }
                    if visit(Supposition(bench: bench.with(value, as: kind), cause: retired(version, name))) { return true }
                }
            }
        }
        return false
    }

    private func retired(_ version: CredentialVersion, _ name: CredentialName) -> Explanation.Cause {
        let ended =
            if case .retiring(let until) = version.state { " It was accepted until \(until)." } else {
                bench.history.words(name, version.number)
            }
        return Supposition.proved(
            "secret-retired", "The sender still signs with version \(version.number) of \(name), which is retired.",
            "That version makes this signature." + ended,
            "Let the sender take over the newest version; next time `secret rotate` with a longer --overlap.")
    }

    /// Somebody else's credential.
    func others(_ visit: Supposition.Visit) -> Bool {
        for (name, versions) in bench.credentials.versions.sorted(by: { $0.key < $1.key })
        where (name.kind == .signing || name.kind == .key) && !bench.endpoint.senders.contains(name.sender) {
            for version in versions {
                guard let value = try? version.value.open() else { continue }
                if visit(Supposition(bench: bench.with(value, as: name.kind), cause: another(version, name))) { return true }
            }
        }
        return false
    }

    private func another(_ version: CredentialVersion, _ name: CredentialName) -> Explanation.Cause {
        let places = bench.policy.endpoints.filter { $0.senders.contains(name.sender) }.map(\.name)
        let place =
            places.isEmpty ? "no endpoint takes that sender" : "that sender belongs to the endpoint \(places.joined(separator: ", "))"
        return Supposition.proved(
            "secret-of-another-sender", "The request is signed with the secret of \(name.sender), which this endpoint does not take.",
            "Version \(version.number) of \(name) makes this signature; \(place).",
            "Let the sender use the secret of \(bench.endpoint.senders.joined(separator: " or ")), or send to its own endpoint.")
    }

    private var words: SignedWords { SignedWords(scheme: scheme) }

    /// What fits, and what nothing here can show.
    func untestable() -> [Explanation.Cause] {
        var causes: [Explanation.Cause] = []
        for sender in bench.endpoint.senders {
            causes += Self.revoked(CredentialName(sender: sender, kind: words.kind), bench.history)
        }
        guard !words.isEquality else {
            return causes + [words.unequal(bench.endpoint.soleSender, evidence: "No stored secret is that value, in no usual spelling. ")]
        }
        let what = words.kind == .key ? "key fits" : "secret makes"
        causes.append(
            Explanation.Cause(
                cause: "secret-unknown", certainty: .possible,
                summary: "The sender uses a \(words.credential) that is not stored here, or \(words.anyPart) came otherwise than it was "
                    + "signed, or the request is not from the sender.",
                evidence: bench.budget.wasSpent
                    ? "No stored \(what) this signature by anything that there was time to try."
                    : "No stored \(what) this signature, in no usual spelling, and over no usual rewriting of what is signed: "
                        + "`\(scheme.signed.map(\.notation).joined())`.",
                fix: "Compare what the sender signs with that, byte for byte, taking the request before any proxy; or enter its "
                    + "\(words.credential) anew: \(words.renewal(bench.endpoint.soleSender))."))
        return causes
    }

    /// Versions whose value is destroyed, so that whether one of them was used cannot be told.
    static func revoked(_ name: CredentialName, _ history: VersionHistory) -> [Explanation.Cause] {
        let revoked = history.revoked(name)
        guard !revoked.isEmpty else { return [] }
        let words = revoked.sorted { $0.number > $1.number }.prefix(8)
            .map { fate in "version \(fate.number)" + (fate.ended.map { " at \($0)" } ?? "") }.joined(separator: ", ")
        return [
            Explanation.Cause(
                cause: "secret-revoked", certainty: .possible, summary: "The sender may use a revoked version of \(name).",
                evidence: "Revoked: \(words). Their values are destroyed and cannot be compared.",
                fix: "Let the sender take over the newest version.")
        ]
    }
}
