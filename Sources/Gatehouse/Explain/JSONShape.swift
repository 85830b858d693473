/// A JSON text taken apart without reading its numbers and strings, so that it can be written as other programs would write the same.
indirect enum JSONShape {
    case object([(key: [UInt8], value: JSONShape)])
    case array([JSONShape])
    /// A number, string or literal as it stands.
    case atom([UInt8])

    /// Nil where the text is no JSON, or nests deeper than 64.
    init?(_ text: [UInt8]) {
        var reader = Reader(text: text)
        guard let value = reader.value(0), reader.atEnd else { return nil }
        self = value
    }

    struct Style {
        var comma: String
        var colon: String
        /// Of one level; nil: on one line.
        var indent: String?
        var sorted = false
        var strings = Strings.asTheyAre

        /// `slashes` and `asciiSlashes` as PHP, `html` as Go, `asciiUpper` as .NET.
        enum Strings: CaseIterable {
            case asTheyAre, ascii, plain, slashes, asciiSlashes, html, asciiUpper

            var escapesBeyondASCII: Bool { self == .ascii || self == .asciiSlashes || self == .asciiUpper }
            var escapesSlashes: Bool { self == .slashes || self == .asciiSlashes }
            var escapesMarkup: Bool { self == .html || self == .asciiUpper }
        }

        static let compact = Style(comma: ",", colon: ":")

        /// Of the libraries that are in use; each with blanks or tabs for indents.
        static let usual =
            [compact, Style(comma: ", ", colon: ": ")]
            + ["  ", "    ", "\t", " "].map { Style(comma: ",", colon: ": ", indent: $0) }
    }

    func text(_ style: Style) -> [UInt8] {
        var text: [UInt8] = []
        write(style, 0, to: &text)
        return text
    }

    private func write(_ style: Style, _ level: Int, to text: inout [UInt8]) {
        switch self {
        case .atom(let bytes): text += bytes.first == 0x22 ? Self.string(bytes, style.strings) : bytes
        case .array(let values):
            Self.block("[", "]", values, style, level, &text) { value, text in value.write(style, level + 1, to: &text) }
        case .object(let members):
            let members = style.sorted ? members.sorted { $0.key.lexicographicallyPrecedes($1.key) } : members
            Self.block("{", "}", members, style, level, &text) { member, text in
                text += Self.string(member.key, style.strings)
                text += style.colon.utf8
                member.value.write(style, level + 1, to: &text)
            }
        }
    }

    private static func block<Item>(
        _ open: String, _ close: String, _ items: [Item], _ style: Style, _ level: Int, _ text: inout [UInt8],
        _ write: (Item, inout [UInt8]) -> Void
    ) {
        text += open.utf8
        var separator = style.comma
        if let indent = style.indent, !items.isEmpty {
            let before = "\n" + String(repeating: indent, count: level + 1)
            text += before.utf8
            separator = "," + before
        }
        for (index, item) in items.enumerated() {
            if index > 0 { text += separator.utf8 }
            write(item, &text)
        }
        if let indent = style.indent, !items.isEmpty { text += ("\n" + String(repeating: indent, count: level)).utf8 }
        text += close.utf8
    }

    /// The same text with other escapes.
    private static func string(_ raw: [UInt8], _ style: Style.Strings) -> [UInt8] {
        guard style != .asTheyAre, !isSame(raw, style), let text = decoded(raw) else { return raw }
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case "\u{8}": result += "\\b"
            case "\u{c}": result += "\\f"
            case "/" where style.escapesSlashes: result += "\\/"
            case "<", ">", "&": result += style.escapesMarkup ? escape(UInt16(scalar.value), upper: style == .asciiUpper) : String(scalar)
            case "'", "+", "`": result += style == .asciiUpper ? escape(UInt16(scalar.value), upper: true) : String(scalar)
            case "\u{2028}" where style == .html, "\u{2029}" where style == .html: result += escape(UInt16(scalar.value))
            case _ where scalar.value < 0x20: result += escape(UInt16(scalar.value))
            case _ where scalar.value > 0x7e && style.escapesBeyondASCII:
                for unit in String(scalar).utf16 { result += escape(unit, upper: style == .asciiUpper) }
            default: result.unicodeScalars.append(scalar)
            }
        }
        return Array((result + "\"").utf8)
    }

    /// Nothing in it is written otherwise in that style.
    private static func isSame(_ raw: [UInt8], _ style: Style.Strings) -> Bool {
        raw.allSatisfy { byte in
            switch byte {
            case 0x20...0x25, 0x28...0x2a, 0x2c...0x2e, 0x30...0x3b, 0x3d, 0x3f...0x5b, 0x5d...0x5f, 0x61...0x7e: true
            case UInt8(ascii: "/"): !style.escapesSlashes
            case UInt8(ascii: "&"), UInt8(ascii: "<"), UInt8(ascii: ">"): !style.escapesMarkup
            case UInt8(ascii: "'"), UInt8(ascii: "+"), UInt8(ascii: "`"): style != .asciiUpper
            default: false
            }
        }
    }

    private static func escape(_ unit: UInt16, upper: Bool = false) -> String {
        let digits = String(unit, radix: 16, uppercase: upper)
        return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    }

    private static func decoded(_ raw: [UInt8]) -> String? {
        var units: [UInt16] = []
        var plain: [UInt8] = []
        func flush() {
            units += Array(String(decoding: plain, as: UTF8.self).utf16)
            plain = []
        }
        var index = 1
        while index < raw.count - 1 {
            guard raw[index] == 0x5c else {
                plain.append(raw[index])
                index += 1
                continue
            }
            flush()
            guard index + 1 < raw.count - 1 else { return nil }
            switch raw[index + 1] {
            case UInt8(ascii: "n"): units.append(0x0a)
            case UInt8(ascii: "r"): units.append(0x0d)
            case UInt8(ascii: "t"): units.append(0x09)
            case UInt8(ascii: "b"): units.append(0x08)
            case UInt8(ascii: "f"): units.append(0x0c)
            case UInt8(ascii: "u"):
                guard index + 6 <= raw.count - 1,
                    let unit = UInt16(String(decoding: raw[(index + 2)..<(index + 6)], as: UTF8.self), radix: 16)
                else {
                    return nil
                }
                units.append(unit)
                index += 4
            default: units.append(UInt16(raw[index + 1]))
            }
            index += 2
        }
        flush()
        return String(decoding: units, as: UTF16.self)
    }

    private struct Reader {
        let text: [UInt8]
        var position = 0

        var atEnd: Bool {
            mutating get {
                skip()
                return position == text.count
            }
        }

        mutating func skip() {
            while position < text.count {
                switch text[position] {
                case 0x20, 0x09, 0x0a, 0x0d: position += 1
                default: return
                }
            }
        }

        mutating func take(_ byte: UInt8) -> Bool {
            skip()
            guard position < text.count, text[position] == byte else { return false }
            position += 1
            return true
        }

        mutating func value(_ depth: Int) -> JSONShape? {
            skip()
            guard depth < 64, position < text.count else { return nil }
            switch text[position] {
            case UInt8(ascii: "{"):
                position += 1
                var members: [(key: [UInt8], value: JSONShape)] = []
                if take(UInt8(ascii: "}")) { return .object([]) }
                repeat {
                    skip()
                    guard let key = string(), take(UInt8(ascii: ":")), let value = value(depth + 1) else { return nil }
                    members.append((key, value))
                } while take(UInt8(ascii: ","))
                return take(UInt8(ascii: "}")) ? .object(members) : nil
            case UInt8(ascii: "["):
                position += 1
                var values: [JSONShape] = []
                if take(UInt8(ascii: "]")) { return .array([]) }
                repeat {
                    guard let value = value(depth + 1) else { return nil }
                    values.append(value)
                } while take(UInt8(ascii: ","))
                return take(UInt8(ascii: "]")) ? .array(values) : nil
            case 0x22: return string().map { .atom($0) }
            default:
                let start = position
                while position < text.count, !",]} \t\r\n".utf8.contains(text[position]) { position += 1 }
                return position > start ? .atom(Array(text[start..<position])) : nil
            }
        }

        mutating func string() -> [UInt8]? {
            guard position < text.count, text[position] == 0x22 else { return nil }
            let start = position
            position += 1
            while position < text.count {
                if text[position] == 0x5c {
                    position += 1
                } else if text[position] == 0x22 {
                    position += 1
                    return Array(text[start..<position])
                }
                position += 1
            }
            return nil
        }
    }
}
