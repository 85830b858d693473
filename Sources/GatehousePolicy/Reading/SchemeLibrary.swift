/// The schemes that can be named: those of the policy directory, and the shipped ones where the directory has none of that name.
final class SchemeLibrary {
    enum Entry {
        case scheme(Scheme)
        /// It is there, and its mistakes were said.
        case broken
        case unknown
    }

    private var read: [String: Scheme?]
    private let reading: Reading

    /// `own`: the directory's, nil for a file with mistakes.
    init(own: [String: Scheme?], reading: Reading) {
        self.read = own
        self.reading = reading
    }

    var names: Set<String> { Set(read.keys).union(Scheme.shipped.keys) }

    /// Every scheme read so far that is whole.
    var schemes: [String: Scheme] { read.compactMapValues { $0 } }

    func find(_ name: String) -> Entry {
        if let known = read[name] { return known.map { .scheme($0) } ?? .broken }
        guard let text = Scheme.shipped[name] else { return .unknown }
        let file = "schemes/\(name).yaml (shipped)"
        let node = Node.parse(Array(text.utf8), file: file, mayHoldSecrets: false, reading)
        let scheme = node.flatMap { SchemeReader(reading: reading).read($0, name: name) }
        read[name] = .some(scheme)
        return scheme.map { .scheme($0) } ?? .broken
    }
}
