/// Reads `oauth:` of `gateway.yaml`.
struct OAuthReader {
    let issuer: String

    /// Above it a leaked token is good for so long that revoking it must not be forgotten.
    private static let longLifetime = Duration.seconds(86_400)

    var form: Form<GatewayPolicy.OAuth> {
        Form { node, reading in
            guard let item = Mapping(node, "oauth", reading) else { return nil }
            var oauth = GatewayPolicy.OAuth()
            // token-lifetime: how long an issued token is valid.
            oauth.tokenLifetime = item.value("token-lifetime", .tokenLifetime, default: oauth.tokenLifetime)
            // signing: algorithm of tokens in JWT form.
            oauth.signing = item.value("signing", .choice, default: oauth.signing)
            // format: jwt (RFC 9068) or opaque.
            oauth.format = item.value("format", .choice, default: oauth.format)
            // rotate-every: age at which the signing key is replaced by itself; absent: by `gatehouse key rotate` only.
            oauth.rotateEvery = item.value("rotate-every", .duration)
            // profile: fapi2 for FAPI 2.0's rules; a sender may have its own.
            oauth.profile = item.value("profile", .choice)
            // trust: outside issuers by a pinned JWKS file.
            oauth.trust = item.value("trust", .list(trusted), default: [])
            item.finish()
            if oauth.tokenLifetime > Self.longLifetime, let place = item.node("token-lifetime") {
                reading.warning(
                    "tokens that are valid for more than a day are worth stealing", at: place,
                    hint: "10m is the default; clients just ask again")
            }
            if let every = oauth.rotateEvery, every < oauth.tokenLifetime, let place = item.node("rotate-every") {
                reading.error(
                    "rotate-every \(every.policyText) is less than token-lifetime \(oauth.tokenLifetime.policyText)", at: place,
                    hint: "a key is shown until its last token has expired, so keys would pile up; 30d is common")
            }
            checkIssuers(oauth.trust, item)
            return oauth
        }
    }

    private var trusted: Form<GatewayPolicy.TrustedIssuer> {
        Form { node, reading in
            guard let item = Mapping(node, "an entry of trust", reading) else { return nil }
            // issuer: as its tokens write `iss`.
            let outside = item.required("issuer", .issuerURL, hint: "issuer: https://idp.example")
            // jwks: its public keys, in a file that somebody looked at; nothing is fetched.
            let jwks = item.required(
                "jwks", .readableFile(hint: "a JWKS file (RFC 7517): {\"keys\":[…]}"), hint: "jwks: FILE, relative to gateway.yaml")
            // audience: the `aud` that its tokens must have here.
            let audience = item.required("audience", .audience, hint: "audience: \(issuer)")
            // clients: its client ids and the sender each is here; absent: its client ids are senders' names.
            let clients = item.value("clients", clients, default: [:])
            item.finish()
            if let outside, outside == issuer, let place = item.node("issuer") {
                reading.error(
                    "\(quoted(outside)) is this gateway itself", at: place, hint: "its own tokens need no trust: remove the entry")
            }
            if clients.isEmpty {
                reading.warning(
                    "every client of this issuer that is named like a sender counts as that sender", at: node,
                    hint: "clients: { ITS-CLIENT-ID: SENDER } says which are meant")
            }
            guard let outside, let jwks, let audience else { return nil }
            return GatewayPolicy.TrustedIssuer(issuer: outside, jwks: jwks, audience: audience, clients: clients)
        }
    }

    private var clients: Form<[String: GatewayPolicy.TrustedIssuer.Sender]> {
        Form { node, reading in
            guard case .mapping(let members) = node.content, !members.isEmpty else {
                reading.error(
                    "clients is a mapping of the issuer's client ids to senders, not \(node.kind)", at: node,
                    hint: "clients: { 0oa1b2c3: acme }")
                return nil
            }
            var clients: [String: GatewayPolicy.TrustedIssuer.Sender] = [:]
            for member in members {
                guard let name = Form<String>.name.read(member.value, reading) else { continue }
                clients[member.key] = GatewayPolicy.TrustedIssuer.Sender(name: name, place: member.value.place)
            }
            return clients
        }
    }

    private func checkIssuers(_ trust: [GatewayPolicy.TrustedIssuer], _ item: Mapping) {
        guard let list = item.node("trust") else { return }
        var seen: Set<String> = []
        for entry in trust where !seen.insert(entry.issuer).inserted {
            item.reading.error(
                "two entries of trust are for \(quoted(entry.issuer))", at: list, hint: "put all of an issuer's keys into one JWKS file")
        }
    }

    /// What `oauth` asks of the rest of the file.
    static func check(_ policy: GatewayPolicy, _ file: Mapping) {
        guard policy.oauth.profile == .fapi2, let node = file.node("oauth"), case .mapping(let members) = node.content else { return }
        func value(_ key: String) -> Node { members.first { $0.key == key }?.value ?? node }
        if policy.oauth.signing == .rs256 {
            file.reading.error(
                "profile fapi2 forbids RS256", at: value("signing"), hint: "signing: ES256, PS256 or EdDSA (FAPI 2.0 section 5.4)")
        }
        if file.reading.knowsListeners, !policy.asksForClientCertificates {
            file.reading.error(
                "profile fapi2 binds tokens to client certificates, and no listener asks for one", at: value("profile"),
                hint: "give a listener a client-ca")
        }
    }
}

extension GatewayPolicy {
    /// Some listener has a `client-ca`.
    public var asksForClientCertificates: Bool {
        listeners.contains { $0.identity.clientCA != nil || $0.names.contains { $0.clientCA != nil } }
    }
}

extension Form where Value == Duration {
    /// Whole seconds (RFC 6749 section 5.1 counts in them), at most 30 days.
    static var tokenLifetime: Form {
        Form { node, reading in
            guard let duration = duration.read(node, reading) else { return nil }
            guard duration.components.attoseconds == 0, duration <= .seconds(30 * 86_400) else {
                reading.error("a token's lifetime is whole seconds, at most 30d", at: node, hint: "10m is the default")
                return nil
            }
            return duration
        }
    }
}

extension Form where Value == String {
    /// An https URL without query and fragment (RFC 8414 section 2).
    static var issuerURL: Form {
        text("an issuer", hint: "an https URL without query, as the issuer's tokens have it in iss") { text in
            guard let url = try? WebAddress(text) else { return false }
            return url.isTLS && url.query == nil
        }
    }
}
