/// What is kept of a header that holds a credential: the name of its authentication scheme, where that is a known one, and its length. A
/// wrong password is often a right one somewhere else.
enum WithheldValue {
    /// - Parameter name: of a header, in any case.
    static func isMeant(_ name: UnsafeRawBufferPointer) -> Bool { names.contains { name.matches($0) } }

    /// `Basic [28 bytes withheld]`.
    static func text(_ value: UnsafeRawBufferPointer) -> String {
        let word = value.prefix { $0 != 0x20 }
        let scheme = word.count < value.count ? schemes.first { UnsafeRawBufferPointer(rebasing: word).matches($0) } : nil
        let length = scheme.map { value.count - $0.utf8.count - 1 } ?? value.count
        return (scheme.map { $0 + " " } ?? "") + "[\(length) bytes withheld]"
    }

    static func isOne(_ value: String) -> Bool { value.hasSuffix(" bytes withheld]") }

    private static let names = ["authorization", "proxy-authorization", "cookie"]
    /// Registered ones, and others in use. Any other first word may be a part of the secret.
    private static let schemes = [
        "Basic", "Bearer", "Digest", "DPoP", "HMAC", "HOBA", "Mutual", "Negotiate", "NTLM", "OAuth", "PrivateToken", "ApiKey", "Token",
        "vapid",
    ]
}

extension UnsafeRawBufferPointer {
    /// But for the case of ASCII letters.
    fileprivate func matches(_ text: String) -> Bool {
        func lower(_ byte: UInt8) -> UInt8 { 0x41 <= byte && byte <= 0x5a ? byte | 0x20 : byte }
        return count == text.utf8.count && zip(self, text.utf8).allSatisfy { lower($0) == lower($1) }
    }
}
