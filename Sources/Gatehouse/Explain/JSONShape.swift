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
        /// Nil: on one line.
        var indent: Int?
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
    }

    func text(_ style: Style, level: Int = 0) -> [UInt8] {
        switch self {
        case .atom(let bytes): return bytes.first == 0x22 ? Self.string(bytes, style.strings) : bytes
        case .array(let values): return Self.block("[", "]", values.map { $0.text(style, level: level + 1) }, style, level)
        case .object(let members):
            let members = style.sorted ? members.sorted { $0.key.lexicographicallyPrecedes($1.key) } : members
            let items = members.map {
                Self.string($0.key, style.strings) + Array(style.colon.utf8) + $0.value.text(style, level: level + 1)
            }
            return Self.block("{", "}", items, style, level)
        }
    }

    private static func block(_ open: String, _ close: String, _ items: [[UInt8]], _ style: Style, _ level: Int) -> [UInt8] {
        guard !items.isEmpty else { return Array((open + close).utf8) }
        let separator: String
        var (before, after) = ("", "")
        if let indent = style.indent {
            before = "\n" + String(repeating: " ", count: indent * (level + 1))
            after = "\n" + String(repeating: " ", count: indent * level)
            separator = "," + before
        } else {
            separator = style.comma
        }
        return Array((open + before).utf8) + Array(items.joined(separator: Array(separator.utf8))) + Array((after + close).utf8)
    }

    /// The same text with other escapes.
    private static func string(_ raw: [UInt8], _ style: Style.Strings) -> [UInt8] {
        guard style != .asTheyAre, let text = decoded(raw) else { return raw }
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
            while position < text.count, [0x20, 0x09, 0x0a, 0x0d].contains(text[position]) { position += 1 }
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
