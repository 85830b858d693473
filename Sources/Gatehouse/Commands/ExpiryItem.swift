import GatehousePolicy
import GatehouseState
import GatehouseTime
import GatehouseVerify

/// Something that ends by itself, in the shape that `secret status --expiring --json` prints.
public struct ExpiryItem: Codable, Sendable, Hashable {
    public enum What: String, Codable, Sendable, Hashable, CaseIterable {
        /// A listener's.
        case certificate
        /// A retiring version's.
        case overlap
        /// A public key's own date.
        case key
    }

    public var what: What
    /// A file, or a credential.
    public var name: String
    public var version: Int?
    /// RFC 3339.
    public var expires: String
    /// Of a version: whether its sender still uses it.
    public var verdict: String?

    var time: WallTime? { WallTime(rfc3339: Array(expires.utf8)) }

    func ends(within days: Int, of now: WallTime) -> Bool { time.map { $0 <= now + .seconds(days * 86_400) } ?? false }

    func warning(at now: WallTime) -> String {
        let left = (time ?? now) - now
        let when = left <= .zero ? "ended at \(expires)" : "ends in \(Self.span(left)), at \(expires)"
        switch what {
        case .certificate: return "the certificate \(name) \(when): renew it"
        case .overlap:
            let use =
                verdict == CredentialStatus.Verdict.inUse.rawValue
                ? "it is still in use: see that the sender switches" : "it is \(verdict ?? "unused")"
            return "the overlap of version \(version ?? 0) of \(name) \(when); \(use)"
        case .key: return "the public key of version \(version ?? 0) of \(name) \(when): ask the sender for the next one"
        }
    }

    /// Next first. The verdicts are those of `secret status`, with the policy's `quiet`.
    static func all(
        _ certificates: [(String, WallTime)], _ credentials: [CredentialStatus], quiet: Duration, at now: WallTime
    ) -> [ExpiryItem] {
        var items = certificates.map { (ExpiryItem(what: .certificate, name: $0.0, expires: $0.1.description), $0.1) }
        for status in credentials {
            for version in status.versions where version.state.isLive(at: now) {
                let verdict = status.verdict(version, quiet: quiet, at: now).rawValue
                if case .retiring(let until) = version.state {
                    let item = ExpiryItem(
                        what: .overlap, name: status.name.description, version: version.number, expires: until.description, verdict: verdict
                    )
                    items.append((item, until))
                }
                if let expires = version.expires {
                    let item = ExpiryItem(
                        what: .key, name: status.name.description, version: version.number, expires: expires.description, verdict: verdict)
                    items.append((item, expires))
                }
            }
        }
        return items.sorted { ($0.1, $0.0.name, $0.0.version ?? 0) < ($1.1, $1.0.name, $1.0.version ?? 0) }.map(\.0)
    }

    private static func span(_ duration: Duration) -> String {
        let hours = duration.components.seconds / 3_600
        return hours >= 48 ? "\(hours / 24) days" : hours > 0 ? "\(hours) h" : "less than an hour"
    }
}

extension Policy {
    /// Of every listener.
    var certificateFiles: [String] { gateway.listeners.flatMap { listener in ([listener.identity] + listener.names).map(\.certificate) } }
}
