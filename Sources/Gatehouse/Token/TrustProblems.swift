public import GatehousePolicy

extension Policy {
    /// What keeps the gateway from using the pinned keys of outside issuers; empty where nothing does. Reads their files.
    public var trustProblems: [Diagnostic] {
        gateway.oauth.trust.compactMap { entry in
            do {
                try TokenKeys.check([entry])
                return nil
            } catch {
                return Diagnostic(
                    file: entry.jwks, line: 0, column: 0, message: "\(error)", hint: "a JWK Set (RFC 7517) with public keys: {\"keys\":[…]}"
                )
            }
        }
    }
}
