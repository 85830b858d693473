internal import GatehouseCrypto
internal import GatehousePolicy

/// How a request says which client it is from, and what it brings to prove it.
struct ClientClaim: Sendable {
    var client: String
    var proof: Proof

    enum Proof: Sendable {
        case secret(Secret, SenderPolicy.TokenAuthentication)
        case assertion(Secret)
        /// The certificate of the TLS handshake.
        case certificate
        /// A client secret in an Authorization field that was found right before.
        case known
    }

    var method: SenderPolicy.TokenAuthentication {
        switch proof {
        case .secret(_, let method): method
        case .assertion: .privateKeyJWT
        case .certificate: .tlsClientAuth
        case .known: .clientSecretBasic
        }
    }

    enum Problem: Error {
        /// `invalid_request`: malformed, or more than one method (RFC 6749 section 2.3).
        case malformed(String)
        /// `invalid_client`: an Authorization field whose `Basic` no client can be read from (RFC 6749 section 5.2 asks for 401 there).
        case unreadable(String)
        /// `invalid_client`: none, or one that is not served.
        case missing(client: String?)
        /// `invalid_client`: an assertion that no client can be read from, and no `client_id` beside it.
        case nameless(Secret)
    }

    /// One method and no more (SEC-29). A client certificate beside a secret or an assertion is none: any client behind a proxy or with a
    /// bound token brings one.
    static func read(_ form: FormParameters, _ authorization: [UnsafeRawBufferPointer]) throws(Problem) -> ClientClaim {
        guard authorization.count <= 1 else { throw .malformed("there is more than one Authorization field") }
        let named = form.text(.clientID)
        if let named, !isName(named) { throw .missing(client: nil) }
        if let field = authorization.first {
            guard !form.has(.clientSecret) else { throw .malformed("`client_secret` is in the body beside an Authorization field") }
            guard !form.has(.assertion), !form.has(.assertionType) else {
                throw .malformed("a client assertion is in the body beside an Authorization field")
            }
            guard let encoded = basic(field) else { throw .missing(client: named) }
            let (client, secret) = try pair(encoded)
            guard named == nil || named == client else { throw .malformed("`client_id` in the body is another than the id in Basic") }
            guard isName(client) else { throw .missing(client: nil) }
            return ClientClaim(client: client, proof: .secret(secret, .clientSecretBasic))
        }
        if form.has(.assertion) || form.has(.assertionType) {
            guard !form.has(.clientSecret) else { throw .malformed("`client_secret` is there beside a client assertion") }
            guard let type = form.text(.assertionType) else {
                throw .malformed("`client_assertion` came without `client_assertion_type`")
            }
            guard type == assertionType else { throw .malformed("`client_assertion_type` is not \(assertionType)") }
            guard let assertion = form.secret(.assertion) else {
                throw .malformed("`client_assertion_type` came without `client_assertion`")
            }
            guard let client = named ?? ClientAssertion.claimedClient(assertion), isName(client) else { throw .nameless(assertion) }
            return ClientClaim(client: client, proof: .assertion(assertion))
        }
        guard let client = named else { throw .missing(client: nil) }
        guard let secret = form.secret(.clientSecret) else { return ClientClaim(client: client, proof: .certificate) }
        return ClientClaim(client: client, proof: .secret(secret, .clientSecretPost))
    }

    /// RFC 7523 section 2.2.
    private static let assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

    /// Client ids are senders' names, which are ASCII; nothing else is looked up.
    private static func isName(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 256 && text.utf8.allSatisfy { 0x21 <= $0 && $0 <= 0x7e }
    }

    /// What stands behind `Basic`; nil for another scheme.
    private static func basic(_ field: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        let scheme = "basic"
        let count = scheme.utf8.count
        guard field.count > count, field[count] == 0x20, zip(field, scheme.utf8).allSatisfy({ $0 | 0x20 == $1 }) else { return nil }
        var rest = field[count...]
        while rest.first == 0x20 { rest = rest.dropFirst() }
        while rest.last == 0x20 { rest = rest.dropLast() }
        return UnsafeRawBufferPointer(rebasing: rest)
    }

    /// Split at the first colon, then form-decoded (SEC-30, RFC 6749 section 2.3.1).
    private static func pair(_ encoded: UnsafeRawBufferPointer) throws(Problem) -> (String, Secret) {
        guard encoded.count <= maximumLength else { throw .unreadable("what follows `Basic` is longer than \(maximumLength) bytes") }
        var decoded: Int?
        let room = try? Secret(count: max(encoded.count, 1)) { decoded = Base64.decode(encoded, into: $0) }
        guard let count = decoded, let room else { throw .unreadable("what follows `Basic` is no base64") }
        let pair: Result<(String, Secret), Problem> = room.withBytes { bytes in
            let pair = bytes[..<count]
            guard let colon = pair.firstIndex(of: UInt8(ascii: ":")) else {
                return .failure(.unreadable("there is no colon between id and secret in Basic"))
            }
            guard colon + 1 < count else { return .failure(.unreadable("the secret in Basic is empty")) }
            guard !pair.contains(where: { $0 < 0x20 || $0 == 0x7f }) else {
                return .failure(.unreadable("id or secret in Basic holds a control character, such as a line break at the end"))
            }
            guard let client = FormText.decode(UnsafeRawBufferPointer(rebasing: bytes[..<colon])),
                let secret = FormText.decode(UnsafeRawBufferPointer(rebasing: bytes[(colon + 1)..<count]))
            else {
                return .failure(
                    .unreadable("id or secret in Basic is not form-encoded: a `%` is there without two hex digits, or it is no UTF-8"))
            }
            return .success((client.withBytes { String(decoding: $0, as: UTF8.self) }, secret))
        }
        return try pair.get()
    }

    private static let maximumLength = 4096
}
