internal import GatehouseCrypto
internal import GatehouseTime

extension AccessToken {
    /// The claims of an `at+jwt` (RFC 9068 section 2.2), every one of which must be there and of its type (SEC-45). The sender is the
    /// token's `client_id`.
    init(_ claims: Claims) throws(TokenFlaw) {
        let issuer = try claims.plain("iss")
        let subject = try claims.value("sub")
        guard subject.text?.isEmpty == false else {
            throw .claim("sub", .type(found: subject.text == nil ? subject.kind : "empty", expected: "a text that is not empty"))
        }
        self.init(
            issuer: issuer, audiences: try Self.audiences(try claims.value("aud")), sender: try claims.plain("client_id"),
            id: try claims.plain("jti", longest: Self.maximumID), scopes: [], issued: try claims.time("iat"),
            expires: try claims.time("exp"))
        notBefore = try claims.timeIfThere("nbf")
        if let scope = claims["scope"] {
            guard let text = scope.text, let scopes = ScopeText.read(text) else {
                throw .claim(
                    "scope",
                    .type(
                        found: scope.text.map(ScopeText.found) ?? scope.kind,
                        expected: "at most \(ScopeText.maximumScopes) scopes with single blanks between them (RFC 6749 section 3.3)"))
            }
            self.scopes = scopes
        }
        try readConfirmation(claims)
        if let named = claims[Self.credentialClaim] {
            guard let names = named.elements else { throw .claim(Self.credentialClaim, .type(found: named.kind, expected: "a list")) }
            for name in names {
                guard let credential = name.text.flatMap({ IssuingCredential($0) }) else {
                    throw .claim(Self.credentialClaim, .type(found: "another list", expected: "a list of credentials"))
                }
                credentials.append(credential)
            }
        }
    }

    /// RFC 8705 section 3.1.
    private mutating func readConfirmation(_ claims: Claims) throws(TokenFlaw) {
        guard let confirmation = claims["cnf"] else { return }
        guard let members = confirmation.members else { throw .claim("cnf", .type(found: confirmation.kind, expected: "an object")) }
        if let thumbprint = members["x5t#S256"] {
            guard let text = thumbprint.text, let bytes = Base64.decode(text, alphabet: .url, padding: .forbidden), bytes.count == 32 else {
                throw .claim("cnf", .type(found: "another object", expected: "an object with an `x5t#S256` of 32 bytes in base64url"))
            }
            certificate = bytes
        }
        isBoundOtherwise = members.count != (certificate == nil ? 0 : 1) || members.isEmpty
    }

    /// One string or an array of them (RFC 7519 section 4.1.3).
    private static func audiences(_ value: StrictJSON) throws(TokenFlaw) -> [String] {
        let texts: [String?] =
            switch value {
            case .string(let text): text.isEmpty ? [] : [text]
            case .array(let elements): elements.map(\.text)
            default: []
            }
        let named = texts.compactMap { $0 }
        guard !named.isEmpty, named.count == texts.count else {
            throw .claim("aud", .type(found: found(value), expected: "a text or a list of texts, not empty,"))
        }
        return named
    }

    /// What kept a value from being audiences.
    private static func found(_ value: StrictJSON) -> String {
        switch value {
        case .string: "empty"
        case .array(let elements): elements.isEmpty ? "an empty list" : "a list with something else than texts in it"
        default: value.kind
        }
    }

    /// What ``claims()`` gave for an own token; nil for anything else.
    public init?(stored claims: [UInt8]) {
        guard let claims = try? Claims(claims), let token = try? AccessToken(claims) else { return nil }
        self = token
    }

    /// What an own token is signed over, as JSON.
    public func claims() -> [UInt8] {
        var writer = JSONWriter()
        writer.member("iss", issuer)
        writer.audiences(audiences)
        writer.member("sub", sender)
        writer.member("client_id", sender)
        writer.member("iat", issued.seconds)
        writer.member("exp", expires.seconds)
        writer.member("jti", id)
        if !scopes.isEmpty { writer.member("scope", scopes.joined(separator: " ")) }
        if let certificate { writer.confirmation(certificate) }
        if !credentials.isEmpty { writer.member("gatehouse_credentials", credentials.map(\.description)) }
        return writer.finish()
    }

    static let credentialClaim = "gatehouse_credentials"
    private static let maximumID = 256
}

extension JSONWriter {
    /// `aud`: one string where there is one audience, else an array (RFC 7519 section 4.1.3).
    package mutating func audiences(_ audiences: [String]) {
        if audiences.count == 1, let audience = audiences.first { member("aud", audience) } else { member("aud", audiences) }
    }

    /// `cnf` with SHA-256 of a certificate's DER (RFC 8705 section 3.1).
    package mutating func confirmation(_ certificate: [UInt8]) {
        var confirmation = JSONWriter(capacity: 80)
        confirmation.member("x5t#S256", Base64.encode(certificate, alphabet: .url, padded: false))
        member("cnf", json: confirmation.finish())
    }
}

/// A scope value: tokens with single blanks between them (RFC 6749 section 3.3).
package enum ScopeText {
    /// Each scope once, in order; nil where the text is no scope value. An empty text is no scope at all.
    package static func read(_ text: String) -> [String]? {
        if text.isEmpty { return [] }
        var scopes: [String] = []
        for part in text.split(separator: " ", omittingEmptySubsequences: false) {
            guard !part.isEmpty,
                part.utf8.allSatisfy({ $0 == 0x21 || (0x23...0x5b).contains($0) || (0x5d...0x7e).contains($0) })
            else { return nil }
            let scope = String(part)
            if !scopes.contains(scope) { scopes.append(scope) }
            guard scopes.count <= maximumScopes else { return nil }
        }
        return scopes
    }

    /// What kept a text from being a scope value.
    fileprivate static func found(_ text: String) -> String {
        let parts = text.split(separator: " ", omittingEmptySubsequences: false)
        if parts.contains(where: \.isEmpty) { return "a text with a blank at its start or end, or two in a row" }
        return parts.allSatisfy({ read(String($0)) != nil }) ? "a text of more scopes" : "a text with other characters"
    }

    fileprivate static let maximumScopes = 128
}
