/// Reads `senders/NAME.yaml`.
struct SenderReader {
    let reading: Reading

    func read(_ node: Node, name: String) -> SenderPolicy? {
        guard let file = Mapping(node, "a sender", reading) else { return nil }
        var sender = SenderPolicy(name: name)
        // scopes: what its tokens may carry.
        sender.scopes = file.value("scopes", .distinct(.scope), default: sender.scopes)
        // grants: password only for senders that speak nothing else.
        sender.grants = file.value("grants", .distinct(.choice), default: sender.grants)
        // audiences: what its tokens may be for.
        sender.audiences = file.value("audiences", .distinct(.audience), default: sender.audiences)
        // token-authentication: how it proves itself to the token endpoint.
        sender.tokenAuthentication = file.value("token-authentication", .distinct(.choice), default: sender.tokenAuthentication)
        // assertion-audience: what a client assertion is addressed to; token-endpoint for older clients.
        sender.assertionAudience = file.value("assertion-audience", .choice, default: sender.assertionAudience)
        // assertion-lifetime: how far ahead the end of a client assertion may lie.
        sender.assertionLifetime = file.value("assertion-lifetime", .duration, default: sender.assertionLifetime)
        // networks: where its requests come from; absent: from anywhere.
        sender.networks = file.value("networks", .distinct(.network, mayBeEmpty: false), default: sender.networks)
        file.finish()
        if name == "handler" {
            // `handler/NAME/signing` are the secrets that hand-overs are signed with.
            reading.error(
                "no sender can be named 'handler'", at: Node.Place(file: node.place.file, line: 0, column: 0), hint: "rename the file")
        }
        if sender.grants.contains(.password), let grants = file.node("grants") {
            reading.warning(
                "the password grant hands the sender's password to the token endpoint", at: grants,
                hint: "keep it for senders that speak nothing else (RFC 9700 section 2.4)")
        }
        return sender
    }
}

extension Form where Value == String {
    /// A scope token of RFC 6749 section 3.3.
    static var scope: Form {
        text("a scope", hint: "printable ASCII without blanks, quotes and backslashes") { text in
            text.utf8.allSatisfy { (0x21...0x7e).contains($0) && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
        }
    }

    static var audience: Form {
        text("an absolute URI") { text in
            text.contains(":") && !text.contains("#") && text.utf8.allSatisfy { (0x21...0x7e).contains($0) }
        }
    }
}
