import ArgumentParser
import Gatehouse
import GatehouseAudit
import GatehousePolicy
import GatehouseTime

struct Explain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say why a request was refused: the cause, the evidence, and what to change.",
        discussion: """
            With a reference, from the request where it was kept (audit: { keep-rejected: 24h }), else from the audit log, which holds no
            bodies. With --request, from the request itself: FILE holds the raw HTTP/1.1 request, or a fixture. It is checked by the very
            code that decides, with one thing changed at a time, then two. Nothing secret is printed. Of a large
            body not everything is tried: a search ends after 5 seconds, and a note says so. A request may have 8 MiB and 64 KiB of head.
            Exit status 0 when it was explained, 1 when not.

            Examples:
              gatehouse explain 01KB3X6Z1TQ8Q9V6T2W4J5M7R8
              gatehouse explain --endpoint acme --request request.http --at 2026-11-24T02:01:02Z
            """)

    @Argument(help: ArgumentHelp("As the answer had it.", valueName: "reference"))
    var reference: ReferenceArgument?

    @Option(help: ArgumentHelp("Where the request was sent.", valueName: "name"))
    var endpoint: String?

    @Option(help: ArgumentHelp("The raw request, or a fixture; - is standard input.", valueName: "file"), completion: .file())
    var request: String?

    @Option(help: ArgumentHelp("When it arrived (default: now, or the fixture's time).", valueName: "time"))
    var at: TimeArgument?

    @OptionGroup var policy: PolicyOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (reference != nil) != (request != nil) else { throw ValidationError("give a reference, or --endpoint and --request") }
        if reference != nil, endpoint != nil || at != nil {
            throw ValidationError("--endpoint and --at are for --request: the record with that reference has its own")
        }
        guard request == nil || endpoint != nil || request.map(Self.isFixture) == true else {
            throw ValidationError("--request needs --endpoint")
        }
    }

    func run() async throws {
        let commands = try ExplainCommands(policies: policy.policies)
        let explanation: Explanation
        if let reference {
            guard let found = try commands.explain(reference.value) else {
                throw CommandFailure(
                    "the log has no decision with the reference \(reference.value)",
                    hint: try AuditReader(policies: policy.policies).deletion(of: reference.value)
                        ?? "answers 429 share one reference and one record, written a second after the first of them")
            }
            explanation = found
        } else {
            explanation = try explained(commands)
        }
        if output.json { Terminal.say(Self.json(explanation).text) } else { Self.show(explanation) }
        if !explanation.isExplained { throw ExitCode.failure }
    }

    private func explained(_ commands: ExplainCommands) throws -> Explanation {
        let file = request ?? "-"
        guard Self.isFixture(file) else {
            return try commands.explain(
                endpoint: endpoint ?? "", request: try Files.read(file, limit: 2 * ExplainCommands.longestRequest), at: at?.value)
        }
        let fixture = try Fixture.load(file: file)
        guard let step = fixture.steps.first else { throw CommandFailure("\(file) has no request") }
        var name = endpoint
        if name == nil, case .endpoint(let own) = fixture.subject { name = own }
        guard let name else {
            throw CommandFailure(
                "\(file) is a fixture of a scheme, and names no endpoint", hint: "say whose endpoint: --endpoint NAME --request \(file)")
        }
        let target = step.request.url.map { url in String(url.drop { $0 != "/" }.dropFirst(2).drop { $0 != "/" }) } ?? "/"
        var text = "\(step.request.method) \(target.isEmpty ? "/" : target) HTTP/1.1\r\n"
        for header in step.request.headers { text += "\(header.name): \(header.value)\r\n" }
        return try commands.explain(
            endpoint: name, request: Array((text + "\r\n").utf8) + step.request.body, at: at?.value ?? step.at,
            isWithoutPath: true)
    }

    private static func isFixture(_ file: String) -> Bool { file.hasSuffix(".yaml") || file.hasSuffix(".yml") }

    private static func show(_ explanation: Explanation) {
        let what = [explanation.endpoint.map { "endpoint \($0)" }, explanation.sender.map { "sender \($0)" }].compactMap { $0 }.joined(
            separator: ", ")
        Terminal.say(
            Terminal.styled(explanation.decision, explanation.decision == "accepted" ? .good : .bad) + ", \(explanation.reason)"
                + Terminal.printable(what.isEmpty ? "" : " (\(what))"))
        for cause in explanation.causes {
            Terminal.say()
            Terminal.say(Terminal.styled(Terminal.printable(cause.summary), .strong) + "  [\(cause.certainty.rawValue)]")
            Terminal.say("  evidence: " + Terminal.printable(cause.evidence))
            Terminal.say("  to do:    " + Terminal.printable(cause.fix))
        }
        for note in explanation.notes { Terminal.note(Terminal.printable(note)) }
    }

    private static func json(_ explanation: Explanation) -> JSON {
        .object([
            "reference": .string(explanation.reference), "endpoint": .string(explanation.endpoint), "sender": .string(explanation.sender),
            "decision": .string(explanation.decision), "reason": .string(explanation.reason), "explained": .bool(explanation.isExplained),
            "causes": .array(
                explanation.causes.map {
                    .object([
                        "cause": .string($0.cause), "certainty": .string($0.certainty.rawValue), "summary": .string($0.summary),
                        "evidence": .string($0.evidence), "fix": .string($0.fix),
                    ])
                }),
            "notes": .array(explanation.notes.map { .string($0) }),
        ])
    }
}
