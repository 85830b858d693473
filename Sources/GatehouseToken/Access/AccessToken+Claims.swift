internal import GatehouseCrypto
internal import GatehouseTime

extension AccessToken {
    /// The claims of an `at+jwt` (RFC 9068 section 2.2), every one of which must be there and of its type (SEC-45). The sender is the
    /// token's `client_id`. Nil for anything else.
    init?(claims members: [String: StrictJSON]) {
        guard let issuer = members["iss"]?.plain, let subject = members["sub"]?.text, !subject.isEmpty,
            let client = members["client_id"]?.plain,
            let id = members["jti"]?.plain, id.utf8.count <= Self.maximumID, let issued = members["iat"]?.numericDate,
            let expires = members["exp"]?.numericDate, let audiences = Self.audiences(members["aud"])
        else { return nil }
        self.init(issuer: issuer, audiences: audiences, sender: client, id: id, scopes: [], issued: issued, expires: expires)
        if let notBefore = members["nbf"] {
            guard let time = notBefore.numericDate else { return nil }
            self.notBefore = time
        }
        if let scope = members["scope"] {
            guard let text = scope.text, let scopes = ScopeText.read(text) else { return nil }
            self.scopes = scopes
        }
        if let confirmation = members["cnf"] {
            guard let members = confirmation.members else { return nil }
            if let thumbprint = members["x5t#S256"] {
                guard let text = thumbprint.text, let bytes = Base64.decode(text, alphabet: .url, padding: .forbidden), bytes.count == 32
                else {
                    return nil
                }
                certificate = bytes
            }
            isBoundOtherwise = members.count != (certificate == nil ? 0 : 1) || members.isEmpty
        }
        if let named = members[Self.credentialClaim] {
            guard let names = named.elements else { return nil }
            for name in names {
                guard let credential = name.text.flatMap({ IssuingCredential($0) }) else { return nil }
                credentials.append(credential)
            }
        }
    }

    /// One string or an array of them (RFC 7519 section 4.1.3).
    static func audiences(_ value: StrictJSON?) -> [String]? {
        switch value {
        case .string(let text): return text.isEmpty ? nil : [text]
        case .array(let elements):
            var texts: [String] = []
            for element in elements {
                guard let text = element.text else { return nil }
                texts.append(text)
            }
            return texts.isEmpty ? nil : texts
        default: return nil
        }
    }

    /// What ``claims()`` gave for an own token; nil for anything else.
    public init?(stored claims: [UInt8]) {
        guard let members = StrictJSON(claims)?.members, let token = AccessToken(claims: members) else { return nil }
        self = token
    }

    /// What an own token is signed over, as JSON.
    public func claims() -> [UInt8] {
        var writer = JSONWriter()
        writer.member("iss", issuer)
        if audiences.count == 1, let audience = audiences.first { writer.member("aud", audience) } else { writer.member("aud", audiences) }
        writer.member("sub", sender)
        writer.member("client_id", sender)
        writer.member("iat", issued.seconds)
        writer.member("exp", expires.seconds)
        writer.member("jti", id)
        if !scopes.isEmpty { writer.member("scope", scopes.joined(separator: " ")) }
        if let certificate {
            var confirmation = JSONWriter(capacity: 80)
            confirmation.member("x5t#S256", Base64.encode(certificate, alphabet: .url, padded: false))
            writer.member("cnf", json: confirmation.finish())
        }
        if !credentials.isEmpty { writer.member("gatehouse_credentials", credentials.map(\.description)) }
        return writer.finish()
    }

    static let credentialClaim = "gatehouse_credentials"
    private static let maximumID = 256
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
            guard scopes.count <= 128 else { return nil }
        }
        return scopes
    }
}
