extension SenderReader {
    /// How the sender gets its tokens.
    func tokens(_ file: Mapping, _ sender: inout SenderPolicy) {
        // profile: fapi2, or the gateway's.
        sender.profile = file.value("profile", .choice)
        let profile = sender.profile ?? gateway?.oauth.profile
        if profile == .fapi2 { sender.tokenAuthentication = [.privateKeyJWT, .tlsClientAuth] }
        // grants: password only for senders that speak nothing else.
        sender.grants = file.value("grants", .distinct(.choice), default: sender.grants)
        // token-authentication: how it proves itself to the token endpoint.
        sender.tokenAuthentication = file.value(
            "token-authentication", .distinct(.choice, mayBeEmpty: false), default: sender.tokenAuthentication)
        // assertion-audience: what a client assertion is addressed to; token-endpoint for older clients.
        sender.assertionAudience = file.value("assertion-audience", .choice, default: sender.assertionAudience)
        // assertion-lifetime: how far ahead the end of a client assertion may lie.
        sender.assertionLifetime = file.value("assertion-lifetime", .duration, default: sender.assertionLifetime)
        if sender.grants.contains(.password), let grants = file.node("grants") {
            reading.warning(
                "the password grant hands the sender's password to the token endpoint", at: grants,
                hint: "keep it for senders that speak nothing else (RFC 9700 section 2.4)")
        }
        checkCertificates(file, sender)
        if profile == .fapi2 { checkFAPI(file, sender) }
    }

    private func checkCertificates(_ file: Mapping, _ sender: SenderPolicy) {
        guard reading.knowsListeners, let gateway, !gateway.asksForClientCertificates else { return }
        if sender.tokenAuthentication.contains(.tlsClientAuth), let node = file.node("token-authentication") {
            reading.warning(
                "tls_client_auth cannot hold: no listener asks for client certificates", at: node,
                hint: "give a listener of gateway.yaml a client-ca, or remove tls_client_auth")
        }
        if sender.profile == .fapi2, gateway.oauth.profile != .fapi2, let node = file.node("profile") {
            reading.error(
                "profile fapi2 binds tokens to client certificates, and no listener asks for one", at: node,
                hint: "give a listener of gateway.yaml a client-ca")
        }
    }

    /// FAPI 2.0 Security Profile sections 5.3.2.1 and 5.4.
    private func checkFAPI(_ file: Mapping, _ sender: SenderPolicy) {
        if sender.usesClientSecret, let node = file.node("token-authentication") {
            reading.error(
                "profile fapi2 forbids shared secrets", at: node, hint: "token-authentication: [private_key_jwt] or [tls_client_auth]")
        }
        if sender.assertionAudience != .issuer, let node = file.node("assertion-audience") {
            reading.error("profile fapi2 takes assertions for the issuer alone", at: node, hint: "remove 'assertion-audience'")
        }
        if sender.grants.contains(.password), let node = file.node("grants") {
            reading.error("profile fapi2 forbids the password grant", at: node, hint: "grants: [client_credentials]")
        }
        if let gateway, gateway.oauth.signing == .rs256, gateway.oauth.profile != .fapi2, let node = file.node("profile") {
            reading.error(
                "profile fapi2 forbids RS256, with which this gateway signs tokens", at: node,
                hint: "oauth: { signing: ES256 } in gateway.yaml")
        }
    }
}
