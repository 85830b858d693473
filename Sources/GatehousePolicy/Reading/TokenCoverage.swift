/// Whether an endpoint's senders can have the tokens that it asks for.
struct TokenCoverage {
    let senders: [String: SenderPolicy]
    let trust: [GatewayPolicy.TrustedIssuer]
    let reading: Reading

    /// Warns of tokens that are asked for and that a sender's policy never lets it have.
    func check(_ endpoint: EndpointPolicy, _ file: Mapping) {
        guard let node = file.node("authenticate") else { return }
        for requirement in Self.tokens(endpoint.authenticate) {
            checkOutside(requirement, endpoint, node)
            let known = endpoint.senders.compactMap { senders[$0] }
            guard !known.isEmpty, known.count == endpoint.senders.count else { continue }
            let without = known.filter { lack($0, requirement) != nil }
            guard let first = without.first, let lack = lack(first, requirement) else { continue }
            let message =
                without.count == known.count
                ? "no token lets anybody in here: \(known.count == 1 ? "sender '\(first.name)' lacks" : "none of the senders has") the \(lack.description)"
                : "sender '\(first.name)' cannot have a token for this endpoint: it has no \(lack.description)"
            reading.warning(message, at: node, hint: "add it to \(lack.key) of senders/\(first.name).yaml")
        }
    }

    /// Warns of outside issuers whose tokens for our senders count here only with a second audience.
    private func checkOutside(_ token: Token, _ endpoint: EndpointPolicy, _ node: Node) {
        guard token.isNamed else { return }
        for entry in trust where entry.audience != token.audience {
            guard let sender = endpoint.senders.first(where: { entry.senders?.contains($0) ?? false }) else { continue }
            reading.warning(
                "a token that \(entry.issuer) gives \(quoted(sender)) is let in here only where its aud has both "
                    + "\(quoted(entry.audience)), as oauth.trust says, and \(quoted(token.audience)), as this item says", at: node,
                hint: "let the issuer put both into aud, or name no audience in the item")
        }
    }

    private struct Token: Hashable {
        var scopes: [String]
        var audience: String
        /// By the item itself.
        var isNamed: Bool
    }

    private struct Lack {
        var description: String
        var key: String
    }

    /// What keeps `sender` from a token of our own; nil where nothing does, or where an outside issuer may have one for it.
    private func lack(_ sender: SenderPolicy, _ token: Token) -> Lack? {
        let outside = trust.contains { entry in
            guard let mapped = entry.senders else { return !token.isNamed || entry.audience == token.audience }
            return mapped.contains(sender.name)
        }
        guard !outside else { return nil }
        if let scope = token.scopes.first(where: { !sender.scopes.contains($0) }) {
            return Lack(description: "scope \(quoted(scope))", key: "scopes")
        }
        if !sender.audiences.contains(token.audience) { return Lack(description: "audience \(quoted(token.audience))", key: "audiences") }
        if sender.grants.isEmpty { return Lack(description: "grant", key: "grants") }
        return nil
    }

    private static func tokens(_ requirements: [EndpointPolicy.Requirement]) -> [Token] {
        requirements.flatMap { requirement -> [Token] in
            switch requirement {
            case .oauth(let scopes, let audience, let isNamed): [Token(scopes: scopes, audience: audience ?? "", isNamed: isNamed)]
            case .any(let inner): tokens(inner)
            case .signature, .basic, .certificate: []
            }
        }
    }
}

extension EndpointPolicy {
    /// Some item of `authenticate` is a token.
    var takesTokens: Bool {
        func takes(_ requirement: Requirement) -> Bool {
            switch requirement {
            case .oauth: true
            case .any(let inner): inner.contains(where: takes)
            case .signature, .basic, .certificate: false
            }
        }
        return authenticate.contains(where: takes)
    }
}
