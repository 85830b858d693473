package import GatehouseCrypto
package import GatehouseTime

/// The claims of a JWT (RFC 7519 section 4), read one by one; what is missing or of a wrong type is told by name.
package struct Claims: Sendable {
    private let members: [String: StrictJSON]

    package init(_ payload: [UInt8]) throws(TokenFlaw) {
        guard let members = StrictJSON(payload)?.members else { throw .payload }
        self.members = members
    }

    package subscript(_ name: String) -> StrictJSON? { members[name] }

    package func value(_ name: String) throws(TokenFlaw) -> StrictJSON {
        guard let value = members[name] else { throw .claim(name, .missing) }
        return value
    }

    /// Text of printable ASCII (``GatehouseCrypto/StrictJSON/plain``).
    package func plain(_ name: String, longest: Int = .max) throws(TokenFlaw) -> String {
        let value = try value(name)
        guard let text = value.plain, text.utf8.count <= longest else {
            let length = longest < .max ? " of at most \(longest) characters" : ""
            throw .claim(name, .type(found: Self.found(value, longest), expected: "a text of printable ASCII\(length), not empty,"))
        }
        return text
    }

    /// What kept a value from being such a text.
    private static func found(_ value: StrictJSON, _ longest: Int) -> String {
        guard let text = value.text else { return value.kind }
        if text.isEmpty { return "empty" }
        return text.utf8.count > longest ? "a text of \(text.utf8.count) bytes" : "a text with other characters"
    }

    /// A NumericDate of whole seconds; see ``GatehouseCrypto/StrictJSON/numericDate``.
    package func time(_ name: String) throws(TokenFlaw) -> WallTime {
        let value = try value(name)
        if let time = value.numericDate { return time }
        guard case .number(let text) = value else {
            throw .claim(
                name,
                .type(
                    found: value.kind,
                    expected: "a number of seconds since "
                        + "1970"))
        }
        let shown = String(text.prefix(32))
        throw .claim(name, text.utf8.contains { ".eE".utf8.contains($0) } ? .fraction(shown) : .range(shown))
    }

    /// As ``time(_:)``; nil where the claim is absent.
    package func timeIfThere(_ name: String) throws(TokenFlaw) -> WallTime? { members[name] == nil ? nil : try time(name) }
}
