import GatehousePolicy
import GatehouseVerify

/// The sender signs another way than the endpoint's scheme says.
struct SchemeCauses {
    let bench: ExplainBench
    let scheme: Scheme
    let schemes: SchemeShelf

    func walk(_ visit: Supposition.Visit) -> Bool { encodings(visit) || algorithms(visit) || others(visit) }

    private func encodings(_ visit: Supposition.Visit) -> Bool {
        for encoding in SignatureSource.Encoding.allCases where encoding != scheme.signature.encoding {
            var other = scheme
            other.signature.encoding = encoding
            let own = scheme.signature.encoding.rawValue
            let cause = Supposition.proved(
                "signature-encoding", "The signature is in \(encoding.rawValue); scheme \(scheme.name) reads \(own).",
                "Read so, it holds.", "Let the sender encode it as \(own), or set `encoding` in the scheme.")
            if visit(Supposition(bench: bench.only(other), cause: cause)) { return true }
        }
        return false
    }

    private func algorithms(_ visit: Supposition.Visit) -> Bool {
        let ecdsa: [SignatureAlgorithm] = [.ecdsaP256DER, .ecdsaP256Raw]
        let possible = ecdsa.contains(scheme.algorithm) ? ecdsa : [.hmacSHA1, .hmacSHA256, .hmacSHA384, .hmacSHA512]
        for algorithm in possible where algorithm != scheme.algorithm {
            var other = scheme
            other.algorithm = algorithm
            let own = scheme.algorithm.rawValue
            let cause = Supposition.proved(
                "signature-algorithm", "The signature is \(algorithm.rawValue); scheme \(scheme.name) is \(own).",
                "With it the signature holds.", "Let the sender sign with \(own).")
            if visit(Supposition(bench: bench.only(other), cause: cause)) { return true }
        }
        return false
    }

    private func others(_ visit: Supposition.Visit) -> Bool {
        for other in schemes.all where other.name != scheme.name && other.algorithm != .equality {
            let cause = Supposition.proved(
                "other-scheme",
                "The request is signed as scheme \(other.name) says; endpoint \(bench.endpoint.name) asks for \(scheme.name).",
                "By that scheme the signature holds.",
                "Set `authenticate: [{ signature: \(other.name) }]` if that is how this sender signs."
                    + (other.isWeak && !scheme.isWeak
                        ? " It is weaker, HMAC-SHA1: better let the sender sign as \(scheme.name) says, where it can." : ""))
            if visit(Supposition(bench: bench.only(other), cause: cause)) { return true }
        }
        return false
    }

    /// What the signature's own text tells.
    func look() -> Explanation.Cause? {
        guard case .header(let name)? = scheme.signature.sources.first, scheme.signature.sources.count == 1,
            let value = bench.request.value(name)
        else { return nil }
        return SignatureLook(scheme: scheme, value: value, name: name).cause()
    }
}

extension Scheme {
    /// SHA-1 is broken for other uses; nothing new should rest on it.
    var isWeak: Bool { algorithm == .hmacSHA1 || algorithm == .rsaPKCS1SHA1 }
}
