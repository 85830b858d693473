extension Form where Value == [TemplatePart] {
    /// Literals and `{body}`, `{timestamp}`, `{header:NAME}`, `{json:a.b}`, `{method}`, `{path}`, `{url}`, `{secret}`.
    static var template: Form {
        Form { node, reading in
            guard let text = node.text else {
                reading.error("expected a template such as \"{timestamp}.{body}\", not \(node.kind)", at: node)
                return nil
            }
            var parts: [TemplatePart] = []
            var rest = Substring(text)
            while !rest.isEmpty {
                let literal = rest.prefix { $0 != "{" && $0 != "}" }
                if !literal.isEmpty { parts.append(.literal(String(literal))) }
                rest = rest.dropFirst(literal.count)
                if rest.isEmpty { break }
                guard rest.first == "{", let end = rest.firstIndex(of: "}") else {
                    reading.error("\(quoted(text)) has a brace without its partner", at: node)
                    return nil
                }
                let field = rest[rest.index(after: rest.startIndex)..<end]
                guard let part = TemplatePart(field: field) else {
                    reading.error(
                        "\(quoted("{\(field)}")) is not a field of a signed string", at: node,
                        hint: "{body}, {timestamp}, {header:NAME}, {json:a.b}, {method}, {path}, {url}, {secret}")
                    return nil
                }
                parts.append(part)
                rest = rest[rest.index(after: end)...]
            }
            if parts.isEmpty {
                reading.error("the signed string must not be empty", at: node)
                return nil
            }
            return parts
        }
    }
}

extension TemplatePart {
    fileprivate init?(field: Substring) {
        switch field {
        case "body": self = .body
        case "timestamp": self = .timestamp
        case "method": self = .method
        case "path": self = .path
        case "url": self = .url
        case "secret": self = .secret
        default:
            switch ValueSource(field) {
            case .header(let name): self = .header(name)
            case .json(let path): self = .json(path)
            case .query, nil: return nil
            }
        }
    }

    /// As it is written in a scheme's file.
    public var notation: String {
        switch self {
        case .literal(let text): text
        case .body: "{body}"
        case .timestamp: "{timestamp}"
        case .header(let name): "{header:\(name)}"
        case .json(let path): "{json:\(path.joined(separator: "."))}"
        case .method: "{method}"
        case .path: "{path}"
        case .url: "{url}"
        case .secret: "{secret}"
        }
    }

    /// The sender's text, of any length and with any characters. Where two of these touch, bytes can slide from one to the other and the
    /// signature stays the same (SEC-59). Times have their declared form, methods and paths come from policy.
    var isFreeText: Bool {
        switch self {
        case .body, .header, .json: true
        case .literal, .timestamp, .method, .path, .url, .secret: false
        }
    }
}
