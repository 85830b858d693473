import Foundation
import GatehouseCrypto
import GatehouseTime

/// A gateway as an operator sets it up: policies, certificates and state in a folder of its own, with one sender `acme` whose events a
/// handler appends to `events.jsonl`. Removed, and what it started ended, when it goes.
final class Installation {
    let place: URL
    let port = freePort()
    let admin = freePort()
    let authority: DevelopmentAuthority
    private(set) var gateway: RunningProgram?
    private let owned: Bool

    static let key = [UInt8]("canary-signing-7261-0123456789ab".utf8)
    static let secret = "whsec_" + Base64.encode(key)
    static let now = SystemClock().now

    /// - Parameters:
    ///   - place: where; a temporary folder unless given.
    ///   - listener: more lines of the listener, without indentation.
    ///   - gateway: more lines of `gateway.yaml`.
    ///   - deliver: the handler.
    init(
        in place: URL? = nil, authority: DevelopmentAuthority? = nil, listener: [String] = [], gateway: String = "",
        state: String = "../state",
        deliver: String = "file:../../events.jsonl"
    ) throws {
        self.place = try place ?? temporaryDirectory()
        owned = place == nil
        self.authority = try authority ?? DevelopmentAuthority.make(now: Self.now)
        for folder in ["senders", "endpoints"] {
            try FileManager.default.createDirectory(atPath: self["policies/\(folder)"], withIntermediateDirectories: true)
        }
        try write("ca.pem", self.authority.certificatePEM)
        try issue("server")
        try write("policies/gateway.yaml", gatewayText(listener, gateway, state))
        try write("policies/senders/acme.yaml", "# From anywhere.\n")
        try endpoint("acme", deliver: deliver)
        try write("secret", Self.secret, mode: 0o600)
    }

    deinit {
        gateway?.signal(SIGKILL)
        if owned { try? FileManager.default.removeItem(at: place) }
    }

    subscript(_ name: String) -> String { place.appendingPathComponent(name).path }

    private func gatewayText(_ listener: [String], _ more: String, _ state: String) -> String {
        """
        listen:
          - address: 127.0.0.1:\(port)
            certificate: ../server.pem
            private-key: ../server.key
        \(listener.map { "    \($0)\n" }.joined())public-url: https://localhost:\(port)
        state: \(state)
        admin: { address: 127.0.0.1:\(admin) }
        \(more.contains("audit:") ? "" : "audit: { reserve: 1MiB }\n")\(more.contains("log:") ? "" : "log: { format: json }\n")\(more)

        """
    }

    // MARK: Files

    func write(_ name: String, _ text: String, mode: Int = 0o644) throws {
        let file = self[name]
        try Data(text.utf8).write(to: URL(fileURLWithPath: file + ".new"))
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file + ".new")
        guard rename(file + ".new", file) == 0 else { throw CocoaError(.fileWriteUnknown) }
    }

    func read(_ name: String) -> String { (try? String(contentsOfFile: self[name], encoding: .utf8)) ?? "" }

    func replace(in name: String, _ old: String, _ new: String) throws {
        try write(name, read(name).replacingOccurrences(of: old, with: new))
    }

    /// `NAME.pem` and `NAME.key`, a server's.
    func issue(_ name: String, names: [String] = ["localhost", "127.0.0.1"]) throws {
        let issued = try authority.issueServer(names: names, now: Self.now)
        try write(name + ".key", issued.keyPEM.withBytes { String(decoding: $0, as: UTF8.self) }, mode: 0o600)
        try write(name + ".pem", issued.certificatePEM)
    }

    func endpoint(_ name: String, sender: String = "acme", authenticate: String = "[{ signature: standard-webhooks }]", deliver: String)
        throws
    {
        try write(
            "policies/endpoints/\(name).yaml",
            """
            path: /hooks/\(name)
            senders: [\(sender)]
            authenticate: \(authenticate)
            deliver: [{ to: "\(deliver)", mode: relay }]

            """)
    }

    /// An executable script, for `exec:`.
    func script(_ name: String, _ text: String) throws -> String {
        try write(name, "#!/bin/bash\nexport PATH=/usr/bin:/bin\n" + text, mode: 0o755)
        return "exec:" + self[name]
    }

    // MARK: Commands

    func run(_ arguments: String..., input: String? = nil) async throws -> Program.Result {
        try await Program.run(Program.path, arguments + ["--policies", self["policies"]], in: place, input: input)
    }

    func bash(_ script: String) async throws -> Program.Result { try await Program(directory: place).bash(script) }

    /// What a sender with a client certificate is told on one connection: for an event, and for another after each command.
    func hold(_ client: String, _ commands: [String]) async throws -> [String] {
        let result = try await Program.run(
            "/usr/bin/env", ["python3", Load.tool("hold.py"), String(port), client] + commands, in: place, input: nil)
        guard result.status == 0 else { throw Failure(what: "hold.py: \(result)") }
        return result.output.split(separator: "\n").map(String.init)
    }

    /// A command that sends one event and prints the whole answer.
    ///
    /// - Parameters:
    ///   - id: a fresh one unless given.
    ///   - url: of the gateway, or of what is in front of it.
    ///   - key: hexadecimal; `acme`'s unless given.
    func send(id: String = "msg_$RANDOM$RANDOM", to url: String? = nil, key: String? = nil, _ options: String = "") -> String {
        """
        id=\(id); t=$(date +%s); body='{"type":"order.accepted"}'
        s=$(printf '%s' "$id.$t.$body" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:\(key ?? Hex.encode(Self.key))" -binary | base64 -w0)
        curl -s -i -m 60 --cacert ca.pem -H 'Content-Type: application/json' -H "webhook-id: $id" -H "webhook-timestamp: $t" \\
            -H "webhook-signature: v1,$s" -d "$body" \(options) \(url ?? "https://localhost:\(port)")/hooks/acme
        """
    }

    func addSecret() async throws {
        let added = try await run("secret", "add", "acme/signing", "--value-file", self["secret"])
        guard added.status == 0 else { throw Failure(what: "secret add: \(added)") }
    }

    struct Failure: Error {
        var what: String
    }

    // MARK: The gateway

    /// Returns when it is ready. `before` is a command that starts it, such as `prlimit`.
    @discardableResult
    func start(before: [String] = [], environment: [String: String] = [:]) async throws -> RunningProgram {
        let arguments = ["serve", "--policies", self["policies"]]
        let command = before + (before.isEmpty ? [] : [Program.path]) + arguments
        let started = try RunningProgram(
            before.isEmpty ? command : Array(command.dropFirst()), in: place, executable: before.first ?? Program.path,
            environment: environment)
        gateway = started
        guard try await started.says("\"message\":\"ready\"") else { throw Failure(what: "not ready: \(started.text)") }
        return started
    }

    /// SIGTERM; the exit status.
    func stop() async throws -> Int32? { try await gateway?.end(by: SIGTERM) }

    func health() async throws -> (status: String, text: String) {
        let result = try await bash("curl -s -m 10 -w '%{http_code}' http://127.0.0.1:\(admin)/health/ready")
        return (String(result.output.suffix(3)), String(result.output.dropLast(3)))
    }

    func metrics() async throws -> String { try await bash("curl -s http://127.0.0.1:\(admin)/metrics").output }

    /// The fingerprint of the certificate that a handshake for `name` shows.
    func fingerprint(of name: String = "localhost") async throws -> String {
        try await bash(
            "openssl s_client -connect 127.0.0.1:\(port) -servername \(name) </dev/null 2>/dev/null | openssl x509 -noout -fingerprint -sha256"
        ).output
    }

    func fingerprint(file: String) async throws -> String {
        try await bash("openssl x509 -in '\(self[file])' -noout -fingerprint -sha256").output
    }

    /// Every record, in order.
    func records(_ folder: String = "state/audit") throws -> [[String: Any]] {
        try FileManager.default.contentsOfDirectory(atPath: self[folder]).sorted().flatMap { name in
            try read("\(folder)/\(name)").split(separator: "\n").map { line in
                try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] ?? [:]
            }
        }
    }
}
