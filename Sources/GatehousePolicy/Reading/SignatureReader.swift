/// Reads `signature:` of a scheme: where the signatures of a request are, and in which layout.
struct SignatureReader {
    let reading: Reading

    private enum LayoutName: String, CaseIterable { case bare, prefixed, list, positional, algorithm }

    func read(_ node: Node) -> SignatureSource? {
        guard let item = Mapping(node, "signature", reading) else { return nil }
        let sources = sources(item)
        // layout: how the value holds the signature; see each below.
        let name = item.value("layout", .choice, default: LayoutName.bare)
        let layout = layout(name, item)
        // encoding: hex | base64 | base64url, and text for values that are compared as they stand.
        let encoding: SignatureSource.Encoding? = item.value("encoding", .choice)
        // several: the header may be sent more than once; without it a second one refuses the request.
        let several = item.value("several", .flag, default: false)
        refuseForeignKeys(of: name, item)
        item.finish()
        guard !sources.isEmpty, let layout else { return nil }
        return SignatureSource(sources: sources, layout: layout, encoding: encoding ?? .text, several: several)
    }

    /// `encoding` was given.
    static func namesEncoding(_ node: Node) -> Bool {
        guard case .mapping(let members) = node.content else { return false }
        return members.contains { $0.key == "encoding" && !$0.value.isNull }
    }

    /// SEC-53: a request that needs more pairs is refused. A scheme must leave room for one live version, and had better for the two of a
    /// rotation.
    private func checkCount(_ count: Int, _ item: Mapping) {
        let most = Scheme.maximumPairs
        guard 2 * count > most, let headers = item.node("headers") else { return }
        let problem = "\(count) headers make more than \(most) pairs of live versions and signatures"
        let hint = "a request is refused that brings more; list fewer headers"
        if count > most {
            reading.error(problem, at: headers, hint: hint)
        } else {
            reading.warning("\(problem) while a rotation has two live versions", at: headers, hint: hint)
        }
    }

    private func sources(_ item: Mapping) -> [ValueSource] {
        // headers: several fields, any of which may hold the signature that matches.
        let headers = item.value("headers", .distinct(.headerName, mayBeEmpty: false)) ?? []
        checkCount(headers.count, item)
        let one = item.source()
        if !headers.isEmpty, one != nil {
            reading.error("a signature is found in 'headers' or in one place, not in both", at: item.place(of: "headers"))
        }
        let sources = headers.isEmpty ? one.map { [$0] } ?? [] : headers.map(ValueSource.header)
        if sources.isEmpty, item.node("headers") == nil, ["header", "query", "json"].allSatisfy({ item.node($0) == nil }) {
            reading.error("signature needs 'header', 'headers', 'query' or 'json'", at: item.node)
        }
        for case .header(let name) in sources
        where name.contains("*") && (name.dropLast().contains("*") || name.count < 3 || !name.hasSuffix("*")) {
            reading.error("\(quoted(name)): '*' stands only at the end, for a number", at: item.node, hint: "as in X-Signature-*")
        }
        return sources
    }

    private func layout(_ name: LayoutName, _ item: Mapping) -> SignatureSource.Layout? {
        switch name {
        case .bare:
            // The whole value.
            return .bare
        case .prefixed:
            // prefix: what stands before the signature, as in sha256=.
            return item.required("prefix", .text).map { .prefixed($0) }
        case .list:
            // separator between items, assign between label and value; label of the signatures and, if it is there, of the timestamp.
            let separator = item.required("separator", .delimiter)
            let assign = item.required("assign", .delimiter)
            let label = item.required("label", .text)
            let timestamp = item.value("timestamp", .text)
            guard let separator, let assign, let label else { return nil }
            if separator == assign { reading.error("separator and assign must differ", at: item.place(of: "assign")) }
            if label == timestamp { reading.error("signatures and timestamp cannot have one label", at: item.place(of: "timestamp")) }
            return .list(separator: separator, assign: assign, label: label, timestamp: timestamp)
        case .positional:
            // separator; the position of the timestamp, if it is there, and the positions of signatures: 1, 1..3 or 1.. (from 0).
            let separator = item.required("separator", .delimiter)
            let timestamp = item.value("timestamp", .number(0...positions.upperBound))
            let signatures = item.required("signatures", positionRange)
            guard let separator, let signatures else { return nil }
            if let timestamp, signatures.contains(timestamp) {
                reading.error("position \(timestamp) cannot hold both the timestamp and a signature", at: item.place(of: "signatures"))
            }
            return .positional(separator: separator, timestamp: timestamp, signatures: signatures)
        case .algorithm:
            // assign between the algorithm's name and the signature; algorithms: which names count. All others refuse the request.
            let assign = item.required("assign", .delimiter)
            let algorithms = item.required("algorithms", .distinct(hashName, mayBeEmpty: false), hint: "algorithms: [sha256, sha512]")
            guard let assign, let algorithms, !algorithms.isEmpty else { return nil }
            return .algorithm(assign: assign, algorithms: algorithms)
        }
    }

    private func refuseForeignKeys(of name: LayoutName, _ item: Mapping) {
        item.refuse(["prefix"], because: "belongs to layout: prefixed")
        item.refuse(["separator", "timestamp"], because: "belongs to layout: list and layout: positional")
        item.refuse(["label"], because: "belongs to layout: list")
        item.refuse(["signatures"], because: "belongs to layout: positional")
        item.refuse(["algorithms"], because: "belongs to layout: algorithm")
        item.refuse(["assign"], because: "belongs to layout: list and layout: algorithm")
    }

    private var positions: ClosedRange<Int> { 0...63 }

    private var positionRange: Form<ClosedRange<Int>> {
        Form { node, reading in
            let text = node.text ?? ""
            let first = PolicyText.number(text.prefix { $0 != "." })
            let rest = text.drop { $0 != "." }
            let last =
                rest.isEmpty
                ? first : rest == ".." ? positions.upperBound : rest.hasPrefix("..") ? PolicyText.number(rest.dropFirst(2)) : nil
            guard let first, let last, first <= last, positions.contains(last) else {
                reading.error(
                    "\(node.text.map(quoted) ?? node.kind) names no positions", at: node, hint: "1, 1..3 or 1.., counted from 0, at most 63"
                )
                return nil
            }
            return first...last
        }
    }

    private var hashName: Form<SignatureAlgorithm> {
        Form { node, reading in
            let known = SignatureAlgorithm.allCases.filter { $0.hashName != nil }
            if let found = known.first(where: { $0.hashName == node.text }) { return found }
            reading.error(
                "\(node.text.map(quoted) ?? node.kind) is not one of \(known.compactMap(\.hashName).joined(separator: ", "))", at: node)
            return nil
        }
    }
}

extension SignatureAlgorithm {
    /// The name by which senders choose an HMAC in `layout: algorithm`; nil for what is no HMAC.
    public var hashName: String? {
        switch self {
        case .hmacSHA1: "sha1"
        case .hmacSHA256: "sha256"
        case .hmacSHA384: "sha384"
        case .hmacSHA512: "sha512"
        default: nil
        }
    }
}

extension Form where Value == String {
    /// What stands between parts of a header's value; blanks count.
    static var delimiter: Form {
        Form { node, reading in
            guard let text = node.text, (1...8).contains(text.utf8.count), text.utf8.allSatisfy({ (0x20...0x7e).contains($0) }) else {
                reading.error("expected one to eight printable characters, not \(node.text.map(quoted) ?? node.kind)", at: node)
                return nil
            }
            return text
        }
    }
}
