extension Policy {
    /// Where the state of a policy directory is, whatever else is wrong in its files: commands reach a running gateway, which goes on with
    /// its old policy, also while the files on disk would not load.
    ///
    /// Where `gateway.yaml` is no YAML at all, a line that begins with `state:` counts.
    /// - Throws: where there is no `gateway.yaml` that can be read.
    public static func stateDirectory(policies directory: String) throws(PolicyError) -> String {
        let reading = Reading(checksFiles: false)
        guard let listing = PolicyDirectory(directory, kinds: [], reading) else {
            throw PolicyError(diagnostics: Reading.sorted(reading.errors))
        }
        let file = listing.gateway.path
        guard let bytes = try? SourceFile.read(file) else { return try load(directory: directory, checkingFiles: false).gateway.state }
        let node = Node.parse(bytes, file: file, mayHoldSecrets: false, reading) ?? stateLine(bytes, file: file)
        return node.flatMap { Mapping($0, "gateway.yaml", reading)?.value("state", .path) } ?? GatewayPolicy.defaultState(file)
    }

    /// The first line `state: VALUE` alone, as YAML.
    private static func stateLine(_ bytes: [UInt8], file: String) -> Node? {
        bytes.split(separator: UInt8(ascii: "\n")).first { $0.starts(with: "state:".utf8) }
            .flatMap { Node.parse(Array($0), file: file, mayHoldSecrets: false, Reading(checksFiles: false)) }
    }
}
