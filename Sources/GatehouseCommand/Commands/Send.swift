import ArgumentParser
import Gatehouse
import GatehouseCrypto
import GatehousePolicy
import GatehouseTime
import GatehouseVerify

struct Send: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Sign an event as its sender would, send it and print the answer.",
        discussion: """
            Exit status 0 when the answer is 2xx. The scheme comes from the policy directory's schemes/ where it has a file of that name, else
            from the program. A scheme with a public key wants the private key here, as PKCS#8 PEM.

            Examples:
              gatehouse send https://localhost:8443/hooks/acme --scheme standard-webhooks --secret-file acme.secret --data event.json
              gatehouse send https://localhost:8443/hooks/acme --scheme stripe --secret-file s --data event.json --time 1h --print
              gatehouse send https://localhost:8443/hooks/acme --scheme stripe --secret-file s --data event.json --token-file acme.token
            """)

    @Argument(help: "Where to send it: https://HOST[:PORT]/PATH")
    var url: String

    @Option(help: "How to sign: a scheme's name, such as standard-webhooks, stripe or digital-river.")
    var scheme: String

    @Option(
        help: ArgumentHelp("The secret (or private key), less one trailing newline; - is standard input.", valueName: "file"),
        completion: .file())
    var secretFile: String

    @Option(help: ArgumentHelp("The body, sent byte for byte; - is standard input.", valueName: "file"), completion: .file())
    var data: String

    @Option(help: ArgumentHelp("PEM file with the authorities to trust (default: the system's).", valueName: "file"), completion: .file())
    var ca: String?

    @Option(
        name: .customLong("header"), parsing: .singleValue,
        help: ArgumentHelp("A header field more, or in place of one that the scheme sets.", valueName: "name: value"))
    var headers: [HeaderArgument] = []

    @Option(help: "The method.")
    var method = "POST"

    @Option(help: "The event's id, where the scheme carries it in a header or the query (default: a fresh one).")
    var id: String?

    @Option(help: ArgumentHelp("Sign for this time: RFC 3339, Unix seconds, or ago, such as 10m (default: now).", valueName: "time"))
    var time: TimeArgument?

    @Option(
        help: ArgumentHelp("An access token for `Authorization: Bearer`, less one trailing newline.", valueName: "file"),
        completion: .file())
    var tokenFile: String?

    @Flag(help: "Write the raw request to standard output instead of sending it.")
    var print = false

    @OptionGroup var policy: PolicyOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard HeaderArgument.isToken(method) else { throw ValidationError("'\(method)' is not a method") }
        guard url.lowercased().hasPrefix("https://") else {
            throw ValidationError("'\(url)' is not a URL of the form https://HOST[:PORT]/PATH")
        }
        if tokenFile == "-" { throw ValidationError("a token comes from a file: --token-file FILE") }
        if secretFile == "-", data == "-" { throw ValidationError("standard input can be --secret-file or --data, not both") }
    }

    func run() async throws {
        let signed = try sign()
        if print {
            Terminal.say(bytes: try HTTPSRequest.raw(url: signed.url, method: method, fields: signed.fields, body: signed.body))
            return
        }
        let answer = try await HTTPSRequest.send(url: signed.url, method: method, fields: signed.fields, body: signed.body, caFile: ca)
        show(answer.status, answer.fields, answer.body)
        if !(200...299).contains(answer.status) { throw ExitCode.failure }
    }

    private func sign() throws -> (url: String, fields: [(name: String, value: String)], body: [UInt8]) {
        let body = try Files.read(data)
        let given = headers
        var fields: [(name: String, value: String)] = given.map { ($0.name, $0.value) }
        if !given.contains(where: { $0.isNamed("content-type") }) {
            fields.append(
                (
                    "Content-Type",
                    body.first == UInt8(ascii: "{") || body.first == UInt8(ascii: "[") ? "application/json" : "application/octet-stream"
                ))
        }
        if let tokenFile {
            let token = try Files.readSecret(tokenFile, what: "token").withBytes { String(decoding: $0, as: UTF8.self) }
            guard token.utf8.allSatisfy({ 0x21...0x7e ~= $0 }) else {
                throw CommandFailure("\(tokenFile) holds no token: it has blanks or other characters")
            }
            fields.append(("Authorization", "Bearer " + token))
        }
        let scheme = try Scheme.named(scheme, in: policy.policies)
        let (url, idField) = try place(id, scheme)
        fields += idField
        let signer = try Signer(scheme: scheme, secret: try Files.readSecret(secretFile))
        let made = try signer.sign(
            SignedRequest(method: method, url: url, fields: fields, body: body), at: time?.value ?? SystemClock().now)
        // What the user gave wins over what the scheme set, so that a wrong value can be sent on purpose.
        let kept = made.fields.filter { field in !given.contains { $0.isNamed(field.name) } }
        return (made.url, kept + given.map { (name: $0.name, value: $0.value) }, made.body)
    }

    /// Where the scheme has the event's id: the URL, and a field more.
    private func place(_ id: String?, _ scheme: Scheme) throws(CommandFailure) -> (url: String, fields: [(name: String, value: String)]) {
        guard let id else { return (url, []) }
        switch scheme.event.id {
        case .header(let name):
            guard HeaderArgument(argument: "\(name): \(id)") != nil else { throw CommandFailure("this id cannot stand in a header") }
            return (url, [(name: name, value: id)])
        case .query(let name):
            guard id.utf8.allSatisfy({ HeaderArgument.isToken(String(Unicode.Scalar($0))) && !"&#%+".utf8.contains($0) }) else {
                throw CommandFailure("this id cannot stand in a URL as it is")
            }
            return (url + (url.contains("?") ? "&" : "?") + name + "=" + id, [])
        case .json, nil:
            throw CommandFailure(
                "scheme \(scheme.name) has no id in a header or the query",
                hint: "leave --id out; where the id stands in the body, change it there")
        }
    }

    private func show(_ status: Int, _ fields: [(name: String, value: String)], _ body: [UInt8]) {
        let text = String(decoding: body, as: UTF8.self)
        if output.json {
            Terminal.say(
                JSON.object([
                    "status": .number(status),
                    "reference": .string(fields.first { $0.name.lowercased() == "gatehouse-reference" }?.value),
                    "headers": .object(fields.map { JSON.Member(name: $0.name, value: .string($0.value)) }),
                    "body": .string(text),
                ]).text)
            return
        }
        Terminal.say(Terminal.styled("\(status)", (200...299).contains(status) ? .good : .bad))
        for field in fields where Self.shown.contains(field.name.lowercased()) {
            Terminal.say(Terminal.printable("\(field.name): \(field.value)"))
        }
        guard !body.isEmpty else { return }
        Terminal.say()
        if Terminal.Stream.output.isTerminal {
            for line in text.split(separator: "\n") { Terminal.say(Terminal.printable(String(line), limit: 16_384)) }
        } else {
            Terminal.say(bytes: body)
            if body.last != UInt8(ascii: "\n") { Terminal.say() }
        }
    }

    private static let shown: Set<String> = ["gatehouse-reference", "content-type", "www-authenticate", "retry-after", "allow"]
}
