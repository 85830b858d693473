/// A certificate's subject, compared as a structure (RFC 5280 section 7.1): order of the parts matters, order within a multi-valued
/// part does not, and neither do the case of ASCII letters, blanks at the ends and runs of blanks, or the string type used.
public struct DistinguishedName: Sendable, Hashable, CustomStringConvertible {
    /// The string form of RFC 4514: last part first, special characters escaped.
    public let description: String
    /// Parts and attributes with their lengths, values folded: equal exactly where the names are.
    private let canonical: [UInt8]

    /// Parts in the certificate's order, none empty.
    init(parts: [[Attribute]]) {
        description = parts.reversed().map { part in part.map(\.description).joined(separator: "+") }.joined(separator: ",")
        var bytes: [UInt8] = []
        for part in parts {
            let attributes = part.map(\.canonical).sorted { $0.lexicographicallyPrecedes($1) }
            Self.append(attributes.count, to: &bytes)
            for attribute in attributes {
                Self.append(attribute.count, to: &bytes)
                bytes.append(contentsOf: attribute)
            }
        }
        canonical = bytes
    }

    public static func == (left: DistinguishedName, right: DistinguishedName) -> Bool { left.canonical == right.canonical }

    public func hash(into hasher: inout Swift.Hasher) { hasher.combine(canonical) }

    /// The subject has no part at all, as in certificates that name their holder elsewhere.
    public var isEmpty: Bool { canonical.isEmpty }

    private static func append(_ count: Int, to bytes: inout [UInt8]) {
        for shift in stride(from: 24, through: 0, by: -8) { bytes.append(UInt8(truncatingIfNeeded: count >> shift)) }
    }

    /// One attribute: an object identifier in dots and a value.
    struct Attribute {
        let type: String
        let value: Value

        enum Value {
            /// A string of any ASN.1 type, and its DER.
            case text(String, der: [UInt8])
            /// The DER of something else.
            case other([UInt8])
        }

        /// RFC 4514 section 2.4: types without a registered name are written with their value's DER in hex.
        var description: String {
            switch value {
            case .text(let text, let der):
                if let keyword = AttributeKeyword.keyword(of: type) { return "\(keyword)=\(Self.escape(text))" }
                return "\(type)=#\(Hex.encode(der))"
            case .other(let der): return "\(AttributeKeyword.keyword(of: type) ?? type)=#\(Hex.encode(der))"
            }
        }

        var canonical: [UInt8] {
            var bytes = Array(type.utf8)
            switch value {
            case .text(let text, _):
                bytes.append(UInt8(ascii: "="))
                bytes.append(contentsOf: Self.fold(text))
            case .other(let der):
                bytes.append(UInt8(ascii: "#"))
                bytes.append(contentsOf: der)
            }
            return bytes
        }

        private static func fold(_ text: String) -> [UInt8] {
            var folded: [UInt8] = []
            for word in text.utf8.split(whereSeparator: { $0 == 0x20 || (0x09...0x0d).contains($0) }) {
                if !folded.isEmpty { folded.append(0x20) }
                folded.append(contentsOf: word.map { (0x41...0x5a).contains($0) ? $0 | 0x20 : $0 })
            }
            return folded
        }

        private static func escape(_ text: String) -> String {
            var escaped: [UInt8] = []
            let bytes = Array(text.utf8)
            for (index, byte) in bytes.enumerated() {
                if byte < 0x20 || byte == 0x7f {
                    escaped.append(UInt8(ascii: "\\"))
                    Hex.append([byte], to: &escaped)
                    continue
                }
                let atEdge = (index == 0 && (byte == 0x20 || byte == UInt8(ascii: "#"))) || (index == bytes.count - 1 && byte == 0x20)
                if atEdge || "\"+,;<>\\".utf8.contains(byte) { escaped.append(UInt8(ascii: "\\")) }
                escaped.append(byte)
            }
            return String(decoding: escaped, as: UTF8.self)
        }
    }
}

/// Attribute type names: the table of RFC 4514 section 3 and the others that subjects commonly hold.
enum AttributeKeyword {
    private static let table: [(keyword: String, type: String)] = [
        ("CN", "2.5.4.3"), ("L", "2.5.4.7"), ("ST", "2.5.4.8"), ("O", "2.5.4.10"), ("OU", "2.5.4.11"), ("C", "2.5.4.6"),
        ("STREET", "2.5.4.9"), ("DC", "0.9.2342.19200300.100.1.25"), ("UID", "0.9.2342.19200300.100.1.1"), ("SN", "2.5.4.4"),
        ("serialNumber", "2.5.4.5"), ("title", "2.5.4.12"), ("postalCode", "2.5.4.17"), ("givenName", "2.5.4.42"),
        ("organizationIdentifier", "2.5.4.97"), ("emailAddress", "1.2.840.113549.1.9.1"),
    ]

    static func keyword(of type: String) -> String? { table.first { $0.type == type }?.keyword }

    static func type(of keyword: String) -> String? {
        let lower = keyword.lowercased()
        return table.first { $0.keyword.lowercased() == lower }?.type
    }
}
