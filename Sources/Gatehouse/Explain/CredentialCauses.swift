import GatehousePolicy
import GatehouseVerify

/// Another secret than the live ones of this endpoint's senders.
struct CredentialCauses {
    let bench: ExplainBench
    let scheme: Scheme

    /// An older version of the same credential.
    func retired() -> [Explanation.Cause] {
        for sender in bench.endpoint.senders {
            for kind in [CredentialKind.signing, .key] {
                let name = CredentialName(sender: sender, kind: kind)
                let versions = bench.credentials[name]
                for version in versions where !version.state.isLive(at: bench.at) {
                    guard let value = try? version.value.open(), bench.with(value, as: kind).signatureHolds else { continue }
                    let ended = if case .retiring(let until) = version.state { " It was accepted until \(until)." } else { bench.history.words(name, version.number) }
                    return [
                        Explanation.Cause(
                            cause: "secret-retired", certainty: .proved, summary: "The sender still signs with version \(version.number) of \(name), which is retired.",
                            evidence: "That version makes this signature." + ended,
                            fix: "Let the sender take over the newest version; next time `secret rotate` with a longer --overlap.")
                    ]
                }
            }
        }
        return []
    }

    /// Somebody else's credential.
    func others() -> [Explanation.Cause] {
        for (name, versions) in bench.credentials.versions.sorted(by: { $0.key < $1.key })
        where (name.kind == .signing || name.kind == .key) && !bench.endpoint.senders.contains(name.sender) {
            for version in versions {
                guard let value = try? version.value.open(), bench.with(value, as: name.kind).signatureHolds else { continue }
                let places = bench.policy.endpoints.filter { $0.senders.contains(name.sender) }.map(\.name)
                let where_ = places.isEmpty ? "no endpoint takes that sender" : "that sender belongs to the endpoint \(places.joined(separator: ", "))"
                return [
                    Explanation.Cause(
                        cause: "secret-of-another-sender", certainty: .proved,
                        summary: "The request is signed with the secret of \(name.sender), which this endpoint does not take.",
                        evidence: "Version \(version.number) of \(name) makes this signature; \(where_).",
                        fix: "Let the sender use the secret of \(bench.endpoint.senders.joined(separator: " or ")), or send to its own endpoint.")
                ]
            }
        }
        return []
    }

    /// What fits, and what nothing here can show.
    func untestable() -> [Explanation.Cause] {
        var causes: [Explanation.Cause] = []
        for sender in bench.endpoint.senders {
            causes += Self.revoked(CredentialName(sender: sender, kind: .signing), bench.history)
        }
        causes.append(
            Explanation.Cause(
                cause: "secret-unknown", certainty: .possible, summary: "The sender uses a secret that is not stored here, or the body was changed on the way.",
                evidence: "No stored secret makes this signature, in no usual spelling, and over no usual rewriting of the body.",
                fix: "Enter the sender's secret anew (gatehouse secret rotate … --value-file FILE), and take the request's bytes before any proxy."))
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
