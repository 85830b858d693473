import ArgumentParser

/// `NAME: VALUE` on a command line (RFC 9110 section 5).
struct HeaderArgument: ExpressibleByArgument {
    var name: String
    var value: String

    init?(argument: String) {
        guard let colon = argument.firstIndex(of: ":") else { return nil }
        name = String(argument[..<colon])
        let rest = argument[argument.index(after: colon)...]
        value = String(rest.drop { $0 == " " || $0 == "\t" })
        guard Self.isToken(name), value.utf8.allSatisfy({ $0 == 0x09 || 0x20 <= $0 && $0 != 0x7f }) else { return nil }
    }

    func isNamed(_ other: String) -> Bool { name.lowercased() == other.lowercased() }

    /// RFC 9110 section 5.6.2.
    static func isToken(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
                default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
                }
            }
    }
}
