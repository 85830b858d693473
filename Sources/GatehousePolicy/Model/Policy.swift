/// Everything the policy directory says, read, checked and finished. Immutable: a reload makes a new one.
///
/// Holding a `Policy` means that every name in it resolves and that no setting contradicts another; nothing is left to check later.
public struct Policy: Sendable {
    public var gateway: GatewayPolicy
    /// By name; the name is the file's.
    public var senders: [String: SenderPolicy]
    /// In the order of their names.
    public var endpoints: [EndpointPolicy]
    /// Every scheme that an endpoint may name, shipped or from `schemes/`, by name.
    public var schemes: [String: Scheme]
    /// `sha256:` and 64 hex digits over every file read, names included.
    public var digest: String
    /// Settings that are allowed but that an operator should know about.
    public var warnings: [Diagnostic]
    /// Every file that was read, and the directories they were found in; what a running gateway watches.
    public var files: [String]

    public init(
        gateway: GatewayPolicy, senders: [String: SenderPolicy], endpoints: [EndpointPolicy], schemes: [String: Scheme],
        digest: String, warnings: [Diagnostic], files: [String]
    ) {
        self.gateway = gateway
        self.senders = senders
        self.endpoints = endpoints
        self.schemes = schemes
        self.digest = digest
        self.warnings = warnings
        self.files = files
    }

    /// The names of those ``schemes`` that an endpoint asks for.
    public var schemesInUse: Set<String> { Set(endpoints.flatMap(\.authenticate).flatMap(\.schemes)) }
}

/// One thing to say about a policy file: `file:line:column: message`, with a hint on what to do.
public struct Diagnostic: Sendable, Hashable, CustomStringConvertible {
    public var file: String
    /// 1-based; 0 where the whole file is meant.
    public var line: Int
    public var column: Int
    public var message: String
    public var hint: String?

    public init(file: String, line: Int, column: Int, message: String, hint: String? = nil) {
        self.file = file
        self.line = line
        self.column = column
        self.message = message
        self.hint = hint
    }

    /// What is wrong with a whole file stands at its beginning.
    public var description: String {
        "\(file):\(max(line, 1)):\(max(column, 1)): \(message)" + (hint.map { " (\($0))" } ?? "")
    }
}

/// Every mistake in a policy, all at once.
public struct PolicyError: Error, Sendable, CustomStringConvertible {
    public var diagnostics: [Diagnostic]
    /// What would have been warned of besides.
    public var warnings: [Diagnostic]

    public init(diagnostics: [Diagnostic], warnings: [Diagnostic] = []) {
        self.diagnostics = diagnostics
        self.warnings = warnings
    }

    public var description: String { diagnostics.map(\.description).joined(separator: "\n") }
}
