import Foundation
import GatehousePolicy
import GatehouseVerify

/// The sender signed another URL, path or method than the gateway is configured for.
struct AddressCauses {
    let bench: ExplainBench
    let scheme: Scheme

    func walk(_ visit: Supposition.Visit) -> Bool {
        if scheme.signed.contains(.url) {
            for variant in urls() where visit(supposition(.url, as: variant, url(variant))) { return true }
        }
        if scheme.signed.contains(.path) {
            for variant in paths() where visit(supposition(.path, as: variant, path(variant))) { return true }
        }
        if scheme.signed.contains(.method) {
            for variant in ["POST", "GET", "PUT", "post"]
            where variant != bench.request.method && visit(supposition(.method, as: variant, method(variant))) { return true }
        }
        return false
    }

    private func supposition(_ part: TemplatePart, as text: String, _ cause: Explanation.Cause) -> Supposition {
        var other = scheme
        other.signed = scheme.signed.map { $0 == part ? .literal(text) : $0 }
        return Supposition(bench: bench.only(other), cause: cause)
    }

    private func url(_ variant: String) -> Explanation.Cause {
        let isOfQuery = variant.prefix { $0 != "?" } == configured.prefix { $0 != "?" }
        return Explanation.Cause(
            cause: "url-differs", certainty: .proved, summary: "The sender signed the URL \(variant).",
            evidence: "The signature is right for it; the gateway takes \(configured): \(differences(variant)).",
            fix: isOfQuery
                ? "The gateway takes the query as it came. Configure a URL at the sender whose query needs no escapes and that nothing rewrites, or none."
                : "Set `public-url` of the gateway or of endpoint \(bench.endpoint.name) to the URL that the sender calls, or correct it at the sender."
        )
    }

    private func path(_ variant: String) -> Explanation.Cause {
        Explanation.Cause(
            cause: "path-differs", certainty: .proved, summary: "The sender signed the path \(variant).",
            evidence: "The signature is right for it; \(bench.request.target) came.",
            fix: "Let the sender call the path that it signs; a proxy before the gateway that takes a prefix away or adds a slash must not."
        )
    }

    private func method(_ variant: String) -> Explanation.Cause {
        Explanation.Cause(
            cause: "method-differs", certainty: .proved, summary: "The sender signed the method \(variant).",
            evidence: "The signature is right for it; \(bench.request.method) came.", fix: "Let the sender sign the method that it uses.")
    }

    private var query: String { String(bench.request.target.drop { $0 != "?" }) }
    /// As it came, without it, and with its members in another order.
    private var queries: [String] {
        let members = query.dropFirst().split(separator: "&", omittingEmptySubsequences: false)
        // HubSpot has its receivers decode what needs no escape in a query.
        let decoded = query.removingPercentEncoding.map { [$0] } ?? []
        guard (2...8).contains(members.count) else { return [query, "", "?"] + decoded }
        let orders = [members.sorted(), members.sorted().reversed(), members.reversed()]
        return [query, "", "?"] + decoded + orders.map { "?" + $0.joined(separator: "&") }
    }

    private var configured: String { bench.endpoint.publicURL + query }

    /// What is not the same, in words.
    private func differences(_ variant: String) -> String {
        guard let (scheme, authority, path) = Self.parts(variant[...]), let own = Self.parts(configured[...]) else { return "they differ" }
        var words: [String] = []
        if scheme != own.scheme { words.append("http and https") }
        if Self.host(authority) != Self.host(own.authority) {
            words.append("the host")
        } else if authority != own.authority {
            words.append("the port")
        }
        let (left, right) = (
            path.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false),
            own.path.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        )
        if left.first != right.first {
            func bare(_ text: Substring?) -> Substring { text.map { $0.hasSuffix("/") ? $0.dropLast() : $0 } ?? "" }
            words.append(bare(left.first) == bare(right.first) ? "the slash at the end" : "the path")
        }
        if left.dropFirst().first != right.dropFirst().first { words.append("the query") }
        return words.isEmpty
            ? "they differ" : words.joined(separator: " and ") + (words.count == 1 && words[0] != "http and https" ? " differs" : " differ")
    }

    private func urls() -> [String] {
        let url = bench.endpoint.publicURL
        var bases = [url, bench.policy.gateway.publicURL + bench.endpoint.path]
        if let parts = Self.parts(url[...]) {
            if let host = bench.request.value("host") { bases.append("https://\(host)\(parts.path)") }
            for name in ["x-forwarded-host", "x-original-host"] {
                if let host = bench.request.value(name) { bases.append("https://\(host)\(parts.path)") }
            }
        }
        var seen: Set<String> = [configured]
        var result: [String] = []
        for base in bases {
            guard let (_, authority, path) = Self.parts(base[...]) else { continue }
            let host = Self.host(authority)
            for authority in [String(authority), host, host + ":443", host + ":8443", host + ":80", host + ":8080"] {
                for scheme in ["https://", "http://"] {
                    for path in [String(path), path.hasSuffix("/") ? String(path.dropLast()) : path + "/", ""] {
                        for query in queries {
                            let variant = scheme + authority + path + query
                            if seen.insert(variant).inserted { result.append(variant) }
                        }
                    }
                }
            }
        }
        return result
    }

    private func paths() -> [String] {
        let path = String(bench.request.target.prefix { $0 != "?" })
        let outer = Self.parts(bench.endpoint.publicURL[...]).map { String($0.path) } ?? path
        let gateway = Self.parts((bench.policy.gateway.publicURL + bench.endpoint.path)[...]).map { String($0.path) } ?? path
        var result: [String] = []
        for base in [path, outer, gateway, bench.endpoint.path] {
            let other = base.hasSuffix("/") ? String(base.dropLast()) : base + "/"
            for variant in [base, other, String(base.drop { $0 == "/" })] { result += [variant, variant + query] }
        }
        return result.filter { $0 != path }
    }

    private static func parts(_ url: Substring) -> (scheme: Substring, authority: Substring, path: Substring)? {
        guard let mark = url.firstRange(of: "://") else { return nil }
        let rest = url[mark.upperBound...]
        let slash = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        return (url[..<mark.upperBound], rest[..<slash], rest[slash...])
    }

    /// Without the port.
    private static func host(_ authority: Substring) -> String {
        guard let colon = authority.lastIndex(of: ":"), !authority.hasSuffix("]") else { return String(authority) }
        return String(authority[..<colon])
    }
}
