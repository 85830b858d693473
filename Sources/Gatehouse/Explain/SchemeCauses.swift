import GatehousePolicy
import GatehouseVerify

/// The sender signs another way than the endpoint's scheme says.
struct SchemeCauses {
    let bench: ExplainBench
    let scheme: Scheme
    let directory: String

    func causes() -> [Explanation.Cause] {
        for encoding in SignatureSource.Encoding.allCases where encoding != scheme.signature.encoding {
            var other = scheme
            other.signature.encoding = encoding
            guard bench.only(other).signatureHolds else { continue }
            return [
                proved(
                    "signature-encoding", "The signature is in \(encoding.rawValue); scheme \(scheme.name) reads \(scheme.signature.encoding.rawValue).",
                    "Read so, it holds.", "Let the sender encode it as \(scheme.signature.encoding.rawValue), or set `encoding` in the scheme.")
            ]
        }
        for algorithm in [SignatureAlgorithm.hmacSHA1, .hmacSHA256, .hmacSHA384, .hmacSHA512] where algorithm != scheme.algorithm {
            var other = scheme
            other.algorithm = algorithm
            guard bench.only(other).signatureHolds else { continue }
            return [
                proved(
                    "signature-algorithm", "The signature is \(algorithm.rawValue); scheme \(scheme.name) is \(scheme.algorithm.rawValue).", "With it the signature holds.",
                    "Let the sender sign with \(scheme.algorithm.rawValue).")
            ]
        }
        let names = Set(bench.policy.schemes.keys).union(Scheme.shipped.keys).sorted()
        for name in names where name != scheme.name {
            guard let other = bench.policy.schemes[name] ?? (try? Scheme.named(name, in: directory)), other.algorithm != .equality,
                bench.only(other).signatureHolds
            else { continue }
            return [
                proved(
                    "other-scheme", "The request is signed as scheme \(name) says; endpoint \(bench.endpoint.name) asks for \(scheme.name).",
                    "By that scheme the signature holds.", "Set `authenticate: [{ signature: \(name) }]` if that is how this sender signs.")
            ]
        }
        guard case .header(let name)? = scheme.signature.sources.first, scheme.signature.sources.count == 1, let value = bench.request.value(name) else {
            return []
        }
        return SignatureLook(scheme: scheme, value: value, name: name).cause().map { [$0] } ?? []
    }

    private func proved(_ name: String, _ summary: String, _ evidence: String, _ fix: String) -> Explanation.Cause {
        Explanation.Cause(cause: name, certainty: .proved, summary: summary, evidence: evidence, fix: fix)
    }
}
