/// Where `gatehouse dev` keeps its things, as paths that can be pasted.
struct DevelopmentPlace: Sendable {
    /// Empty for the working directory, else ends with a slash.
    var prefix: String

    init(root: String) {
        let trimmed = root.hasSuffix("/") && root != "/" ? String(root.dropLast()) : root
        prefix = trimmed == "." || trimmed.isEmpty ? "" : trimmed == "/" ? "/" : trimmed + "/"
    }

    var certificates: String { prefix + "certs/dev" }
    var authority: String { certificates + "/ca.pem" }
    var authorityKey: String { certificates + "/ca.key" }
    var certificate: String { certificates + "/server.pem" }
    var privateKey: String { certificates + "/server.key" }

    var policies: String { prefix + "var/dev/policies" }
    var state: String { prefix + "var/dev/state" }
    var examples: String { prefix + "var/dev/example" }

    /// The folders, those with secrets for their owner only.
    /// - Returns: there is no state yet.
    func prepare() throws(CommandFailure) -> Bool {
        let isStateNew = !Files.exists(state)
        try Files.makeDirectory(certificates)
        for folder in ["", "/senders", "/endpoints", "/schemes", "/tests"] { try Files.makeDirectory(policies + folder) }
        try Files.makeDirectory(state, mode: 0o700)
        try Files.makeDirectory(examples, mode: 0o700)
        return isStateNew
    }
}
