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

    struct Refused: Error {
        let reason: String
    }

    /// - Parameter keys: the versions of `SENDER/key` that are live, newest first.
    static func verify(
        _ text: UnsafeRawBufferPointer, rules: Rules, keys: [(version: Int, keys: VerificationKeySet)], at now: WallTime
    ) throws(Refused) -> ClientAssertion {
        let jws: CompactJWS
        do { jws = try CompactJWS(text) } catch { throw Refused(reason: error == .algorithm ? "token-signature" : "token-malformed") }
        // An access token or another party's JWT is no assertion (SEC-44). Clients that name no type, or only `JWT`, are many.
        guard [nil, "jwt", "client-authentication+jwt"].contains(jws.type), let claims = StrictJSON(jws.payload)?.members else {
            throw Refused(reason: "token-malformed")
        }
        guard rules.algorithms.contains(jws.algorithm) else { throw Refused(reason: "token-signature") }
        let signed = UnsafeRawBufferPointer(rebasing: text[..<jws.signedCount])
        var signer: Int?
        search: for (version, set) in keys {
            for key in set.candidates(id: jws.keyID, algorithm: jws.algorithm) {
                let holds = jws.signature.withUnsafeBytes { key.key.verify(jws.algorithm.scheme, signature: $0, message: signed) }
                guard holds else { continue }
                signer = version
                break search
            }
        }
        guard let signer else { throw Refused(reason: "token-signature") }
        return try check(claims, rules, signer, now)
    }

    private static func check(_ claims: [String: StrictJSON], _ rules: Rules, _ version: Int, _ now: WallTime) throws(Refused)
        -> ClientAssertion
    {
        guard let issuer = claims["iss"]?.plain, let subject = claims["sub"]?.plain, let id = claims["jti"]?.plain, id.utf8.count <= 256,
            let expires = claims["exp"]?.numericDate, let audience = claims["aud"]
        else { throw Refused(reason: "token-malformed") }
        guard issuer == rules.client, subject == rules.client else { throw Refused(reason: "credential-mismatch") }
        let named: StrictJSON
        if case .array(let elements) = audience {
            guard !rules.audienceIsString, elements.count == 1, let only = elements.first else { throw Refused(reason: "token-audience") }
            named = only
        } else {
            named = audience
        }
        guard let text = named.plain, rules.audiences.contains(text) else { throw Refused(reason: "token-audience") }
        guard now < expires else { throw Refused(reason: "token-expired") }
        guard expires <= now + rules.lifetime else { throw Refused(reason: "token-not-yet") }
        // Another clock may be a little ahead of ours (SEC-36).
        for name in ["nbf", "iat"] {
            guard let claim = claims[name] else { continue }
            guard let time = claim.numericDate else { throw Refused(reason: "token-malformed") }
            guard time <= now + AccessTokenValidator.tolerance else { throw Refused(reason: "token-not-yet") }
        }
        return ClientAssertion(version: version, id: id, expires: expires)
    }

    /// `sub`, unchecked, of an assertion that came without `client_id`: which client's keys to check it with.
    static func claimedClient(_ assertion: Secret) -> String? {
        assertion.withBytes { bytes in
            guard let jws = try? CompactJWS(bytes) else { return nil }
            return StrictJSON(jws.payload)?.members?["sub"]?.plain
        }
    }
}
