import GatehousePolicy
import GatehouseVerify

/// A value within the signed string holds the text that parts it from the next, so the request is refused though its signature may be right
/// (SEC-59).
enum SeparatorCauses {
    /// - Parameter value: what the request has where the scheme reads a part.
    static func cause(_ scheme: Scheme, _ value: (ValueSource) -> String?) -> (part: Int, value: String, cause: Explanation.Cause)? {
        for (index, part) in scheme.signed.enumerated() {
            let source: ValueSource
            let name: String
            switch part {
            case .header(let header): (source, name) = (.header(header), "The header \(header)")
            case .json(let path): (source, name) = (.json(path), "The value \(path.joined(separator: ".")) of the body")
            default: continue
            }
            guard let value = value(source), let separator = scheme.separators(at: index).first(where: { value.contains($0) })
            else { continue }
            let cause = Explanation.Cause(
                cause: "signed-separator", certainty: .evident,
                summary: "\(name) holds `\(separator)`, which parts the values of the signed string of scheme \(scheme.name).",
                evidence:
                    "Bytes could move from one value to the next under the same signature, so such a value is refused, rightly signed "
                    + "or not.",
                fix: "Let the sender use values without `\(separator)` there.")
            return (index, value, cause)
        }
        return nil
    }

    /// The request has a query and a body that does not show where it begins.
    private static func boundary(_ bench: ExplainBench, _ scheme: Scheme) -> Explanation.Cause? {
        guard QueryBoundary.isOpen(scheme) else { return nil }
        let query = bench.request.target.firstIndex(of: "?").map { Array(bench.request.target[$0...].dropFirst().utf8) }
        let isShown = bench.request.body.withUnsafeBytes { body in
            query?.withUnsafeBytes { QueryBoundary.isShown(by: body, behind: $0) } ?? QueryBoundary.isShown(by: body, behind: nil)
        }
        return isShown ? nil : boundary(scheme, .evident, "The request has")
    }

    /// Of a scheme that leaves it to the body to show where it begins; nil of another.
    static func boundary(_ scheme: Scheme) -> Explanation.Cause? {
        QueryBoundary.isOpen(scheme) ? boundary(scheme, .possible, "The signature is well formed; the request may have") : nil
    }

    private static func boundary(_ scheme: Scheme, _ certainty: Explanation.Cause.Certainty, _ what: String) -> Explanation.Cause {
        Explanation.Cause(
            cause: "query-boundary", certainty: certainty,
            summary:
                "\(what) a query, and a body that is not one JSON object or array; scheme \(scheme.name) signs the one after the other.",
            evidence:
                "Nothing in the signed string shows where such a query ends: bytes could move into the body under the same signature, so it is "
                + "refused, rightly signed or not.",
            fix:
                "Let the sender call the URL without a query, or send one JSON object, or an array with more in it than numbers; look also for "
                + "what rewrites the body or the query on the way.")
    }

    static func causes(_ bench: ExplainBench, _ scheme: Scheme) -> [Explanation.Cause] {
        if let boundary = boundary(bench, scheme) { return [boundary] }
        let fields = bench.fields()
        guard
            var found = cause(
                scheme,
                { source in
                    switch source {
                    case .header(let name): bench.request.value(name)
                    case .json(let path): fields["json:" + path.joined(separator: ".")]
                    case .query: nil
                    }
                })
        else { return [] }
        var other = scheme
        other.signed[found.part] = .literal(found.value)
        if bench.only(other).signatureHolds {
            found.cause.certainty = .proved
            found.cause.evidence += " But for that the signature holds."
        }
        return [found.cause]
    }
}
