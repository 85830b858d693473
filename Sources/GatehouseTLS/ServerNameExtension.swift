/// The server_name extension of a ClientHello (RFC 6066 section 3).
enum ServerNameExtension {
    /// The host name, in lower case; nil where the extension is malformed or holds none. OpenSSL reads it again later and ends the
    /// handshake where the form is wrong.
    static func hostName(_ bytes: UnsafeRawBufferPointer) -> String? {
        guard bytes.count >= 5, number(bytes, 0) == bytes.count - 2, bytes[2] == 0 else { return nil }
        let length = number(bytes, 3)
        guard length > 0, length <= 255, length == bytes.count - 5 else { return nil }
        let name = UnsafeRawBufferPointer(rebasing: bytes[5...])
        guard name.allSatisfy({ 0x21 <= $0 && $0 < 0x7f }) else { return nil }
        return String(decoding: name, as: UTF8.self).lowercased()
    }

    private static func number(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> Int {
        Int(bytes[offset]) << 8 | Int(bytes[offset + 1])
    }
}
