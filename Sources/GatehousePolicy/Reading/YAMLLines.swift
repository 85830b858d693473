/// A text in lines as YAML counts them.
struct YAMLLines {
    private let lines: [Substring.UnicodeScalarView]
    let text: String

    init(_ text: String) {
        self.text = text
        let scalars = Substring(text).unicodeScalars
        var lines: [Substring.UnicodeScalarView] = []
        var start = scalars.startIndex
        var index = start
        while index < scalars.endIndex {
            let scalar = scalars[index]
            var next = scalars.index(after: index)
            if YAMLLines.breaks.contains(scalar) {
                if scalar == "\r", next < scalars.endIndex, scalars[next] == "\n" { next = scalars.index(after: next) }
                lines.append(scalars[start..<index])
                start = next
            }
            index = next
        }
        lines.append(scalars[start..<scalars.endIndex])
        self.lines = lines
    }

    func scalar(at place: Node.Place) -> Unicode.Scalar? {
        guard lines.indices.contains(place.line - 1), place.column >= 1 else { return nil }
        return lines[place.line - 1].dropFirst(place.column - 1).first
    }

    /// False where no character stands there.
    mutating func replace(at place: Node.Place, with scalar: Unicode.Scalar) -> Bool {
        guard self.scalar(at: place) != nil else { return false }
        let line = lines[place.line - 1]
        let index = line.index(line.startIndex, offsetBy: place.column - 1)
        var scalars = text.unicodeScalars
        scalars.replaceSubrange(index..<line.index(after: index), with: CollectionOfOne(scalar))
        self = YAMLLines(String(scalars))
        return true
    }

    func place(ofCharacter offset: Int, file: String) -> Node.Place {
        let before = text.prefix(offset).unicodeScalars
        let line = before.count { $0 == "\n" } + 1
        let column = before.reversed().prefix { $0 != "\n" }.count + 1
        return Node.Place(file: file, line: line, column: column)
    }

    private static let breaks: Set<Unicode.Scalar> = ["\n", "\r", "\u{85}", "\u{2028}", "\u{2029}"]
}
