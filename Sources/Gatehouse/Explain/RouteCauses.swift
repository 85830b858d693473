import GatehousePolicy
import GatehouseVerify

/// What the request's head decides before anything is verified: path, method, media type, size.
struct RouteCauses {
    let bench: ExplainBench

    /// Nil where the endpoint takes the request.
    func refusal() -> (reason: Reason, cause: Explanation.Cause)? {
        guard let path = bench.request.path else { return nil }
        if path != bench.endpoint.path { return (.notFound, notFound(path)) }
        let method = bench.request.method
        if !bench.endpoint.methods.contains(method), !bench.handshakeMethods.contains(method) { return (.method, self.method()) }
        let types = bench.endpoint.mediaTypes
        if !types.isEmpty, bench.request.withView({ EarlyChecks.accepts($0, types) }) != true {
            let type = bench.request.value("content-type") ?? "missing"
            let evidence = "Content-Type is \(type); endpoint \(bench.endpoint.name) takes \(types.joined(separator: ", "))."
            return (.mediaType, ReasonTexts.cause(.mediaType, evidence))
        }
        if bench.readsJSON, bench.request.withView({ EarlyChecks.hasContentCoding($0) }) == true {
            let coding = bench.request.value("content-encoding") ?? ""
            return (.mediaType, ReasonTexts.contentCoding("Content-Encoding is \(coding); the answer is 415."))
        }
        let limit = bench.endpoint.limits.body ?? bench.policy.gateway.limits.body
        if bench.request.body.count > limit {
            return (.tooLarge, ReasonTexts.cause(.tooLarge, "It has \(bench.request.body.count) bytes; \(limit) are allowed."))
        }
        return nil
    }

    /// Also what only a handshake's method brings.
    func method() -> Explanation.Cause {
        let others = bench.handshakeMethods
        let methods = (bench.endpoint.methods + others).joined(separator: ", ")
        return ReasonTexts.cause(
            .method,
            "\(bench.request.method) came; endpoint \(bench.endpoint.name) takes \(methods)"
                + (others.isEmpty ? "." : ", of which \(others.joined(separator: ", ")) for handshakes only."))
    }

    private func notFound(_ path: String) -> Explanation.Cause {
        let own = bench.endpoint.path
        let other = bench.policy.endpoints.first { $0.path == path }
        let answer = other.map { "that is endpoint \($0.name)" } ?? "no endpoint has that path, so the answer is 404"
        return Explanation.Cause(
            cause: "path-not-found", certainty: .proved,
            summary: "The request goes to \(path), and endpoint \(bench.endpoint.name) is \(own): \(answer).",
            evidence: "Paths are compared byte for byte: case, escapes and a slash at the end count.",
            fix:
                "Let the sender call \(bench.endpoint.publicURL), or change `path` of the endpoint; a proxy before the gateway must pass the path "
                + "on as it is.")
    }
}
