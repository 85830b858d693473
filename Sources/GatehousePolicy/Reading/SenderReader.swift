/// Reads `senders/NAME.yaml`.
struct SenderReader {
    let reading: Reading
    /// nil where the gateway's file could not be read; what depends on it is not checked then.
    let gateway: GatewayPolicy?

    func read(_ node: Node, name: String) -> SenderPolicy? {
        guard let file = Mapping(node, "a sender", reading) else { return nil }
        var sender = SenderPolicy(name: name)
        // scopes: what its tokens may carry.
        sender.scopes = file.value("scopes", .distinct(.scope), default: sender.scopes)
        // audiences: what its tokens may be for; the gateway's public-url unless given.
        sender.audiences = file.value(
            "audiences", .distinct(.audience, mayBeEmpty: false), default: (gateway?.publicURL).map { [$0] } ?? [])
        tokens(file, &sender)
        // networks: where its requests come from; absent: from anywhere.
        sender.networks = file.value("networks", .distinct(.network, mayBeEmpty: false), default: sender.networks)
        file.finish()
        if name == "handler" {
            // `handler/NAME/signing` are the secrets that hand-overs are signed with.
            reading.error(
                "no sender can be named 'handler'", at: Node.Place(file: node.place.file, line: 0, column: 0), hint: "rename the file")
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
