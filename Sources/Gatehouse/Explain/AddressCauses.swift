import GatehousePolicy
import GatehouseVerify

/// The sender signed another URL or method than the gateway is configured for.
struct AddressCauses {
    let bench: ExplainBench
    let scheme: Scheme

    func causes() -> [Explanation.Cause] {
        let url = bench.endpoint.publicURL
        if scheme.signed.contains(.url) {
            for variant in variants(url) where variant != url {
                var trial = bench
                trial.endpoint.publicURL = variant
                if trial.signatureHolds { return [found(variant)] }
                trial.request.target = String(trial.request.target.prefix { $0 != "?" })
                if trial.signatureHolds { return [found(variant, " without the query")] }
            }
        }
        if scheme.signed.contains(.url) || scheme.signed.contains(.path), bench.request.target.contains("?") {
            var trial = bench
            trial.request.target = String(trial.request.target.prefix { $0 != "?" })
            if trial.signatureHolds { return [found(url, " without the query")] }
        }
        return []
    }

    private func found(_ url: String, _ rest: String = "") -> Explanation.Cause {
        Explanation.Cause(
            cause: "url-differs", certainty: .proved, summary: "The sender signed the URL \(url)\(rest).",
            evidence: "The signature is right for it; configured is \(bench.endpoint.publicURL).",
            fix: "Set `public-url` of the gateway or of endpoint \(bench.endpoint.name) to the URL that the sender calls, or correct it at the sender.")
    }

    private func variants(_ url: String) -> [String] {
        var hosts = [url]
        if let path = Self.path(url), let host = bench.request.value("host") { hosts.append("https://\(host)\(path)") }
        hosts.append(bench.policy.gateway.publicURL + bench.endpoint.path)
        var result: [String] = []
        for host in hosts {
            for base in [host, Self.withoutPort(host), Self.withPort(host, "443"), Self.withPort(host, "8443"), Self.withPort(host, "80")] {
                for scheme in [base, "http" + base.drop { $0 != ":" }] {
                    result.append(scheme)
                    result.append(scheme.hasSuffix("/") ? String(scheme.dropLast()) : scheme + "/")
                }
            }
        }
        return result
    }

    private static func parts(_ url: String) -> (scheme: Substring, authority: Substring, path: Substring)? {
        guard let mark = url.firstRange(of: "://") else { return nil }
        let rest = url[mark.upperBound...]
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        return (url[..<mark.upperBound], rest[..<slash], rest[slash...])
    }

    private static func path(_ url: String) -> String? { parts(url).map { String($0.path) } }

    private static func withoutPort(_ url: String) -> String {
        guard let (scheme, authority, path) = parts(url), let colon = authority.lastIndex(of: ":"), !authority.hasSuffix("]") else { return url }
        return String(scheme) + authority[..<colon] + path
    }

    private static func withPort(_ url: String, _ port: String) -> String {
        guard let (scheme, authority, path) = parts(withoutPort(url)) else { return url }
        return String(scheme) + authority + ":" + port + path
    }
}
