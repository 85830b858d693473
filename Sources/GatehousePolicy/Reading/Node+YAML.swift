import Yams

extension Node {
    /// Levels of lists and mappings inside each other.
    static let deepest = 32

    /// The one document of a YAML file, or nil with the reasons said. Yams' types end here.
    ///
    /// Aliases, anchors, tags, repeated keys, keys that are not text and nesting beyond ``deepest`` are refused (SEC-94), and unless
    /// `mayHoldSecrets`, values that look like one.
    static func parse(_ bytes: [UInt8], file: String, mayHoldSecrets: Bool, _ reading: Reading) -> Node? {
        // A byte order mark, which some editors begin a file with, is no part of the first key (YAML 1.2 section 5.2).
        let bytes = bytes.starts(with: [0xef, 0xbb, 0xbf]) ? Array(bytes.dropFirst(3)) : bytes
        guard let text = String(validating: bytes, as: UTF8.self) else {
            reading.error("not UTF-8", at: placeOfInvalidUTF8(bytes, file), hint: "save the file as UTF-8")
            return nil
        }
        if let place = AliasFlood.find(in: bytes, file: file) {
            reading.error("aliases are refused", at: place, hint: "write the value out")
            return nil
        }
        var keys = RepeatedKeys(text, file: file)
        do {
            guard let root = try keys.compose() else { return Node(place: Place(file: file, line: 1, column: 1), content: .null) }
            let converter = YAMLConverter(keys: keys, mayHoldSecrets: mayHoldSecrets, reading: reading)
            return converter.convert(root, depth: 1)
        } catch let error as YamlError {
            // What comes behind the mistake is not known, so of a key that was found repeated only its first place can be said.
            for (place, name) in keys.names { reading.error("key \(quoted(name)) appears twice", at: place) }
            YAMLProblem(error, text: text, file: file).report(to: reading)
        } catch {
            reading.error("not readable as YAML", at: Place(file: file, line: 0, column: 0))
        }
        return nil
    }

    private static func placeOfInvalidUTF8(_ bytes: [UInt8], _ file: String) -> Place {
        for (index, line) in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated()
        where String(validating: line, as: UTF8.self) == nil {
            return Place(file: file, line: index + 1, column: 1)
        }
        return Place(file: file, line: 0, column: 0)
    }
}

/// Turns Yams' nodes into ours, refusing what policy does not allow.
private struct YAMLConverter {
    let keys: RepeatedKeys
    let mayHoldSecrets: Bool
    let reading: Reading

    func convert(_ node: Yams.Node, depth: Int) -> Node? {
        let place = place(of: node.mark)
        // An anchor or a tag is what stands at a node's mark; Yams tells neither an explicit `!!str` nor, for long, an anchor.
        switch keys.lines.scalar(at: place) {
        case "&", "*":
            reading.error("anchors and aliases are refused", at: place, hint: "write the value out")
            return nil
        case "!":
            reading.error("tags are refused", at: place, hint: "remove it; quotes make text")
            return nil
        default: break
        }
        guard depth <= Node.deepest else {
            reading.error("nested deeper than \(Node.deepest) levels", at: place)
            return nil
        }
        switch node {
        case .scalar(let scalar): return convert(scalar, place)
        case .sequence(let items):
            let converted = items.map { convert($0, depth: depth + 1) }
            let complete = converted.compactMap { $0 }
            return complete.count == converted.count ? Node(place: place, content: .sequence(complete)) : nil
        case .mapping(let pairs): return convert(pairs, place, depth)
        case .alias:
            reading.error("aliases are refused", at: place, hint: "write the value out")
            return nil
        }
    }

    private func convert(_ scalar: Yams.Node.Scalar, _ place: Node.Place) -> Node? {
        let isPlain = scalar.style == .plain
        if isPlain, ["", "~", "null", "Null", "NULL"].contains(scalar.string) { return Node(place: place, content: .null) }
        if !mayHoldSecrets, SecretText.isSecret(scalar.string) {
            reading.error(
                "policy never holds a secret", at: place, hint: "store it with 'gatehouse secret add SENDER/signing' and remove it here")
            return nil
        }
        return Node(place: place, content: .scalar(scalar.string, quoted: !isPlain))
    }

    private func convert(_ pairs: Yams.Node.Mapping, _ place: Node.Place, _ depth: Int) -> Node? {
        var members: [Node.Member] = []
        var first: [String: Node.Place] = [:]
        var isComplete = true
        for (key, value) in pairs {
            let keyPlace = self.place(of: key.mark)
            guard let name = convert(key, depth: depth + 1) else {
                isComplete = false
                continue
            }
            guard let text = keys.names[keyPlace] ?? name.text else {
                reading.error("a key must be text, not \(name.kind)", at: keyPlace)
                isComplete = false
                continue
            }
            if let earlier = first[text] {
                reading.error("key \(quoted(text)) appears twice", at: keyPlace, hint: "first on line \(earlier.line)")
                _ = convert(value, depth: depth + 1)
                continue
            }
            first[text] = keyPlace
            guard let value = convert(value, depth: depth + 1) else {
                isComplete = false
                continue
            }
            members.append(Node.Member(key: text, place: keyPlace, value: value))
        }
        // What is incomplete was said; reading on would only complain about what is missing now.
        return isComplete ? Node(place: place, content: .mapping(members)) : nil
    }

    private func place(of mark: Mark?) -> Node.Place {
        Node.Place(file: keys.file, line: mark?.line ?? 0, column: mark?.column ?? 0)
    }
}

/// A YAML syntax error in our words.
private struct YAMLProblem {
    var place: Node.Place
    var message: String
    var hint: String?

    init(_ error: YamlError, text: String, file: String) {
        place = Node.Place(file: file, line: 0, column: 0)
        switch error {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            place = Node.Place(file: file, line: mark.line, column: mark.column)
            message = [context?.text, problem].compactMap { $0 }.joined(separator: ": ")
            // What is not closed is noticed late; where it begins is what helps.
            if let context, context.mark.line < mark.line { hint = "it begins at \(context.mark.line):\(context.mark.column)" }
            if YAMLLines(text).scalar(at: place) == "\t" {
                message = "a tab cannot indent"
                hint = "use spaces"
            } else if problem.contains("nesting level") {
                message = "nested deeper than \(Node.deepest) levels"
            } else if problem.contains("another document") {
                message = "a second document"
                hint = "one file holds one document; remove the '---'"
            } else if problem.contains("undefined alias") {
                message = "anchors and aliases are refused"
                hint = "quote the value when it is to begin with '*'"
            } else if problem.contains("tag") {
                message = "tags are refused"
            }
        case .reader(let problem, let offset, _, _):
            message = "a character that YAML does not allow: \(problem)"
            if let offset { place = YAMLLines(text).place(ofCharacter: offset, file: file) }
        case .duplicatedKeysInMapping(let keys, let context):
            place = Node.Place(file: file, line: context.mark.line, column: context.mark.column)
            message = "key \(quoted(keys.first ?? "")) appears twice"
        default:
            message = "not readable as YAML"
        }
    }

    func report(to reading: Reading) { reading.error(message, at: place, hint: hint) }
}

/// Finds files whose aliases would make the YAML library itself work without end: it hashes aliased keys before we see a node, so a few
/// dozen aliases of aliases cost more than any time (CVE-2019-11253). Fewer than ``harmless`` are left to the exact check after parsing.
private enum AliasFlood {
    static let harmless = 16

    static func find(in bytes: [UInt8], file: String) -> Node.Place? {
        var anchors: Set<ArraySlice<UInt8>> = []
        var aliases = 0
        var line = 1
        var lineStart = 0
        var previous = UInt8(ascii: "\n")
        for (index, byte) in bytes.enumerated() {
            defer { previous = byte }
            if byte == UInt8(ascii: "\n") {
                line += 1
                lineStart = index + 1
            }
            guard byte == UInt8(ascii: "&") || byte == UInt8(ascii: "*"), before.contains(previous) else { continue }
            let name = bytes[(index + 1)...].prefix(128).prefix { !after.contains($0) }
            if name.isEmpty { continue }
            if byte == UInt8(ascii: "&") {
                anchors.insert(name)
            } else if anchors.contains(name) {
                aliases += 1
                if aliases > harmless { return Node.Place(file: file, line: line, column: index - lineStart + 1) }
            }
        }
        return nil
    }

    private static let before = Set("\n\r\t ,[{:?-".utf8)
    private static let after = Set("\n\r\t ,]}:".utf8)
}
