extension Form where Value == ValueSource {
    /// `header:NAME`, `query:NAME` or `json:a.b`.
    static var source: Form {
        Form { node, reading in
            guard let text = node.text else {
                reading.error("expected header:NAME, query:NAME or json:a.b, not \(node.kind)", at: node)
                return nil
            }
            guard let source = ValueSource(text) else {
                reading.error("\(quoted(text)) names no part of a request", at: node, hint: "header:NAME, query:NAME or json:a.b")
                return nil
            }
            return source
        }
    }
}

extension ValueSource {
    /// `header:NAME`, `query:NAME` or `json:a.b`; nil for anything else.
    public init?(_ text: some StringProtocol) {
        guard let colon = text.firstIndex(of: ":") else { return nil }
        let name = text[text.index(after: colon)...]
        switch text[..<colon] {
        case "header":
            guard PolicyText.isToken(name), !name.hasSuffix("*") else { return nil }
            self = .header(name.lowercased())
        case "query":
            guard ValueSource.isQueryName(name) else { return nil }
            self = .query(String(name))
        case "json":
            guard let path = ValueSource.jsonPath(name) else { return nil }
            self = .json(path)
        default: return nil
        }
    }

    /// As policy files write it: `header:NAME`, `query:NAME` or `json:a.b`.
    public var text: String {
        switch self {
        case .header(let name): "header:\(name)"
        case .query(let name): "query:\(name)"
        case .json(let path): "json:\(path.joined(separator: "."))"
        }
    }

    /// The names of `a.b`, from the outside in, at most as deep as JSON is read.
    static func jsonPath(_ text: some StringProtocol) -> [String]? {
        let names = String(text).split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard names.count <= 16, names.allSatisfy({ !$0.isEmpty && $0.utf8.count <= 128 && !$0.utf8.contains { $0 < 0x20 } }) else {
            return nil
        }
        return names
    }

    static func isQueryName(_ text: some StringProtocol) -> Bool {
        !text.isEmpty && text.utf8.count <= 128 && text.utf8.allSatisfy { (0x21...0x7e).contains($0) && !"&=#+%".utf8.contains($0) }
    }
}

extension Mapping {
    /// The keys by which a mapping names its source: one of `header`, `query` and `json`. nil where none is given.
    func source() -> ValueSource? {
        var sources: [(key: String, source: ValueSource)] = []
        // header: a field's name.
        if let name = value("header", .headerName) { sources.append(("header", .header(name))) }
        // query: a parameter of the URL.
        if let name = value("query", .text("a query parameter's name", ValueSource.isQueryName)) { sources.append(("query", .query(name))) }
        // json: a member of the JSON body, a.b for one inside another.
        if let path = value("json", .text("a path of JSON members", hint: "as in a.b", { ValueSource.jsonPath($0) != nil })) {
            sources.append(("json", .json(ValueSource.jsonPath(path) ?? [])))
        }
        if sources.count > 1, let extra = sources.last {
            reading.error("\(what) is found in one place, not in both '\(sources[0].key)' and '\(extra.key)'", at: place(of: extra.key))
        }
        return sources.first?.source
    }
}
