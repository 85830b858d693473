import GatehousePolicy
import GatehouseTime
import GatehouseVerify

/// The sender signs other parts of the request than the scheme, or joins them otherwise: the body alone where id and time belong before it,
/// or the reverse.
struct TemplateCauses {
    let bench: ExplainBench
    let scheme: Scheme

    func walk(_ visit: Supposition.Visit) -> Bool {
        guard scheme.algorithm != .equality, !scheme.signed.contains(.secret) else { return false }
        if !scheme.algorithm.takesPublicKey, plainHashes(visit) { return true }
        var seen: Set<[TemplatePart]> = [scheme.signed]
        for template in templates where seen.insert(template).inserted {
            var other = scheme
            other.signed = template
            // A sender that signs no time may send none.
            if !template.contains(.timestamp) { other.timestamp = nil }
            if visit(Supposition(bench: bench.only(other), cause: cause(template))) { return true }
        }
        return false
    }

    /// A digest over secret and body side by side, where an HMAC belongs.
    private func plainHashes(_ visit: Supposition.Visit) -> Bool {
        let own = scheme.signed
        let hashes: [(template: [TemplatePart], words: String)] = [
            ([.secret, .body], "the secret and then the body"), ([.body, .secret], "the body and then the secret"),
            ([.secret] + own, "the secret and then what is signed"), (own + [.secret], "what is signed and then the secret"),
        ]
        for (template, words) in hashes {
            var other = scheme
            other.algorithm = .sha256
            other.signed = template
            if !template.contains(.timestamp) { other.timestamp = nil }
            let cause = Supposition.proved(
                "signature-algorithm", "The signature is a plain SHA-256 over \(words), not \(scheme.algorithm.rawValue).",
                "So computed, it holds.",
                "Let the sender use the HMAC function of its library, with the secret as the key and `\(Self.text(scheme.signed))` as the message."
            )
            if visit(Supposition(bench: bench.only(other), cause: cause)) { return true }
        }
        return false
    }

    private func cause(_ template: [TemplatePart]) -> Explanation.Cause {
        let (theirs, ours) = (Self.text(template), Self.text(scheme.signed))
        let alone = template == [.body] ? ", the body alone" : ""
        return Supposition.proved(
            "signed-parts", "The sender signs `\(theirs)`\(alone); scheme \(scheme.name) signs `\(ours)`.",
            "Over `\(theirs)` the signature holds.",
            "Let the sender sign `\(ours)`, or, where its documents say otherwise, write a scheme with `signed: \"\(theirs)\"` and the same header."
                + (template == [.body] && scheme.signsTimestamp ? " What has no signed time can be sent again by anyone who saw it." : ""))
    }

    private var templates: [[TemplatePart]] {
        let separators = [".", ":", "", "\n", ",", "|"]
        var templates: [[TemplatePart]] = [[.body]]
        for orders in [1, 2] {
            for separator in separators {
                for time in times { templates += Self.joined(orders, [time], separator) }
                for id in ids { templates += Self.joined(orders, [id], separator) }
                for time in times {
                    for id in ids { templates += Self.joined(orders, [id, time], separator) + Self.joined(orders, [time, id], separator) }
                }
                if orders == 1 {
                    templates += Self.joined(1, [.url], separator) + Self.joined(1, [.method, .url], separator)
                    templates += Self.joined(1, [.path], separator) + Self.joined(1, [.method, .path], separator)
                }
            }
        }
        return templates
    }

    /// - Parameter order: 1: the body last; 2: the body first.
    private static func joined(_ order: Int, _ others: [TemplatePart], _ separator: String) -> [[TemplatePart]] {
        let parts = order == 1 ? others + [.body] : [.body] + others
        guard !separator.isEmpty else { return [parts] }
        return [Array(parts.map { [$0] }.joined(separator: [.literal(separator)]))]
    }

    /// The scheme's own time, and headers that hold one.
    private var times: [TemplatePart] {
        var times: [TemplatePart] = scheme.timestamp == nil ? [] : [.timestamp]
        let own = scheme.timestamp?.source
        for header in bench.request.headers where times.count < Self.most && own != .header(header.name.lowercased()) {
            if Self.isTime(header.value) { times.append(.header(header.name.lowercased())) }
        }
        return times
    }

    private static func isTime(_ text: String) -> Bool {
        if text.utf8.allSatisfy({ $0 &- 0x30 < 10 }) { return text.utf8.count == 10 || text.utf8.count == 13 }
        return WallTime(rfc3339: Array(text.utf8)) != nil
    }

    /// Headers that name a message, and those that the scheme signs.
    private var ids: [TemplatePart] {
        var names: [String] = []
        for case .header(let name) in scheme.signed { names.append(name) }
        if case .header(let name)? = scheme.event.id { names.append(name) }
        for header in bench.request.headers {
            let name = header.name.lowercased()
            if name.hasSuffix("id") || name.hasSuffix("nonce") || name.hasSuffix("delivery") { names.append(name) }
        }
        var seen: Set<String> = []
        return names.filter { bench.request.value($0) != nil && seen.insert($0).inserted }.prefix(Self.most).map { .header($0) }
    }

    private static let most = 3

    /// As a scheme's file has it.
    private static func text(_ template: [TemplatePart]) -> String {
        template.map { $0.notation.replacing("\n", with: "\\n") }.joined()
    }
}
