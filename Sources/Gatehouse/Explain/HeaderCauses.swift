import GatehousePolicy
import GatehouseVerify

/// A header that the scheme needs is missing, renamed or there twice.
struct HeaderCauses {
    let bench: ExplainBench
    let scheme: Scheme

    func causes() -> [Explanation.Cause] {
        for name in Self.needed(scheme) {
            let count = bench.request.headers.count { $0.isNamed(name) }
            if count > 1, !scheme.signature.several {
                return [Self.repeated(name, count)]
            }
            guard count == 0 else { continue }
            let near = Self.near(name, among: bench.request.headers.map(\.name))
            guard let near else { return [Self.missing(name, among: bench.request.headers.map(\.name))] }
            var trial = bench
            for index in trial.request.headers.indices where trial.request.headers[index].isNamed(near) { trial.request.headers[index].name = name }
            return [Self.renamed(name, to: near, isProved: trial.signatureHolds)]
        }
        return []
    }

    /// Lower case.
    static func needed(_ scheme: Scheme) -> [String] {
        var names: [String] = []
        var sources = scheme.signature.sources.count == 1 ? scheme.signature.sources : []
        if let source = scheme.timestamp?.source { sources.append(source) }
        for case .header(let name) in sources where !name.hasSuffix("*") { names.append(name) }
        for case .header(let name) in scheme.signed where !names.contains(name) { names.append(name) }
        return names
    }

    /// The same name but for `X-`, case, `-` and `_`.
    static func near(_ name: String, among names: [String]) -> String? {
        func bare(_ text: String) -> String {
            let letters = text.lowercased().filter { $0.isLetter || $0.isNumber }
            return letters.hasPrefix("x") ? String(letters.dropFirst()) : letters
        }
        let wanted = bare(name)
        return names.first { bare($0) == wanted } ?? names.first { bare($0).hasSuffix(wanted) || wanted.hasSuffix(bare($0)) && bare($0).count > 5 }
    }

    static func missing(_ name: String, among names: [String]) -> Explanation.Cause {
        Explanation.Cause(
            cause: "header-missing", certainty: .evident, summary: "The request has no header \(name).",
            evidence: names.isEmpty ? "It has no headers." : "Its headers are \(names.prefix(24).joined(separator: ", ")).",
            fix: "Let the sender send it; a proxy before the gateway that passes on only headers it knows must pass on this one.")
    }

    static func renamed(_ name: String, to near: String, isProved: Bool) -> Explanation.Cause {
        Explanation.Cause(
            cause: "header-renamed", certainty: isProved ? .proved : .evident, summary: "The header \(name) came as \(near).",
            evidence: isProved ? "Under its own name the signature holds." : "There is no \(name), and \(near) is there.",
            fix: "Let the sender, or the proxy before the gateway, use the name \(name). Some servers drop or rewrite names with `_`.")
    }

    static func repeated(_ name: String, _ count: Int) -> Explanation.Cause {
        Explanation.Cause(
            cause: "header-repeated", certainty: .evident, summary: "The header \(name) was sent \(count) times.",
            evidence: "Which of them counts is not defined, so the gateway takes none.", fix: "Send it once; look for a proxy that adds it again.")
    }
}
