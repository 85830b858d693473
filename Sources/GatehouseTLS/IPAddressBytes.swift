internal import COpenSSL

/// An IP address as certificates hold it.
enum IPAddressBytes {
    /// 4 or 16 bytes; nil for a text that is no address.
    static func parse(_ text: String) -> [UInt8]? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x3a).contains($0) || (0x61...0x66).contains($0 | 0x20) || $0 == 0x2e }) else {
            return nil
        }
        defer { ERR_clear_error() }
        guard let address = a2i_IPADDRESS(text) else { return nil }
        defer { ASN1_OCTET_STRING_free(address) }
        return Array(UnsafeBufferPointer(start: ASN1_STRING_get0_data(address), count: Int(max(ASN1_STRING_length(address), 0))))
    }
}
