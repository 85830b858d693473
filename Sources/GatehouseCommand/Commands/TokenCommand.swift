import ArgumentParser
import Gatehouse
import GatehouseCrypto

struct TokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token",
        abstract: "Issue access tokens for tests, and say what a token is.",
        discussion: "Senders get theirs from /oauth/token, with what proves them: see `gatehouse secret add SENDER/oauth`.",
        subcommands: [TokenIssue.self, TokenInspect.self])
}

struct TokenIssue: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "issue",
        abstract: "Issue an access token as the sender would get one, without its secret.",
        discussion: """
            Within what senders/SENDER.yaml allows; without --scope and --audience with all of it. Printed this once, and recorded as an admin's
            doing. It ends by time, at /oauth/revoke, and with the sender's newest credential; a sender that has none
            gets none. With --certificate it counts on connections that present that client certificate; senders held to fapi2 have no other tokens.

            Examples:
              gatehouse token issue acme > acme.token
              gatehouse token issue acme --scope events:write --audience https://localhost:8443
              gatehouse token issue bank --certificate bank.pem
            """)

    @Argument(help: ArgumentHelp("Whose token it is.", valueName: "sender"))
    var sender: String

    @Option(
        name: .customLong("scope"), parsing: .singleValue, help: "A scope that it carries; may be repeated (default: all of the sender's).")
    var scopes: [String] = []

    @Option(help: ArgumentHelp("Whom it is for (default: all of the sender's audiences).", valueName: "url"))
    var audience: String?

    @Option(
        help: ArgumentHelp(
            "The client certificate to bind it to, as PEM; of a chain the first (default: bound to none).", valueName: "file"),
        completion: .file())
    var certificate: String?

    @OptionGroup var policy: PolicyOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        try Terminal.requireOutput()
        // As a token request has them: several in one text, with blanks between.
        let scopes = scopes.flatMap { $0.split(separator: " ").map(String.init) }
        let bound = try certificate.map(Self.certificate)
        let commands = try TokenCommands(policies: policy.policies)
        HeldSignals.begin()
        let issued = try commands.issue(sender, scopes: scopes, audience: audience, certificate: bound)
        if output.json {
            Terminal.say(
                JSON.object([
                    "token": .string(issued.token), "jti": .string(issued.id), "sender": .string(issued.sender),
                    "scopes": .array(issued.scopes.map { .string($0) }), "audiences": .array(issued.audiences.map { .string($0) }),
                    "expires": .string(issued.expires), "bound": .bool(issued.bound),
                ]).text)
            return
        }
        Terminal.note("token \(issued.id) of \(issued.sender) for \(issued.audiences.joined(separator: ", ")), until \(issued.expires)")
        if issued.bound { Terminal.note("bound to the client certificate of \(certificate ?? "")") }
        Terminal.note(issued.scopes.isEmpty ? "without scopes" : "scopes: \(issued.scopes.joined(separator: " "))")
        Terminal.say(issued.token)
    }

    /// Looked at here, so that what is wrong is said of the file.
    private static func certificate(_ file: String) throws -> String {
        let text = String(decoding: try Files.read(file, limit: 1 << 20), as: UTF8.self)
        do { _ = try ClientCertificate(pem: text) } catch {
            throw CommandFailure("\(file) holds no certificate as PEM (-----BEGIN CERTIFICATE-----): \(error)")
        }
        return text
    }
}

struct TokenInspect: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Say what a token is, and whether it would be accepted here and why not.",
        discussion: """
            Exit status 0 when some endpoint would take it now (where none takes tokens: when it is good), else 1. The token itself is never
            printed.

            Examples:
              gatehouse token inspect acme.token
              pbpaste | gatehouse token inspect - --json
            """)

    @Argument(help: ArgumentHelp("The token, less one trailing newline; - is standard input.", valueName: "file"), completion: .file())
    var file: String

    @OptionGroup var policy: PolicyOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let report = try TokenCommands(policies: policy.policies).inspect(try Files.readSecret(file, what: "token"))
        if output.json { Terminal.say(Self.json(report).text) } else { TokenText.show(report) }
        if !report.accepted { throw ExitCode.failure }
    }

    private static func json(_ report: TokenReport) -> JSON {
        func list(_ values: [String]) -> JSON { .array(values.map { .string($0) }) }
        return .object([
            "kind": .string(report.kind.rawValue), "accepted": .bool(report.accepted), "reason": .string(report.reason),
            "explanation": .string(report.explanation), "issuer": .string(report.issuer), "sender": .string(report.sender),
            "jti": .string(report.token), "scopes": list(report.scopes), "audiences": list(report.audiences),
            "issued": .string(report.issued),
            "expires": .string(report.expires), "bound": .bool(report.bound), "credentials": list(report.credentials),
            "endpoints": .array(
                report.endpoints.map {
                    .object(["endpoint": .string($0.endpoint), "accepted": .bool($0.accepted), "reason": .string($0.reason)])
                }),
            "header": .string(report.header), "claims": .string(report.claims),
        ])
    }
}

/// `token inspect` for a person.
enum TokenText {
    static func show(_ report: TokenReport) {
        let verdict = report.accepted ? Terminal.styled("accepted", .good) : Terminal.styled("not accepted: \(report.reason)", .bad)
        Terminal.say("\(verdict): \(Terminal.printable(report.explanation))")
        var table = Table(["", ""])
        func row(_ name: String, _ value: String?) {
            guard let value, !value.isEmpty else { return }
            table.add([Table.Cell(name, .faint), Table.Cell(value)])
        }
        row("kind", name(report.kind))
        row("sender", report.sender)
        row("issuer", report.issuer)
        row("jti", report.token)
        row("audiences", report.audiences.joined(separator: ", "))
        row("scopes", report.scopes.joined(separator: " "))
        row("issued", report.issued)
        row("expires", report.expires)
        row("issued for", report.credentials.joined(separator: ", "))
        if report.bound { row("bound", "to a client certificate") }
        for place in report.endpoints { row("endpoint", "\(place.endpoint): \(place.accepted ? "accepted" : place.reason)") }
        row("header", report.header)
        row("claims", report.claims)
        table.lines().dropFirst().forEach { Terminal.say($0) }
    }

    private static func name(_ kind: TokenReport.Kind) -> String {
        switch kind {
        case .accessToken: "access token (at+jwt)"
        case .opaque: "opaque access token"
        case .clientAssertion: "client assertion"
        case .otherJWT: "JWT of another type"
        case .unknown: "no token"
        }
    }
}
