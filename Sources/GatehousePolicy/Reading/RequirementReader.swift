/// Reads `authenticate:` of an endpoint.
final class RequirementReader {
    /// A scheme and the item that names it.
    struct SchemeUse {
        var scheme: Scheme
        var node: Node
        /// Not inside `any`.
        var isMandatory: Bool
    }

    private let reading: Reading
    private let library: SchemeLibrary
    /// Some listener asks for client certificates; nil where the gateway's file could not be read.
    private let hasClientCA: Bool?
    /// Whom tokens are for where an item does not say; nil where the gateway's file could not be read.
    private let audience: String?
    private(set) var uses: [SchemeUse] = []
    private(set) var namesSignature = false

    init(reading: Reading, library: SchemeLibrary, hasClientCA: Bool?, audience: String?) {
        self.reading = reading
        self.library = library
        self.hasClientCA = hasClientCA
        self.audience = audience
    }

    var form: Form<[EndpointPolicy.Requirement]> {
        Form { node, _ in self.list(node, "authenticate", isMandatory: true) }
    }

    private func list(_ node: Node, _ key: String, isMandatory: Bool) -> [EndpointPolicy.Requirement]? {
        guard case .sequence(let items) = node.content else {
            reading.error("\(key) is a list of what must hold, not \(node.kind)", at: node, hint: "\(key): [{ signature: SCHEME }, basic]")
            return nil
        }
        guard !items.isEmpty else {
            reading.error(
                "\(key) must not be empty", at: node, hint: "an endpoint lets nobody in unchecked: signature, oauth, basic, certificate")
            return nil
        }
        var seen: Set<EndpointPolicy.Requirement> = []
        return items.compactMap { item in
            guard let requirement = requirement(item, isMandatory: isMandatory) else { return nil }
            if !seen.insert(requirement).inserted { reading.error("the same item appears twice in \(key)", at: item) }
            return requirement
        }
    }

    private func requirement(_ node: Node, isMandatory: Bool) -> EndpointPolicy.Requirement? {
        if let text = node.text { return plain(text, node) }
        guard case .mapping(let members) = node.content, members.count == 1, let member = members.first else {
            reading.error("an item is 'basic', 'certificate', or a mapping of one key", at: node, hint: "signature, oauth or any")
            return nil
        }
        switch member.key {
        case "signature":
            // signature: a scheme's name.
            guard let name = Form.text.read(member.value, reading) else { return nil }
            return signature(name, member.value, isMandatory)
        case "oauth":
            // oauth: scopes of a bearer token; or { scopes, audience }.
            return oauth(member.value)
        case "any":
            // any: one of these must hold.
            guard isMandatory else {
                reading.error("'any' inside 'any' says nothing more", at: member.place, hint: "list its items directly")
                return nil
            }
            return list(member.value, "any", isMandatory: false).map { .any($0) }
        default:
            let known = ["signature", "oauth", "any", "basic", "certificate"]
            reading.error("unknown item \(quoted(member.key))", at: member.place, hint: nameHint(member.key, among: known))
            return nil
        }
    }

    private func plain(_ text: String, _ node: Node) -> EndpointPolicy.Requirement? {
        switch text {
        case "basic":
            // basic: user and password (RFC 7617) of the credential SENDER/basic.
            return .basic
        case "certificate":
            // certificate: the client certificate of the connection is SENDER/certificate.
            if hasClientCA == false {
                reading.error(
                    "'certificate' cannot hold: no listener asks for client certificates", at: node,
                    hint: "give a listener of gateway.yaml a client-ca")
            }
            return .certificate
        case "signature", "oauth", "any":
            reading.error("'\(text)' needs a value", at: node, hint: text == "signature" ? "{ signature: SCHEME }" : "{ \(text): […] }")
        default:
            reading.error(
                "unknown item \(quoted(text))", at: node,
                hint: nameHint(text, among: ["signature", "oauth", "any", "basic", "certificate"]))
        }
        return nil
    }

    private func signature(_ name: String, _ node: Node, _ isMandatory: Bool) -> EndpointPolicy.Requirement? {
        namesSignature = true
        switch library.find(name) {
        case .unknown:
            let hint = nearestName(to: name, among: library.names).map { "did you mean '\($0)'?" } ?? "describe it in schemes/\(name).yaml"
            reading.error("no scheme is named \(quoted(name))", at: node, hint: PolicyText.isSafeName(name) ? hint : nil)
            return nil
        case .broken: break
        case .scheme(let scheme):
            uses.append(SchemeUse(scheme: scheme, node: node, isMandatory: isMandatory))
            for weakness in scheme.weaknesses { reading.warning("scheme \(quoted(name)) \(weakness)", at: node) }
        }
        return .signature(name)
    }

    private func oauth(_ node: Node) -> EndpointPolicy.Requirement? {
        if node.isMapping, let item = Mapping(node, "oauth", reading) {
            // scopes: all must be in the token.
            let scopes = item.required("scopes", .distinct(.scope))
            // audience: whom the token is for; the endpoint's public-url, or the gateway's, unless given.
            let named = item.value("audience", .audience)
            item.finish()
            return scopes.map { .oauth(scopes: $0, audience: named ?? audience, isNamed: named != nil) }
        }
        return Form.distinct(.scope).read(node, reading).map { .oauth(scopes: $0, audience: audience) }
    }
}
