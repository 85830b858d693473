internal import GatehouseCrypto

/// A JWS in its compact form (RFC 7515 section 7.1), split and decoded, its signature not yet checked.
///
/// `jku`, `x5u`, `jwk` and `x5c` are not even read (SEC-47): the only thing a header says about its key is a name to look up in a table.
package struct CompactJWS {
    /// As named in the header; unknown names are refused before this exists.
    package let algorithm: JWSAlgorithm
    package let keyID: String?
    /// `typ` without `application/`, in lower case (RFC 7515 section 4.1.9).
    package let type: String?
    package let payload: [UInt8]
    package let signature: [UInt8]
    /// How much of the text is signed.
    package let signedCount: Int

    /// Longer texts are no token: refused before anything is looked for in them (SEC-48).
    package static let maximumLength = 16_384

    package init(_ text: UnsafeRawBufferPointer, maximumLength: Int = Self.maximumLength) throws(TokenFlaw) {
        guard text.count <= maximumLength else { throw .length }
        guard let (first, second) = Self.dots(text) else { throw .parts }
        guard let header = Self.decode(text[..<first]) else { throw .encoding }
        guard let members = StrictJSON(header)?.members else { throw .header }
        guard let payload = Self.decode(text[(first + 1)..<second]), let signature = Self.decode(text[(second + 1)...]) else {
            throw .encoding
        }
        // No extension is understood, so none may be critical; `b64` and `zip` change what the payload is (RFC 7797, RFC 7516).
        for name in ["crit", "b64", "zip"] where members[name] != nil { throw .extended(name) }
        guard let name = members["alg"]?.text else { throw .parameter("alg") }
        guard let algorithm = JWSAlgorithm(rawValue: name), algorithm.rawValue.utf8.elementsEqual(name.utf8) else { throw .algorithm(name) }
        if let id = members["kid"] {
            guard let id = id.text, id.utf8.count <= 256 else { throw .parameter("kid") }
            keyID = id
        } else {
            keyID = nil
        }
        if let type = members["typ"] {
            guard let type = type.plain else { throw .parameter("typ") }
            let lower = type.lowercased()
            self.type = lower.hasPrefix("application/") ? String(lower.dropFirst("application/".count)) : lower
        } else {
            type = nil
        }
        self.algorithm = algorithm
        self.payload = payload
        self.signature = signature
        signedCount = second
    }

    /// What a JWT says, nothing checked but that it is three parts: whom a request claims to be from, also where its algorithm or its
    /// header is not served. Nil where the payload cannot be read.
    package static func claims(_ text: UnsafeRawBufferPointer) -> Claims? {
        guard text.count <= maximumLength, let (first, second) = dots(text), let payload = decode(text[(first + 1)..<second])
        else { return nil }
        return try? Claims(payload)
    }

    /// Where the two dots are; nil where there are fewer or more.
    private static func dots(_ text: UnsafeRawBufferPointer) -> (Int, Int)? {
        guard let first = text.firstIndex(of: UInt8(ascii: ".")),
            let second = text[(first + 1)...].firstIndex(of: UInt8(ascii: ".")),
            !text[(second + 1)...].contains(UInt8(ascii: "."))
        else { return nil }
        return (first, second)
    }

    private static func decode(_ part: Slice<UnsafeRawBufferPointer>) -> [UInt8]? {
        let source = UnsafeRawBufferPointer(rebasing: part)
        var decoded: Int?
        let bytes = [UInt8](unsafeUninitializedCapacity: source.count) { buffer, count in
            decoded = Base64.decode(source, into: UnsafeMutableRawBufferPointer(buffer), alphabet: .url, padding: .forbidden)
            count = decoded ?? 0
        }
        return decoded == nil ? nil : bytes
    }
}
