import GatehouseVerify

/// What a reason alone says.
enum ReasonTexts {
    /// - Parameter sender: stands in what is to be done, where it is known.
    static func cause(_ reason: Reason, _ evidence: String, sender: String? = nil) -> Explanation.Cause {
        var (summary, fix, certainty) = text(reason)
        if let sender { fix = fix.replacing("SENDER", with: sender) }
        return Explanation.Cause(cause: reason.rawValue, certainty: certainty, summary: summary, evidence: evidence, fix: fix)
    }

    /// The endpoint reads JSON, which it does not look for in a compressed body.
    static func contentCoding(_ evidence: String) -> Explanation.Cause {
        Explanation.Cause(
            cause: "content-coding", certainty: .evident,
            summary: "The body comes compressed or otherwise coded, and the endpoint reads values out of its JSON.", evidence: evidence,
            fix: "Let the sender send the body as it is, without Content-Encoding; a proxy before the gateway must not compress it.")
    }

    static func waitedInVain(_ evidence: String) -> Explanation.Cause {
        Explanation.Cause(
            cause: "waited-in-vain", certainty: .evident,
            summary: "The same event was being handled already, and the handler did not answer in time.", evidence: evidence,
            fix:
                "Let the handler answer sooner, or raise `timeout` of the delivery; the sender may try again, and gets the answer once there is one."
        )
    }

    static func restored(_ evidence: String) -> Explanation.Cause {
        Explanation.Cause(
            cause: "restored", certainty: .evident,
            summary: "The state was restored from a backup, and does not know which events were accepted before: a copy of one could come.",
            evidence: evidence,
            fix: "Nothing: the wait ends by itself at the time that the record names, and senders that try again until then lose nothing.")
    }

    private static func text(_ reason: Reason) -> (String, String, Explanation.Cause.Certainty) {
        switch reason {
        case .ok: ("The event was accepted.", "Nothing is to be done.", .evident)
        case .duplicate:
            (
                "The event had been accepted before; it got the same answer, and the handler was not called again.",
                "Nothing is to be done.", .evident
            )
        case .eventConflict:
            (
                "An event with this id was accepted before, with another body.",
                "Each event needs an id of its own; where a sender changes counters in a retry, keep `conflict: answer`.", .evident
            )
        case .eventType:
            (
                "The endpoint does not take events of this type.", "Add the type to `events.accept`, or unsubscribe from it at the sender.",
                .evident
            )
        case .credentialMissing:
            (
                "The request has no user and password, no token, or nothing else that the endpoint asks for.",
                "Let the sender send `Authorization: Basic …`, or `Bearer …` where the endpoint takes tokens.", .evident
            )
        case .credentialUnknown:
            (
                "No live credential is stored that this request could be checked with, or its user is unknown.",
                "See `gatehouse secret status`, and store one: gatehouse secret add SENDER/KIND", .evident
            )
        case .credentialMismatch:
            ("The password is not the stored one.", "Enter it anew at the sender: gatehouse secret rotate SENDER/basic", .evident)
        case .credentialRetired:
            ("The password is that of a version that is no longer accepted.", "Let the sender take over the newest version.", .evident)
        case .signatureMissing:
            ("The request has no signature where the scheme has it.", "Let the sender sign, and let proxies pass on the header.", .evident)
        case .signatureMalformed:
            ("The signature is not written as the scheme says.", "Compare the header with the scheme's layout and encoding.", .evident)
        case .signatureMismatch:
            (
                "The signature is not that of any live secret over these bytes.",
                "Give the request itself: gatehouse explain --endpoint E --request FILE", .possible
            )
        case .signedWithRetired:
            ("The request is signed with a version that is no longer accepted.", "Let the sender take over the newest version.", .evident)
        case .timestampMissing: ("The request has no timestamp where the scheme has it.", "Let the sender send it.", .evident)
        case .timestampStale:
            (
                "The request was signed too long before it arrived.",
                "Sign retries anew; set clocks by NTP; `replay.tolerance` widens the window.", .evident
            )
        case .timestampFuture: ("The request is signed in the future.", "Set the sender's clock, or this machine's.", .evident)
        case .certificateMissing:
            ("The connection had no client certificate.", "Let the sender present one; a proxy that ends TLS takes it away.", .evident)
        case .certificateMismatch:
            (
                "The client certificate is not the stored one.",
                "Where the evidence shows the sender's own certificate, write the pin (or subject) that came into a file: gatehouse secret rotate "
                    + "SENDER/certificate --value-file FILE",
                .evident
            )
        case .network:
            (
                "The request came from an address outside the sender's networks.",
                "Add the network in senders/SENDER.yaml, or name the proxy in `trusted-proxies`.", .evident
            )
        case .rate:
            ("The address, or the endpoint, was over its limit of requests.", "Let the sender slow down, or raise `limits`.", .evident)
        case .tooLarge:
            ("The body is larger than the limit.", "Raise `limits.body` for the endpoint, or let the sender send less.", .evident)
        case .malformed:
            (
                "The request is no well-formed HTTP/1.1, or its JSON has a member twice or is nested too deeply.",
                "Look at what the sender, or a proxy before the gateway, writes.", .evident
            )
        case .notFound:
            (
                "No endpoint has this path.", "Compare it, byte for byte, with the `path` of the endpoints: a slash at the end counts.",
                .evident
            )
        case .method: ("The endpoint does not take this method.", "Use POST, or name the method in `methods`.", .evident)
        case .mediaType:
            ("The endpoint does not take this Content-Type.", "Name it in `media-types`, or change it at the sender.", .evident)
        case .timeout:
            (
                "The request did not arrive in time.", "Look at the network; `limits.header-timeout` and `body-timeout` say how long.",
                .evident
            )
        case .expectation:
            ("The request expects something that the gateway does not do.", "Leave out the Expect header, or use 100-continue.", .evident)
        case .host:
            (
                "The request names another host than this listener serves.",
                "Add the name to a certificate of the listener, or correct the URL.", .evident
            )
        case .handshake: ("A handshake of the sender, which the gateway answered by itself.", "Nothing is to be done.", .evident)
        case .handlerFailed:
            (
                "The event was let in, and the handler did not take it.",
                "Look at the handler: it is down, late, or answered with an error.", .evident
            )
        case .unavailable: ("The gateway could not decide, store or audit.", "Look at its log, `gatehouse status`, and the disk.", .evident)
        case .tokenMalformed:
            (
                "The bearer token is no access token.",
                "Let the client send what /oauth/token gave it as access_token, whole; gatehouse token inspect FILE says what is wrong with one.",
                .evident
            )
        case .tokenSignature:
            (
                "None of the keys here signed the access token, or no such opaque token was issued.",
                "Let the client fetch one from this gateway's /oauth/token; a trusted issuer's keys stand in its JWKS file.", .evident
            )
        case .tokenExpired:
            (
                "The access token had expired.",
                "Let the client fetch a fresh one in time; `oauth.token-lifetime` says how long one is good, and of a trusted issuer's tokens "
                    + "that issuer.",
                .evident
            )
        case .tokenNotYet: ("The access token is from the future.", "Set the issuer's clock, or this machine's, by NTP.", .evident)
        case .tokenRevoked:
            (
                "The access token was revoked, or the credential that it was issued for was.",
                "Let the client fetch a fresh one, with the newest version of its credential; gatehouse token inspect FILE says what was revoked.",
                .evident
            )
        case .tokenAudience:
            (
                "The access token is for somebody else.",
                "Name the endpoint's audience in `audiences` of the sender, or let the client ask for it; gatehouse token inspect FILE shows both. "
                    + "A trusted issuer's token must be for the `audience` of its entry in `oauth.trust`, and for the item's own `audience` where it "
                    + "names one: let that issuer put them there.",
                .evident
            )
        case .tokenScope:
            (
                "The access token lacks a scope that the endpoint asks for.",
                "Add it to `scopes` of the sender, and let the client ask for it or for none. A trusted issuer's token carries what that issuer "
                    + "gives it.", .evident
            )
        case .tokenBinding:
            (
                "The access token is bound to a client certificate, and the connection had none or another.",
                "Let the client send events with the certificate that it fetched the token with; a proxy that ends TLS takes it away.",
                .evident
            )
        }
    }
}
