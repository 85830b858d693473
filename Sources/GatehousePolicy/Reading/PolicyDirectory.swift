/// The files of a policy directory, by kind.
struct PolicyDirectory {
    struct File {
        var name: String
        var path: String
        /// As it goes into the digest: `endpoints/acme.yaml`.
        var relativePath: String
    }

    enum Kind: String, CaseIterable { case endpoints, schemes, senders }

    let path: String
    private(set) var gateway: File
    private(set) var files: [Kind: [File]] = [:]
    /// Every directory that was looked into.
    private(set) var directories: [String] = []

    /// Lists the directory; nil, and said so, where it is none. Files with names that cannot be policy's are said too.
    ///
    /// - Parameter kinds: whose files are listed.
    init?(_ path: String, kinds: [Kind] = Kind.allCases, _ reading: Reading) {
        self.path = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
        gateway = File(name: "gateway", path: "\(self.path)/gateway.yaml", relativePath: "gateway.yaml")
        let place = Node.Place(file: self.path, line: 0, column: 0)
        guard SourceFile.isDirectory(self.path), let names = SourceFile.list(self.path) else {
            reading.error(
                "no such directory, or it cannot be read", at: place,
                hint: "name the policy directory with --policies; 'gatehouse dev' makes an example")
            return nil
        }
        directories.append(self.path)
        for name in names { check(name, reading) }
        for kind in kinds where names.contains(kind.rawValue) { list(kind, reading) }
        for path in directories + ([gateway] + kinds.flatMap { files[$0] ?? [] }).map(\.path) where SourceFile.isWorldWritable(path) {
            reading.warning(
                "every user of this machine can change it", at: Node(place: Node.Place(file: path, line: 0, column: 0), content: .null),
                hint: "chmod o-w \(path)")
        }
    }

    private func check(_ name: String, _ reading: Reading) {
        let place = Node.Place(file: "\(path)/\(name)", line: 0, column: 0)
        if name.hasSuffix(".yml") || name.hasSuffix(".yaml"), name != "gateway.yaml" {
            reading.error(
                "not a policy file", at: place,
                hint: name == "gateway.yml"
                    ? "rename it to gateway.yaml" : "only gateway.yaml stands here; the rest in senders/, endpoints/, schemes/ and tests/")
            return
        }
        let known = Kind.allCases.map(\.rawValue) + ["tests"]
        if SourceFile.isDirectory(place.file), !known.contains(name), let meant = nearestName(to: name, among: known) {
            reading.error("directory \(quoted(name)) is not read", at: place, hint: "did you mean '\(meant)'?")
        }
    }

    private mutating func list(_ kind: Kind, _ reading: Reading) {
        let directory = "\(path)/\(kind.rawValue)"
        guard let names = SourceFile.list(directory) else {
            reading.error("not a directory, or it cannot be read", at: Node.Place(file: directory, line: 0, column: 0))
            return
        }
        directories.append(directory)
        for name in names {
            let place = Node.Place(file: "\(directory)/\(name)", line: 0, column: 0)
            if name.hasSuffix(".yml") {
                let stem = name.dropLast(4)
                let message = names.contains("\(stem).yaml") ? "two files are named \(quoted(String(stem)))" : "policy files end in .yaml"
                reading.error(message, at: place, hint: names.contains("\(stem).yaml") ? "remove one" : "rename it to \(stem).yaml")
                continue
            }
            // Editors' backups and notes beside policy are nobody's mistake.
            guard name.hasSuffix(".yaml") else { continue }
            let stem = String(name.dropLast(5))
            guard PolicyText.isSafeName(stem) else {
                reading.error(
                    "the file's name is the \(kind.rawValue.dropLast())'s, and \(quoted(stem)) cannot be one", at: place,
                    hint: "lower-case letters, digits, '.', '_' and '-', beginning with a letter or digit, at most 64")
                continue
            }
            files[kind, default: []].append(File(name: stem, path: place.file, relativePath: "\(kind.rawValue)/\(name)"))
        }
    }
}
