/// What exactly is wrong with a text that should be an access token or a client assertion: finer than a reason code, for whoever has to
/// mend it. Nothing of it is in an answer.
public enum TokenFlaw: Error, Sendable, Hashable {
    /// Longer than any token.
    case length
    /// Not three parts with dots between them (RFC 7515 section 7.1).
    case parts
    /// A part is no base64url (RFC 7515 section 2).
    case encoding
    case header
    case payload
    /// `crit`, `b64` or `zip`: they change what a token means, and none is understood (RFC 7515 section 4.1.11, RFC 7797 section 6).
    case extended(String)
    /// A member of the header that is missing or of a wrong type.
    case parameter(String)
    /// `typ` is that of something else (RFC 8725 section 3.11).
    case type(expected: String)
    case claim(String, ClaimFlaw)
    /// An own token whose `sub` is not its `client_id`.
    case subject
    /// `alg` as the header has it: a MAC, `none`, or one that no key here is for (RFC 8725 section 3.1).
    case algorithm(String)
    /// One that the client is not allowed: RS256 under `fapi2`.
    case forbiddenAlgorithm(String)
    case issuer
    /// No key that counts has this name and is for this algorithm. The name is as the header has it, nil where it has none.
    case key(id: String?, algorithm: String)
    /// An own token without `kid`: the gateway names the key of each.
    case keyUnnamed
    case signature
    /// An opaque token that is not among those issued.
    case unknown
    /// An outside issuer's client that is no sender here.
    case client
    case audience(expected: [String])
    /// `aud` of an assertion is a list where the profile takes a string only (FAPI 2.0 Security Profile section 5.3.2.1).
    case audienceList(expected: String)
    /// `iss` or `sub` of an assertion is another than the client.
    case party(String)
    /// Of an assertion: when it ended.
    case expired
    case claimAhead(String)
    case lifetime
    /// The token's own digest could not be made.
    case unreadable

    // What a token is checked for each time.
    /// An own token of a sender that is none any more.
    case sender(String)
    /// By its client.
    case revoked
    /// Issued for a credential of this sender that was revoked, or is forgotten.
    case credential(IssuingCredential, sender: String)
    /// Which tokens were revoked lately is not known (SEC-50).
    case revocationsUnknown
    /// `aud` lacks the one that is asked for.
    case notFor(String)
    /// It was issued for the one that is asked for, and the sender's policy has that no more.
    case audienceWithdrawn(String)
    /// The sender's policy has none of its audiences any more.
    case audiencesWithdrawn
    /// It never had the scope that is asked for.
    case scope(String)
    /// It was issued with the scope that is asked for, and the sender's policy has it no more.
    case scopeWithdrawn(String)
    /// Bound to no certificate, and only bound tokens count for the sender.
    case unbound
    /// `cnf` has something else than `x5t#S256`.
    case boundOtherwise
    case certificateMissing
    case certificateOther

    /// Whether another key than those that were tried may have signed it.
    public var isOfKey: Bool {
        switch self {
        case .key, .signature: true
        default: false
        }
    }

    /// What is wrong with one claim.
    public enum ClaimFlaw: Sendable, Hashable {
        case missing
        /// Both as words with their article.
        case type(found: String, expected: String)
        /// A NumericDate that is not written as whole seconds (SEC-45), as it stands there.
        case fraction(String)
        /// Negative, or beyond the year 9999, as milliseconds are.
        case range(String)
    }
}

extension TokenFlaw: CustomStringConvertible {
    /// Half a sentence, for records and people. Of the token it holds names of members, numbers that should be times, and the algorithm's
    /// name where that is a short plain word.
    public var description: String {
        switch self {
        case .length: "it is longer than \(CompactJWS.maximumLength) bytes"
        case .parts: "it is not three parts with dots between them"
        case .encoding: "one of its parts is not base64url without padding"
        case .header: "its header is not a JSON object with each member once"
        case .payload: "its payload is not a JSON object with each member once"
        case .extended(let name): "its header has `\(name)`, which asks for something that is not understood here"
        case .parameter(let name): "`\(name)` of its header is missing or no text"
        case .type(let expected): "`typ` of its header is not \(expected)"
        case .claim(let name, let flaw): "`\(name)` \(flaw.description)"
        case .subject: "`sub` is another than `client_id`, and in this gateway's tokens they are one"
        case .algorithm(let name):
            "`alg` is \(Self.isPlain(name) ? name : "something else"), and only ES256, RS256, PS256 and EdDSA are taken, each with a "
                + "key of its kind"
        case .forbiddenAlgorithm(let name): "`alg` is \(name), and the profile fapi2 takes ES256, PS256 and EdDSA"
        case .issuer: "`iss` is neither this gateway's `public-url` nor an issuer that `oauth.trust` names"
        case .key(let id?, let algorithm): "there is no key with its `kid` \(QuotedText.of(id)) that is for its `alg` \(algorithm)"
        case .keyUnnamed: "it names no `kid`, and this gateway's tokens each name the key that signed them"
        case .key(nil, let algorithm): "it names no `kid`, and there is no key that is for its `alg` \(algorithm)"
        case .signature: "its signature was made with another key, or it was changed on the way"
        case .unknown: "no such opaque token was issued here, or it has expired and was forgotten"
        case .client: "its signature holds, and `client_id` is no sender here: `oauth.trust` maps the clients of its issuer"
        case .audience(let expected): "`aud` is not \(expected.joined(separator: " or ")), alone"
        case .audienceList(let expected): "`aud` is a list, and the profile fapi2 takes one string: \(expected)"
        case .party(let name): "`\(name)` is another than the client"
        case .expired: "`exp` had passed"
        case .claimAhead(let name): "`\(name)` lies in the future"
        case .lifetime: "`exp` lies further ahead than `assertion-lifetime`"
        case .unreadable: "its digest could not be made"
        case .sender(let name): "it was issued to \(name), which is no sender here any more"
        case .revoked: "it was revoked by its client, at /oauth/revoke"
        case .credential(let credential, let sender):
            "what it was issued for was revoked: version \(credential.version) of \(sender)/\(credential.kind)"
        case .revocationsUnknown: "what was revoked is not known at the moment"
        case .notFor(let audience): "`aud` does not have \(audience)"
        case .audienceWithdrawn(let audience): "it was issued for \(audience), which is no longer among its sender's `audiences`"
        case .audiencesWithdrawn: "none of its audiences is among its sender's `audiences` any more"
        case .scope(let scope): "it lacks the scope \(scope)"
        case .scopeWithdrawn(let scope): "it was issued with the scope \(scope), which is no longer among its sender's `scopes`"
        case .unbound: "it is bound to no client certificate, and its sender is held to fapi2, which takes bound tokens only"
        case .boundOtherwise: "it is bound in a way that is not known here: `cnf` has something else than `x5t#S256`"
        case .certificateMissing: "it is bound to a client certificate, and the connection had none"
        case .certificateOther: "it is bound to another client certificate than the connection's"
        }
    }

    /// The reason that a record gives for it.
    public var refusal: TokenRefusal {
        switch self {
        case .length, .parts, .encoding, .header, .payload, .extended, .parameter, .type, .claim, .subject, .party: .malformed
        case .algorithm, .forbiddenAlgorithm, .issuer, .key, .keyUnnamed, .signature, .unknown: .signature
        case .client, .sender: .client
        case .revoked, .credential: .revoked
        case .audience, .audienceList, .notFor, .audienceWithdrawn, .audiencesWithdrawn: .audience
        case .scope, .scopeWithdrawn: .scope
        case .unbound, .boundOtherwise, .certificateMissing, .certificateOther: .binding
        case .expired: .expired
        case .claimAhead, .lifetime: .notYet
        case .unreadable, .revocationsUnknown: .unavailable
        }
    }

    private static func isPlain(_ name: String) -> Bool {
        name.utf8.count <= 16 && name.utf8.allSatisfy { $0 &- 0x30 < 10 || ($0 | 0x20) &- 0x61 < 26 || $0 == UInt8(ascii: "-") }
    }
}

extension TokenFlaw.ClaimFlaw: CustomStringConvertible {
    public var description: String {
        switch self {
        case .missing: "is missing"
        case .type(let found, let expected): "is \(found), and \(expected) is expected"
        case .fraction(let number): "is \(number), and whole seconds since 1970, written as digits alone, are expected"
        case .range(let number): "is \(number), and seconds (not milliseconds) since 1970 are expected, up to the year 9999"
        }
    }
}
