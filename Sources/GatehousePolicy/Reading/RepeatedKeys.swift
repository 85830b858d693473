import Yams

/// Composes a document also where its mappings hold keys twice.
///
/// Yams gives up at the first such mapping and names the earlier of the keys. Here that key gets another name, of the same length and with
/// a character that is for private use, and the text is read again, until Yams has no more of them: so the converter meets both keys in
/// their places, and one repeated key hides no other mistake. Nothing is guessed from the text: every key is changed where Yams says that
/// it is.
struct RepeatedKeys {
    let file: String
    private(set) var lines: YAMLLines
    /// The earlier keys, by their places, under the names that they have in the file.
    private(set) var names: [Node.Place: String] = [:]

    init(_ text: String, file: String) {
        self.file = file
        lines = YAMLLines(text)
    }

    /// The root of the one document; nil where there is none. What it throws comes after, or is, a repetition that could not be renamed.
    mutating func compose() throws -> Yams.Node? {
        while true {
            do {
                // The encoding is named because Yams' default asks the environment. The basic resolver leaves plain text as it is: what a
                // value means is for the policy's forms to say, and Yams' own rules are regular expressions run on every scalar.
                return try Parser(yaml: lines.text, resolver: .basic, encoding: .utf8).singleRoot()
            } catch let error as YamlError {
                guard case .duplicatedKeysInMapping(let keys, let context) = error, let name = keys.first else { throw error }
                guard rename(name, at: Node.Place(file: file, line: context.mark.line, column: context.mark.column)) else { throw error }
            }
        }
    }

    /// False for what is no plain or quoted text whose first character can be another: an anchor, a list, an escape.
    private mutating func rename(_ name: String, at place: Node.Place) -> Bool {
        guard !name.isEmpty, names.count < Self.most, names[place] == nil, let first = lines.scalar(at: place) else { return false }
        var changed = place
        if first == "\"" || first == "'" { changed.column += 1 }
        guard let old = lines.scalar(at: changed), !Self.structure.contains(old),
            let new = Unicode.Scalar(Self.privateUse + UInt32(names.count)), lines.replace(at: changed, with: new)
        else { return false }
        names[place] = name
        return true
    }

    /// Each costs one more reading of the file.
    private static let most = 32
    private static let privateUse: UInt32 = 0xe000
    private static let structure: Set<Unicode.Scalar> = ["\"", "'", "\\", "&", "*", "!", "|", ">", "[", "]", "{", "}", "?", ":", "-", "#"]
}
