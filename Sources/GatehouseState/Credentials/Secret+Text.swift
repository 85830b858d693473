package import GatehouseCrypto

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Looking at a secret and making one of parts, without a copy that outlives the call (SEC-71).
extension Secret {
    func hasPrefix(_ prefix: StaticString) -> Bool {
        withBytes { bytes in
            bytes.count >= prefix.utf8CodeUnitCount && prefix.withUTF8Buffer { bytes.prefix($0.count).elementsEqual($0) }
        }
    }

    package func contains(_ part: StaticString) -> Bool {
        withBytes { bytes in
            part.withUTF8Buffer { part in
                guard bytes.count >= part.count else { return false }
                return (0...(bytes.count - part.count)).contains { bytes[$0..<($0 + part.count)].elementsEqual(part) }
            }
        }
    }

    /// `prefix`, then the bytes in base64.
    static func base64(_ prefix: StaticString = "", of secret: Secret, alphabet: Base64.Alphabet = .standard, padded: Bool = true) -> Secret
    {
        var text: [UInt8] = []
        defer { wipe(&text) }
        text.reserveCapacity(prefix.utf8CodeUnitCount + (secret.count + 2) / 3 * 4)
        prefix.withUTF8Buffer { text.append(contentsOf: $0) }
        secret.withBytes { Base64.append($0, to: &text, alphabet: alphabet, padded: padded) }
        return text.withUnsafeBytes { Secret(copying: $0) }
    }

    /// `USER:PASSWORD`.
    static func pair(_ user: String, _ password: Secret) -> Secret {
        var text: [UInt8] = []
        defer { wipe(&text) }
        text.reserveCapacity(user.utf8.count + 1 + password.count)
        text.append(contentsOf: user.utf8)
        text.append(UInt8(ascii: ":"))
        password.withBytes { text.append(contentsOf: $0) }
        return text.withUnsafeBytes { Secret(copying: $0) }
    }

    /// How many bytes the base64 behind `offset` stands for; nil where it is none.
    func decodedCount(from offset: Int) -> Int? {
        var count: Int?
        _ = try? Secret(count: self.count) { output in
            count = withBytes { Base64.decode(UnsafeRawBufferPointer(rebasing: $0[offset...]), into: output) }
        }
        return count
    }

    /// The array was never grown, so these are all the copies there were.
    private static func wipe(_ bytes: inout [UInt8]) {
        bytes.withUnsafeMutableBytes { buffer in
            if let base = buffer.baseAddress { explicit_bzero(base, buffer.count) }
        }
    }
}
