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

    package enum Problem: Error, Sendable, Hashable {
        /// Not a JWS in compact form, or one that asks for what is not served: `crit`, `b64`, `zip`.
        case malformed
        /// `none`, a MAC or another algorithm that no key here has.
        case algorithm
    }

    /// Longer texts are no token: refused before anything is looked for in them (SEC-48).
    package static let maximumLength = 16_384

    package init(_ text: UnsafeRawBufferPointer, maximumLength: Int = Self.maximumLength) throws(Problem) {
        guard text.count <= maximumLength else { throw .malformed }
        guard let first = text.firstIndex(of: UInt8(ascii: ".")),
            let second = text[(first + 1)...].firstIndex(of: UInt8(ascii: ".")),
            !text[(second + 1)...].contains(UInt8(ascii: "."))
        else { throw .malformed }
        guard let header = Self.decode(text[..<first]), let members = StrictJSON(header)?.members else { throw .malformed }
        guard let payload = Self.decode(text[(first + 1)..<second]), let signature = Self.decode(text[(second + 1)...]) else {
            throw .malformed
        }
        // No extension is understood, so none may be critical; `b64` and `zip` change what the payload is (RFC 7797, RFC 7516).
        guard members["crit"] == nil, members["b64"] == nil, members["zip"] == nil else { throw .malformed }
        guard let name = members["alg"]?.text else { throw .malformed }
        guard let algorithm = JWSAlgorithm(rawValue: name), algorithm.rawValue.utf8.elementsEqual(name.utf8) else { throw .algorithm }
        if let id = members["kid"] {
            guard let id = id.text, id.utf8.count <= 256 else { throw .malformed }
            keyID = id
        } else {
            keyID = nil
        }
        if let type = members["typ"] {
            guard let type = type.plain else { throw .malformed }
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
