internal import COpenSSL

extension DistinguishedName {
    /// Reads an `X509_NAME`, which stays the caller's.
    init(name: OpaquePointer?) {
        var parts: [[Attribute]] = []
        var currentSet: Int32 = -1
        for index in 0..<max(X509_NAME_entry_count(name), 0) {
            guard let entry = X509_NAME_get_entry(name, index), let data = X509_NAME_ENTRY_get_data(entry) else { continue }
            let set = X509_NAME_ENTRY_set(entry)
            let attribute = Attribute(type: Self.dotted(X509_NAME_ENTRY_get_object(entry)), value: Self.value(data))
            if set == currentSet, let last = parts.indices.last {
                parts[last].append(attribute)
            } else {
                parts.append([attribute])
            }
            currentSet = set
        }
        ERR_clear_error()
        self.init(parts: parts)
    }

    private static func dotted(_ object: OpaquePointer?) -> String {
        var text = [CChar](repeating: 0, count: 128)
        var length = Int(OBJ_obj2txt(&text, Int32(text.count), object, 1))
        if length >= text.count {
            text = [CChar](repeating: 0, count: length + 1)
            length = Int(OBJ_obj2txt(&text, Int32(text.count), object, 1))
        }
        return String(decoding: text.prefix(max(length, 0)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func value(_ data: UnsafeMutablePointer<ASN1_STRING>) -> Attribute.Value {
        var bytes: UnsafeMutablePointer<UInt8>?
        let count = gh_string_der(data, &bytes)
        guard count > 0, let bytes else { return .other([]) }
        defer { gh_free(bytes) }
        let der = Array(UnsafeBufferPointer(start: bytes, count: Int(count)))
        return Attribute.Value(der: der) ?? .other(der)
    }
}
