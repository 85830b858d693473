import GatehousePolicy
import GatehouseTime
import GatehouseVerify

extension CredentialStatus {
    /// Why a version cannot be retired without losing events, and what to do instead; nil where it can.
    func refusal(toRetire number: Int, quiet: Duration, at now: WallTime) -> StateError? {
        guard let version = versions.first(where: { $0.number == number }) else { return nil }
        if let lastUsed = version.lastUsed, verdict(version, quiet: quiet, at: now) == .inUse {
            let addresses = version.addresses.prefix(3).map(\.address).joined(separator: ", ")
            let isQuiet = lastUsed + quiet <= now
            let since = isQuiet ? "and no newer version has been used since" : "within the quiet period of \(PolicyText.text(quiet))"
            return StateError(
                .inUse,
                "version \(number) of \(name) is in use: last at \(lastUsed)\(addresses.isEmpty ? "" : " from \(addresses)"), \(since); "
                    + "wait until the sender has switched, or use --force")
        }
        let others = versions.filter { $0.number != number && $0.state.isLive(at: now) }
        guard !others.contains(where: { $0.state == .active }) else { return nil }
        let overlaps = others.compactMap { other -> WallTime? in if case .retiring(let until) = other.state { until } else { nil } }
        let consequence =
            overlaps.max().map { "nothing would be accepted from \($0) on, when the last overlap ends" }
            ?? "nothing would be accepted without it"
        return StateError(
            .inUse,
            "no other version of \(name) than \(number) is active: \(consequence); "
                + "make another with `gatehouse secret rotate \(name)`, or use --force")
    }
}
