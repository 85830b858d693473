import GatehouseCrypto

extension Policy {
    /// Reads the policy directory: `gateway.yaml`, `senders/`, `endpoints/` and `schemes/`.
    ///
    /// What is returned is whole and free of contradictions. Otherwise every mistake of every file is thrown at once, in the order of files
    /// and lines. Nothing is kept or changed, so a running gateway can go on with its policy.
    ///
    /// - Parameters:
    ///   - checkingFiles: certificates, keys and programs that policy names must exist and be readable. False where they are not used, as for
    ///     running fixtures.
    ///   - swiftHandlers: the handlers that the program has; `to: swift:NAME` must name one of them. nil: it may name any.
    public static func load(
        directory: String, checkingFiles: Bool = true, swiftHandlers: Set<String>? = nil
    ) throws(PolicyError) -> Policy {
        try load(directory: directory, Reading(checksFiles: checkingFiles, swiftHandlers: swiftHandlers))
    }

    static func load(directory path: String, _ reading: Reading) throws(PolicyError) -> Policy {
        guard let directory = PolicyDirectory(path, reading) else { throw PolicyError(diagnostics: Reading.sorted(reading.errors)) }
        var digest = PolicyDigest()
        func read(_ file: PolicyDirectory.File) -> Node? {
            guard let bytes = SourceFile.read(file.path, reading) else { return nil }
            digest.add(file.relativePath, bytes)
            return Node.parse(bytes, file: file.path, mayHoldSecrets: false, reading)
        }

        let gateway = readGateway(directory, reading, read)
        var senders: [String: SenderPolicy] = [:]
        let senderFiles = directory.files[.senders] ?? []
        for file in senderFiles {
            senders[file.name] = read(file).flatMap { SenderReader(reading: reading, gateway: gateway).read($0, name: file.name) }
        }
        var schemes: [String: Scheme?] = [:]
        for file in directory.files[.schemes] ?? [] {
            schemes[file.name] = .some(read(file).flatMap { SchemeReader(reading: reading).read($0, name: file.name) })
        }
        let library = SchemeLibrary(own: schemes, reading: reading)
        if let gateway { checkTrust(gateway, senders: Set(senderFiles.map(\.name)), reading) }
        let endpointReader = EndpointReader(
            reading: reading, senders: Set(senderFiles.map(\.name)), library: library, gateway: gateway,
            tokens: TokenCoverage(senders: senders, trust: gateway?.oauth.trust ?? [], reading: reading))
        var endpoints: [EndpointPolicy] = []
        var byPath: [String: String] = [:]
        for file in directory.files[.endpoints] ?? [] {
            guard let node = read(file), let endpoint = endpointReader.read(node, name: file.name) else { continue }
            if let other = byPath.updateValue(file.path, forKey: endpoint.path) { refuse(endpoint.path, node, other, reading) }
            endpoints.append(endpoint)
        }
        if (directory.files[.endpoints] ?? []).isEmpty {
            let node = Node(place: Node.Place(file: directory.path, line: 0, column: 0), content: .null)
            reading.warning("there is no endpoint, so every request is answered 404", at: node, hint: "write endpoints/NAME.yaml")
        }

        if let gateway, endpoints.contains(where: \.takesTokens) {
            checkIssuer(gateway, Node.Place(file: directory.gateway.path, line: 0, column: 0), reading)
        }
        if let gateway { checkKeep(gateway.audit, endpoints, Node.Place(file: directory.gateway.path, line: 0, column: 0), reading) }

        try reading.check()
        guard let gateway else { throw PolicyError(diagnostics: []) }
        let all = [directory.gateway] + PolicyDirectory.Kind.allCases.flatMap { directory.files[$0] ?? [] }
        return Policy(
            gateway: gateway, senders: senders, endpoints: endpoints, schemes: library.schemes, digest: digest.finish(),
            warnings: Reading.sorted(reading.warnings), files: directory.directories + all.map(\.path))
    }

    /// The names of `to: swift:NAME`: what a program that embeds the gateway must hand it.
    public var swiftHandlers: Set<String> {
        Set(endpoints.flatMap(\.deliver).compactMap { if case .swift(let name) = $0.to { name } else { nil } })
    }

    private static func checkKeep(_ audit: GatewayPolicy.Audit, _ endpoints: [EndpointPolicy], _ file: Node.Place, _ reading: Reading) {
        let keep = audit.keep
        let place = audit.keepPlace?.place ?? file
        guard let longest = endpoints.max(by: { $0.replay.remember < $1.replay.remember }), keep < longest.replay.remember else { return }
        reading.warning(
            "audit.keep \(keep.policyText) is less than remember \(longest.replay.remember.policyText) of endpoint \(longest.name): a duplicate may be "
                + "known whose first record is deleted", at: Node(place: place, content: .null),
            hint: "keep at least \(longest.replay.remember.policyText)")
    }

    /// Clients look for the metadata of an issuer with a path at another place than this gateway has it (RFC 8414 section 3.1).
    private static func checkIssuer(_ gateway: GatewayPolicy, _ file: Node.Place, _ reading: Reading) {
        guard let path = try? WebAddress(gateway.publicURL).path, !path.allSatisfy({ $0 == "/" }) else { return }
        reading.warning(
            "public-url has the path \(quoted(path)), and tokens are issued under it: the gateway itself serves /oauth/token and the metadata "
                + "without it",
            at: Node(place: file, content: .null),
            hint: "let a proxy strip \(path), and pass /.well-known/oauth-authorization-server\(path) on as "
                + "/.well-known/oauth-authorization-server (RFC 8414 section 3.1); or leave the path out")
    }

    private static func readGateway(
        _ directory: PolicyDirectory, _ reading: Reading, _ read: (PolicyDirectory.File) -> Node?
    ) -> GatewayPolicy? {
        let path = directory.gateway.path
        guard SourceFile.obstacle(path) != "does not exist" else {
            reading.error(
                "no such file", at: Node.Place(file: path, line: 0, column: 0),
                hint: "it needs one key: listen: [{ address: 0.0.0.0:8443, certificate: FILE, private-key: FILE }]")
            return nil
        }
        return read(directory.gateway).flatMap { GatewayReader(reading: reading).read($0) }
    }

    private static func checkTrust(_ gateway: GatewayPolicy, senders: Set<String>, _ reading: Reading) {
        for issuer in gateway.oauth.trust {
            for (client, sender) in issuer.clients where !senders.contains(sender.name) {
                let meant = nearestName(to: sender.name, among: senders).map { "did you mean '\($0)'?" }
                reading.error(
                    "no sender is named \(quoted(sender.name))", at: sender.place,
                    hint: meant ?? "create senders/\(sender.name).yaml for the client \(quoted(client)) of \(issuer.issuer)")
            }
        }
    }

    private static func refuse(_ path: String, _ node: Node, _ other: String, _ reading: Reading) {
        guard case .mapping(let members) = node.content, let member = members.first(where: { $0.key == "path" }) else { return }
        reading.error("path \(quoted(path)) is taken", at: member.value, hint: "\(other) has it")
    }
}

/// The digest that names a policy in audit records: SHA-256 over names and contents in the order of the names, each with its length
/// before it, so that no two sets of files share the bytes.
private struct PolicyDigest {
    private var files: [(name: String, bytes: [UInt8])] = []

    mutating func add(_ name: String, _ bytes: [UInt8]) { files.append((name, bytes)) }

    func finish() -> String {
        var message: [UInt8] = []
        for file in files.sorted(by: { $0.name < $1.name }) {
            for part in [Array(file.name.utf8), file.bytes] {
                withUnsafeBytes(of: UInt64(part.count).bigEndian) { message.append(contentsOf: $0) }
                message += part
            }
        }
        return "sha256:" + Hex.encode(Digest.sha256(message))
    }
}
