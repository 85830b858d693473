internal import GatehouseCrypto
internal import GatehousePolicy
internal import GatehouseTime
internal import GatehouseToken

/// A JWT by which a client proves that it holds a registered key (RFC 7523 sections 2.2 and 3).
struct ClientAssertion {
    /// The version of `SENDER/key` whose key signed it.
    let version: Int
    /// Works once, until then (SEC-37).
    let id: String
    let expires: WallTime

    /// What one client's assertions are held to.
    struct Rules {
        var client: String
        /// Exactly one of these must be what it is addressed to.
        var audiences: [String]
        /// `aud` must be a string: FAPI 2.0 Security Profile section 5.3.2.1.
        var audienceIsString: Bool
        var algorithms: Set<JWSAlgorithm>
        var lifetime: Duration
    }

    /// - Parameter keys: the versions of `SENDER/key` that are live, newest first.
    static func verify(
        _ text: UnsafeRawBufferPointer, rules: Rules, keys: [(version: Int, keys: VerificationKeySet)], at now: WallTime
    ) throws(TokenFlaw) -> ClientAssertion {
        let jws = try CompactJWS(text)
        // An access token or another party's JWT is no assertion (SEC-44). Clients that name no type, or only `JWT`, are many.
        guard [nil, "jwt", "client-authentication+jwt"].contains(jws.type) else {
            throw .type(expected: "absent, JWT or client-authentication+jwt")
        }
        let claims = try Claims(jws.payload)
        guard rules.algorithms.contains(jws.algorithm) else { throw .forbiddenAlgorithm(jws.algorithm.rawValue) }
        let signed = UnsafeRawBufferPointer(rebasing: text[..<jws.signedCount])
        var isTried = false
        for (version, set) in keys {
            for key in set.candidates(id: jws.keyID, algorithm: jws.algorithm) {
                isTried = true
                let holds = jws.signature.withUnsafeBytes { key.key.verify(jws.algorithm.scheme, signature: $0, message: signed) }
                if holds { return try check(claims, rules, version, now) }
            }
        }
        throw isTried ? .signature : .key(id: jws.keyID, algorithm: jws.algorithm.rawValue)
    }

    /// The version among `keys` whose key signed `text`, whatever its claims say; nil where none did.
    static func signer(_ text: UnsafeRawBufferPointer, keys: [(version: Int, keys: VerificationKeySet)]) -> Int? {
        guard let jws = try? CompactJWS(text) else { return nil }
        let signed = UnsafeRawBufferPointer(rebasing: text[..<jws.signedCount])
        return keys.first { _, set in
            set.candidates(id: jws.keyID, algorithm: jws.algorithm).contains { key in
                jws.signature.withUnsafeBytes { key.key.verify(jws.algorithm.scheme, signature: $0, message: signed) }
            }
        }?.version
    }

    private static func check(_ claims: Claims, _ rules: Rules, _ version: Int, _ now: WallTime) throws(TokenFlaw) -> ClientAssertion {
        let parties = [("iss", try claims.plain("iss")), ("sub", try claims.plain("sub"))]
        let id = try claims.plain("jti", longest: 256)
        let expires = try claims.time("exp")
        let audience = try claims.value("aud")
        for (name, party) in parties where party != rules.client { throw .party(name) }
        if rules.audienceIsString, audience.elements != nil, let expected = rules.audiences.first {
            throw .audienceList(expected: expected)
        }
        let named = rules.audienceIsString ? audience : audience.elements.map { $0.count == 1 ? $0.first ?? .null : .null } ?? audience
        guard let text = named.plain, rules.audiences.contains(text) else { throw .audience(expected: rules.audiences) }
        guard now < expires else { throw .expired }
        guard expires <= now + rules.lifetime else { throw .lifetime }
        // Another clock may be a little ahead of ours (SEC-36).
        for name in ["nbf", "iat"] {
            if let time = try claims.timeIfThere(name), time > now + AccessTokenValidator.tolerance { throw .claimAhead(name) }
        }
        return ClientAssertion(version: version, id: id, expires: expires)
    }

    /// `sub`, unchecked, of an assertion that came without `client_id`: which client's keys to check it with, or, where nothing else can be
    /// read, whom the record is about.
    static func claimedClient(_ assertion: Secret) -> String? {
        assertion.withBytes { CompactJWS.claims($0)?["sub"]?.plain }
    }
}
