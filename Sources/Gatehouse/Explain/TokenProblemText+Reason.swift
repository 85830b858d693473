import GatehouseOAuth
import GatehouseToken
import GatehouseVerify

/// Where a record says no more than a reason.
extension TokenProblemText {
    /// A token that a client asked about.
    init(introspected reason: Reason, detail: String?) {
        guard reason != .ok else {
            self.init("The client was told about its token.", "Nothing is to be done.")
            return
        }
        let (summary, fix) = Self.asked(reason, detail)
        self.init("The client asked about a token and was told that it is not active: \(summary)", fix)
    }

    /// A token that a client took back.
    init(revoked reason: Reason, detail: String?) {
        guard reason != .ok else {
            self.init("The token was revoked.", "Nothing is to be done.")
            return
        }
        let (summary, fix) = Self.asked(reason, detail)
        self.init("The client revoked a token, and there was nothing to revoke: \(summary)", fix)
    }

    private static func asked(_ reason: Reason, _ detail: String?) -> (String, String) {
        let look = "Look at it: gatehouse token inspect FILE."
        return switch reason {
        case .tokenMalformed: ("what it sent is no access token.", look)
        case .tokenSignature: ("none of the keys here signed it, or no such opaque token was issued.", look)
        case .tokenExpired: ("it had expired.", "Let the client fetch a fresh one; `oauth.token-lifetime` says how long one is good.")
        case .tokenNotYet: ("it is from the future.", "Set this machine's clock by NTP.")
        case .tokenRevoked where detail == TokenFlaw.revoked.description:
            ("the client had revoked it before.", "Let the client fetch a fresh one.")
        case .tokenRevoked:
            (
                "the credential that it was issued for was revoked.",
                "Let the client fetch a fresh one, with the newest version of its credential."
            )
        case .tokenAudience:
            (
                "the sender's policy has none of its audiences any more.",
                "Let the client fetch a fresh one; `audiences` of its sender says for whom."
            )
        case .tokenBinding where detail == TokenFlaw.unbound.description:
            (
                "it is bound to no client certificate, and its sender is held to fapi2.",
                "Let the client fetch a fresh one while it presents its client certificate."
            )
        case .credentialMismatch where detail == OAuthDecision.ofOtherIssuer:
            ("it is a trusted issuer's, not this gateway's.", "Let the client ask the issuer of the token.")
        case .credentialMismatch, .credentialUnknown: ("it was issued to another client.", "A client learns about its own tokens only.")
        default: ("it does not count (\(reason.rawValue)).", look)
        }
    }

    /// What the head of the request shows, before the service looks at it; and records that say no more than a reason.
    init(refused reason: Reason) {
        switch reason {
        case .method: self.init("The request is no POST.", "Send the form by POST; keys and metadata are read with GET or HEAD.")
        case .mediaType:
            self.init(
                "The body is no form, or comes in a content coding.",
                "Send application/x-www-form-urlencoded, as it is.")
        case .tooLarge: self.init("The body is larger than any form.", "Look at what the client sends: 64 KiB is the limit.")
        case .timeout: self.init("The request did not arrive in time.", "Look at the network; `limits.body-timeout` says how long.")
        case .expectation:
            self.init(
                "The request expects something that the gateway does not do.",
                "Leave out the Expect header, or use 100-continue.")
        case .unavailable: self.init(.unavailable)
        case .malformed:
            self.init(
                "The request is no well-formed HTTP/1.1, or no token request as RFC 6749 has them.",
                "Look at what the client, or a proxy, writes.")
        default: self.init(unknown: reason.rawValue)
        }
    }

    init(unknown code: String) {
        self.init(
            "The request was refused: \(code).",
            "Compare it with the sender's policy: grants, scopes, audiences, token-authentication.")
    }
}
