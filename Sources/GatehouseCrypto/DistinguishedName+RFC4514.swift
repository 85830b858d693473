internal import COpenSSL

extension DistinguishedName {
    /// The string form of RFC 4514 section 3, strictly: characters that must be escaped are, there are no blanks around `,`, `+` and `=`,
    /// and every type is known or in dots. Nil for anything else, and for the empty name, which would stand for nobody.
    public init?(rfc4514 text: String) {
        var parser = Parser(rest: Array(text.utf8)[...])
        guard let parts = parser.name() else { return nil }
        self.init(parts: parts.reversed())
    }

    private struct Parser {
        var rest: ArraySlice<UInt8>

        /// Parts in the order written.
        mutating func name() -> [[Attribute]]? {
            var parts: [[Attribute]] = []
            repeat {
                var part: [Attribute] = []
                repeat {
                    guard let attribute = attribute() else { return nil }
                    part.append(attribute)
                } while take("+")
                parts.append(part)
            } while take(",")
            return rest.isEmpty ? parts : nil
        }

        private mutating func take(_ character: Unicode.Scalar) -> Bool {
            guard rest.first == UInt8(ascii: character) else { return false }
            rest = rest.dropFirst()
            return true
        }

        private mutating func attribute() -> Attribute? {
            let name = rest.prefix { $0 != UInt8(ascii: "=") }
            guard let type = type(String(decoding: name, as: UTF8.self)) else { return nil }
            rest = rest.dropFirst(name.count)
            guard take("=") else { return nil }
            return (rest.first == UInt8(ascii: "#") ? encoded() : string()).map { Attribute(type: type, value: $0) }
        }

        private func type(_ name: String) -> String? {
            guard let first = name.utf8.first else { return nil }
            guard (0x30...0x39).contains(first) else { return AttributeKeyword.type(of: name) }
            let numbers = name.split(separator: ".", omittingEmptySubsequences: false)
            guard numbers.count >= 2 else { return nil }
            for number in numbers {
                guard !number.isEmpty, number.count <= 20, number.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
                    number == "0" || number.utf8.first != 0x30
                else { return nil }
            }
            return name
        }

        private mutating func string() -> Attribute.Value? {
            var value: [UInt8] = []
            var lastIsBlank = false
            while let byte = rest.first, byte != UInt8(ascii: ","), byte != UInt8(ascii: "+") {
                rest = rest.dropFirst()
                lastIsBlank = false
                if byte == UInt8(ascii: "\\") {
                    guard let escaped = escaped() else { return nil }
                    value.append(escaped)
                } else {
                    guard byte != 0, !"\";<>".utf8.contains(byte), !(value.isEmpty && byte == 0x20) else { return nil }
                    lastIsBlank = byte == 0x20
                    value.append(byte)
                }
            }
            guard !lastIsBlank, !value.isEmpty, let text = String(validating: value, as: UTF8.self) else { return nil }
            return .text(text, der: DER.wrap(0x0c, value))
        }

        private mutating func escaped() -> UInt8? {
            guard let byte = rest.first else { return nil }
            if " \"#+,;<=>\\".utf8.contains(byte) {
                rest = rest.dropFirst()
                return byte
            }
            guard rest.count >= 2, let pair = Hex.decode(String(decoding: rest.prefix(2), as: UTF8.self)), let value = pair.first else {
                return nil
            }
            rest = rest.dropFirst(2)
            return value
        }

        private mutating func encoded() -> Attribute.Value? {
            rest = rest.dropFirst()
            let digits = rest.prefix { $0 != UInt8(ascii: ",") && $0 != UInt8(ascii: "+") }
            guard !digits.isEmpty, let der = Hex.decode(String(decoding: digits, as: UTF8.self)) else { return nil }
            rest = rest.dropFirst(digits.count)
            return Attribute.Value(der: der)
        }
    }
}

extension DistinguishedName.Attribute.Value {
    /// One whole DER value.
    init?(der: [UInt8]) {
        let parsed = der.withUnsafeBufferPointer { bytes -> Self? in
            var position = bytes.baseAddress
            guard let start = position, let any = d2i_ASN1_TYPE(nil, &position, bytes.count) else { return nil }
            defer { ASN1_TYPE_free(any) }
            guard position == start + bytes.count else { return nil }
            if let string = gh_any_string(any), let text = Self.utf8(string) { return .text(text, der: der) }
            return .other(der)
        }
        ERR_clear_error()
        guard let parsed else { return nil }
        self = parsed
    }

    /// The characters of a string of any ASN.1 string type; nil where its bytes are not of that type.
    static func utf8(_ string: UnsafePointer<ASN1_STRING>) -> String? {
        var bytes: UnsafeMutablePointer<UInt8>?
        let count = ASN1_STRING_to_UTF8(&bytes, string)
        guard count >= 0, let bytes else { return nil }
        defer { gh_free(bytes) }
        return String(validating: UnsafeBufferPointer(start: bytes, count: Int(count)), as: UTF8.self)
    }
}
