import GatehouseOAuth
import GatehouseVerify

/// What happened at the token service, and what is to be done about it.
struct TokenProblemText {
    var summary: String
    var fix: String

    init(_ summary: String, _ fix: String) {
        self.summary = summary
        self.fix = fix
    }

    static let issued = TokenProblemText("The token was issued.", "Nothing is to be done.")

    init(_ problem: OAuthProblem) {
        self =
            switch problem {
            case .query, .form, .clientAuthentication, .grantMissing, .tokenMissing, .userMissing: Self.request(problem)
            case .assertionMalformed, .assertionAlgorithm, .assertionKey, .assertionSignature, .assertionParty, .assertionAudience,
                .assertionExpired,
                .assertionAhead, .assertionLifetime, .assertionUsed:
                Self.assertion(problem)
            case .grantUnknown, .grantUnlisted, .scope, .target, .unbound, .userUnknown, .passwordWrong, .passwordRetired:
                Self.grant(problem)
            case .noAuthentication, .clientUnknown, .noSecret, .secretWrong, .secretRetired, .noKey, .keyRetired, .certificateMissing,
                .noCertificate, .certificateOther, .certificateRetired, .methodUnlisted, .network, .unavailable:
                Self.client(problem)
            }
    }

    private static func request(_ problem: OAuthProblem) -> TokenProblemText {
        switch problem {
        case .query:
            TokenProblemText(
                "The request's URL has a query.",
                "Let the client send every parameter in the body, and none in the URL.")
        case .clientAuthentication:
            TokenProblemText(
                "The client authenticates in two ways at once, or in a way that cannot be read.",
                "Let it send one of: an Authorization field with `Basic`, client_id and client_secret, or client_assertion_type and "
                    + "client_assertion. In Basic, id and secret are form-encoded first."
            )
        case .grantMissing: TokenProblemText("The request has no grant_type.", "Let the client send grant_type=client_credentials.")
        case .tokenMissing: TokenProblemText("The request names no token to look at or to revoke.", "Let the client send it as `token`.")
        case .userMissing:
            TokenProblemText(
                "The password grant came without username or password.",
                "Let the client send both, or use client_credentials.")
        default:
            TokenProblemText(
                "The body is no form, has a parameter twice, or a control character in one.",
                "Let the client send application/x-www-form-urlencoded with each parameter once; only `resource` may come several times. A "
                    + "value read from a file must not bring the line break at its end along."
            )
        }
    }

    private static func client(_ problem: OAuthProblem) -> TokenProblemText {
        switch problem {
        case .noAuthentication:
            TokenProblemText(
                "The request has nothing that proves a client: no secret, no assertion and no client certificate.",
                "Let the client send its id with one of the methods that `token-authentication` of its sender lists.")
        case .clientUnknown:
            TokenProblemText(
                "No sender has the name that came as the client id.",
                "The client id is the sender's name, in the same case: the files of senders/ say which there are. Write "
                    + "senders/NAME.yaml for a new one.")
        case .noSecret:
            TokenProblemText(
                "The client sent a secret, and SENDER has none that is accepted.",
                "Let the client use a method that its policy lists and it has a credential for; or make it a secret: gatehouse secret "
                    + "add SENDER/oauth, and list client_secret_basic or client_secret_post in `token-authentication` of senders/SENDER.yaml."
            )
        case .secretWrong:
            TokenProblemText(
                "The client secret is not the sender's.",
                "Enter it anew at the client: gatehouse secret rotate SENDER/oauth makes a fresh one.")
        case .secretRetired:
            TokenProblemText(
                "The client secret is that of a version that is no longer accepted.",
                "Let the client take over the newest version; gatehouse secret status SENDER/oauth shows them.")
        case .noKey:
            TokenProblemText(
                "The client sent an assertion, and SENDER has no key to check it with.",
                "Store the client's public key: gatehouse secret add SENDER/key --value-file public.pem, and list private_key_jwt in "
                    + "`token-authentication` of senders/SENDER.yaml.")
        case .keyRetired:
            TokenProblemText(
                "The client signed its assertion with a key that is no longer accepted.",
                "Let the client sign with the newest key that is stored; gatehouse secret status SENDER/key shows the versions. Next time "
                    + "let both be accepted for longer: gatehouse secret rotate SENDER/key --value-file FILE --overlap 7d")
        case .certificateMissing:
            TokenProblemText(
                "The connection had no client certificate.",
                "Let the client present one that the listener's `client-ca` signed; what ends TLS before the gateway takes it away.")
        case .noCertificate:
            TokenProblemText(
                "The client proves itself with a client certificate, and SENDER has none that is accepted.",
                "Store its subject or pin: gatehouse secret add SENDER/certificate --value-file FILE, and list tls_client_auth in "
                    + "`token-authentication` of senders/SENDER.yaml; or let the client use a method that is there.")
        case .certificateOther:
            TokenProblemText(
                "The connection's client certificate is not the one that is stored for the sender.",
                "The evidence shows the subject and pin that came. Where they are the client's, store either: gatehouse secret rotate "
                    + "SENDER/certificate --value-file FILE")
        case .certificateRetired:
            TokenProblemText(
                "The connection's client certificate is that of a version that is no longer accepted.",
                "Let the client present its newest one; gatehouse secret status SENDER/certificate shows the versions.")
        case .methodUnlisted:
            TokenProblemText(
                "What the client sent is right, and the sender's policy does not list this method.",
                "Add the method to `token-authentication` of senders/SENDER.yaml, or let the client use one that is there; fapi2 takes "
                    + "private_key_jwt and tls_client_auth only.")
        case .network:
            TokenProblemText(
                "The client proved itself, from an address outside the sender's networks.",
                "Add the network in senders/SENDER.yaml, or name the proxy in `trusted-proxies`.")
        default: TokenProblemText("The gateway could not decide, store or audit.", "Look at its log, `gatehouse status`, and the disk.")
        }
    }

    private static func assertion(_ problem: OAuthProblem) -> TokenProblemText {
        switch problem {
        case .assertionAlgorithm:
            TokenProblemText(
                "The client assertion is signed with an algorithm that is not taken.",
                "Sign it with the private key of SENDER/key: ES256, PS256, RS256 or EdDSA, as the key is; under fapi2 without RS256. A "
                    + "secret, and a public key taken for one, sign nothing here."
            )
        case .assertionKey:
            TokenProblemText(
                "No stored key of the sender has the assertion's `kid` and is for its `alg`.",
                "The evidence shows both as they came. Let the client sign with the key that is stored, or register the one it signs with: "
                    + "gatehouse secret rotate SENDER/key --value-file FILE. A `kid` is compared where the stored JWK has one.")
        case .assertionSignature:
            TokenProblemText(
                "None of the sender's keys signed the client assertion.",
                "Where the client signs with a key of its own that is not stored yet, and not with one that was revoked, register it: gatehouse "
                    + "secret rotate SENDER/key --value-file public.pem. gatehouse secret status SENDER/key shows the versions.")
        case .assertionParty:
            TokenProblemText(
                "The client assertion is about another client than the request.",
                "Its iss and sub are both the client id, the sender's name; `client_id` beside it may be left out, and else is the same.")
        case .assertionAudience:
            TokenProblemText(
                "The client assertion is for somebody else.",
                "Its aud is the issuer, alone; `assertion-audience: token-endpoint` in senders/SENDER.yaml takes the token endpoint's "
                    + "URL as well, for older clients.")
        case .assertionExpired:
            TokenProblemText(
                "The client assertion had expired.",
                "Let the client make a fresh one for each request, and set clocks by NTP.")
        case .assertionAhead:
            TokenProblemText(
                "The client assertion is from the future.",
                "Set the client's clock, or this machine's, by NTP.")
        case .assertionLifetime:
            TokenProblemText(
                "The client assertion ends too far ahead.",
                "Let its exp be a minute ahead; `assertion-lifetime` in senders/SENDER.yaml says how far is allowed.")
        case .assertionUsed:
            TokenProblemText(
                "The client assertion was used before.",
                "Each assertion needs a `jti` of its own and is good for one request, also one that came to nothing.")
        default:
            TokenProblemText(
                "What came as client assertion is none.",
                "RFC 7523: a JWT of its own for each request, with iss, sub, aud, exp and jti, signed with the client's key; an access "
                    + "token is none.")
        }
    }

    /// `assertion-audience` is no way out under fapi2.
    static let audienceOfFAPI2 = TokenProblemText(
        "The client assertion is not for the issuer alone.",
        "Its aud is the issuer as one string, not as a list (FAPI 2.0 Security Profile section 5.3.2.1).")

    private static func grant(_ problem: OAuthProblem) -> TokenProblemText {
        switch problem {
        case .grantUnknown:
            TokenProblemText(
                "The client asked for a grant that is not served here.", "Let it use grant_type=client_credentials.")
        case .grantUnlisted:
            TokenProblemText(
                "The client asked for a grant that the sender's policy does not have.",
                "Let it use one of `grants` in senders/SENDER.yaml, or add it there; fapi2 has no password grant.")
        case .scope:
            TokenProblemText(
                "The client asked for a scope that the sender's policy does not have.",
                "Add it to `scopes` in senders/SENDER.yaml, or let the client ask for less: without `scope` it gets all that is there.")
        case .target:
            TokenProblemText(
                "The client asked for an audience or resource that the sender's policy does not have.",
                "Add it to `audiences` in senders/SENDER.yaml, or let the client ask for none.")
        case .unbound:
            TokenProblemText(
                "Tokens of the sender are bound to a client certificate, and the connection had none.",
                "Let the client present its certificate with token requests and events alike.")
        case .userUnknown:
            TokenProblemText(
                "The password grant's user is checked against SENDER/basic, and there is no live version of "
                    + "that.", "Make one: gatehouse secret add SENDER/basic")
        case .passwordRetired:
            TokenProblemText(
                "The password grant's password is that of a version that is no longer accepted.",
                "Let the client take over the newest version; gatehouse secret status SENDER/basic shows them.")
        default:
            TokenProblemText(
                "The password grant's user or password is not SENDER/basic; the client's own secret was right.",
                "The user name is the sender's name; a fresh password is made by gatehouse secret rotate SENDER/basic.")
        }
    }
}
