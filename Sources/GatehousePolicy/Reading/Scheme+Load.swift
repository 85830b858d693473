extension Scheme {
    /// The scheme of that name: the policy directory's own, else the shipped one.
    ///
    /// Throws what is wrong with its file, or that there is none.
    public static func named(_ name: String, in directory: String) throws(PolicyError) -> Scheme {
        let reading = Reading(checksFiles: false)
        let place = Node.Place(file: "\(directory)/schemes/\(name).yaml", line: 0, column: 0)
        var own: [String: Scheme?] = [:]
        if PolicyText.isSafeName(name), SourceFile.obstacle(place.file) != "does not exist" {
            own[name] = .some(read(place.file, name: name, reading))
        }
        let entry = SchemeLibrary(own: own, reading: reading).find(name)
        if case .unknown = entry {
            let hint = nearestName(to: name, among: shipped.keys).map { "did you mean '\($0)'?" }
            reading.error(
                "no scheme is named \(quoted(name))", at: place, hint: hint ?? "shipped: \(shipped.keys.sorted().joined(separator: ", "))")
        }
        try reading.check()
        guard case .scheme(let scheme) = entry else { throw PolicyError(diagnostics: []) }
        return scheme
    }

    /// A scheme from the text of its file; `file` names it in diagnostics.
    public static func parse(_ text: String, name: String, file: String) throws(PolicyError) -> Scheme {
        let reading = Reading(checksFiles: false)
        let node = Node.parse(Array(text.utf8), file: file, mayHoldSecrets: false, reading)
        let scheme = node.flatMap { SchemeReader(reading: reading).read($0, name: name) }
        try reading.check()
        guard let scheme else { throw PolicyError(diagnostics: []) }
        return scheme
    }

    private static func read(_ path: String, name: String, _ reading: Reading) -> Scheme? {
        guard let bytes = SourceFile.read(path, reading) else { return nil }
        return Node.parse(bytes, file: path, mayHoldSecrets: false, reading).flatMap { SchemeReader(reading: reading).read($0, name: name) }
    }
}
