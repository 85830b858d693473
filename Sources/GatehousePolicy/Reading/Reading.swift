/// One pass over policy files: where readers put what they find wrong, and what this pass is to check. Nothing stops at the first mistake.
final class Reading {
    /// Certificates, keys and programs must exist.
    let checksFiles: Bool
    let unserved: Set<UnservedFeature>
    /// The names that `to: swift:NAME` may have; nil: any, of a program that is not known here.
    let swiftHandlers: Set<String>?
    /// False once a mistake in `listen` leaves open what the listeners are to do: what depends on them is then not judged.
    var knowsListeners = true
    private(set) var errors: Set<Diagnostic> = []
    private(set) var warnings: Set<Diagnostic> = []

    init(checksFiles: Bool, unserved: Set<UnservedFeature> = UnservedFeature.current, swiftHandlers: Set<String>? = nil) {
        self.checksFiles = checksFiles
        self.swiftHandlers = swiftHandlers
        self.unserved = unserved
    }

    func error(_ message: String, at place: Node.Place, hint: String? = nil) {
        errors.insert(Diagnostic(file: place.file, line: place.line, column: place.column, message: message, hint: hint))
    }

    func error(_ message: String, at node: Node, hint: String? = nil) { error(message, at: node.place, hint: hint) }

    func warning(_ message: String, at node: Node, hint: String? = nil) {
        let place = node.place
        warnings.insert(Diagnostic(file: place.file, line: place.line, column: place.column, message: message, hint: hint))
    }

    /// Says that the feature at `node` is known but not served; says nothing where it is.
    func refuse(_ feature: UnservedFeature, at node: Node) {
        if unserved.contains(feature) { error(feature.message, at: node, hint: feature.hint) }
    }

    /// Throws everything found wrong, in the order of files and lines.
    func check() throws(PolicyError) {
        if !errors.isEmpty { throw PolicyError(diagnostics: Reading.sorted(errors), warnings: Reading.sorted(warnings)) }
    }

    static func sorted(_ diagnostics: some Sequence<Diagnostic>) -> [Diagnostic] {
        diagnostics.sorted { ($0.file, $0.line, $0.column, $0.message) < ($1.file, $1.line, $1.column, $1.message) }
    }
}

/// Text from a policy file as messages show it: bounded, in quotes, without control characters (they could rewrite the terminal).
func quoted(_ text: String) -> String { quoted(text, limit: 60) }

func quoted(_ text: String, limit: Int) -> String {
    var shown = ""
    for scalar in text.unicodeScalars.prefix(limit) {
        shown.unicodeScalars.append(scalar.properties.generalCategory == .control ? "\u{FFFD}" : scalar)
    }
    return "'\(shown)\(text.unicodeScalars.count > limit ? "…" : "")'"
}
