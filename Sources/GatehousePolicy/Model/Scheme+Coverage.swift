/// What a signature proves about the parts of a request.
extension Scheme {
    /// The value at `source` cannot be changed without breaking the signature.
    public func isSigned(_ source: ValueSource) -> Bool {
        switch source {
        case .header(let name): signed.contains(.header(name)) || timestamp?.source == source && signed.contains(.timestamp)
        case .query: signed.contains(.url) || timestamp?.source == source && signed.contains(.timestamp)
        case .json(let path):
            signed.contains(.body) || signed.contains(.json(path)) || timestamp?.source == source && signed.contains(.timestamp)
        }
    }

    /// The literals beside part `index` of the signed string that part it from another: a value of the sender's choice that holds one of
    /// them is refused, since bytes could move between the two under one signature (SEC-59).
    public func separators(at index: Int) -> [String] {
        [index - 1, index + 1].compactMap { neighbour in
            guard signed.indices.contains(neighbour), signed.indices.contains(2 * neighbour - index),
                case .literal(let text) = signed[neighbour]
            else { return nil }
            return text.isEmpty ? nil : text
        }
    }

    /// Where a message of a genuine sender holds a secret itself, and not a proof of it: what is compared for equality, and verify tokens.
    public var secretSources: [ValueSource] {
        (algorithm == .equality ? signature.sources : []) + handshakes.compactMap(\.when.token)
    }

    /// There is a timestamp and the signature covers it: freshness can be told.
    public var signsTimestamp: Bool {
        guard let timestamp else { return false }
        return signed.contains(.timestamp) || timestamp.source.map(isSigned) ?? false
    }

    /// There is an event id and the signature covers it: a duplicate can be told by it.
    public var signsEventID: Bool { event.id.map(isSigned) ?? false }

    /// The scheme reads values out of a JSON body before or after verifying.
    public var readsJSON: Bool {
        var sources = signature.sources
        sources += [timestamp?.source, event.id, event.type].compactMap { $0 }
        for handshake in handshakes {
            sources += handshake.when.present.map(\.source) + [handshake.when.token].compactMap { $0 }
            switch handshake.answer {
            case .echo(let source), .json(_, let source), .keyed(let source, _, _, _, _): sources.append(source)
            case .echoHeader, .fixed, .allowOrigin: break
            }
        }
        let isJSON = { (source: ValueSource) in if case .json = source { true } else { false } }
        return sources.contains(where: isJSON) || signed.contains { if case .json = $0 { true } else { false } }
    }

    /// Why an operator should know what this scheme does not prove (SEC-60); empty where nothing is to be said.
    public var weaknesses: [String] {
        var list: [String] = []
        var algorithms = [algorithm]
        if case .algorithm(_, let named) = signature.layout { algorithms = named }
        if algorithms.contains(.hmacSHA1) || algorithms.contains(.rsaPKCS1SHA1) { list.append("relies on SHA-1") }
        if algorithm == .sha256 { list.append("is a plain hash over the secret, not an HMAC") }
        if algorithm == .equality {
            list.append("compares a value for equality and proves nothing about the request")
        } else if bodyUnsigned {
            list.append("does not sign the body")
        }
        return list
    }
}
