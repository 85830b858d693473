import ArgumentParser
import Gatehouse
import GatehouseCrypto
import GatehousePolicy
import GatehouseTLS

struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Validate the policy files, and the certificates and keys they name.",
        discussion: """
            Prints every mistake as file:line:column: message, all of them at once, and settings worth knowing about as warnings.
            Exit status 1 when the gateway would refuse to start with these files.

            Example:
              gatehouse check --policies /etc/gatehouse/policies
            """)

    @OptionGroup var policy: PolicyOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let report = CheckReport(policies: policy.policies)
        if output.json {
            Terminal.say(report.json.text)
        } else {
            report.print()
        }
        if !report.isGood { throw ExitCode.failure }
    }
}

/// What `check` found.
struct CheckReport {
    var policy: Policy?
    var errors: [Diagnostic] = []
    var warnings: [Diagnostic] = []
    var certificates: [CertificateInfo] = []

    var isGood: Bool { errors.isEmpty }

    init(policies: String) {
        let policy: Policy
        do {
            // `serve` has no handlers of its own; the one of `dev` is warned of, so that its policies can be checked too.
            policy = try Policy.load(directory: policies, swiftHandlers: [PrintingHandler.name])
        } catch {
            errors = error.diagnostics
            warnings = error.warnings
            return
        }
        self.policy = policy
        warnings = policy.warnings
        errors += policy.trustProblems
        for delivery in policy.endpoints.flatMap(\.deliver) where delivery.to == .swift(PrintingHandler.name) {
            let message = "only `gatehouse dev` has the handler '\(PrintingHandler.name)': `gatehouse serve` would not start with it"
            warnings.append(delivery.place.diagnostic(message))
        }
        for listener in policy.gateway.listeners {
            do {
                let context = try TLSServerContext(listener, tickets: TicketKeys())
                certificates += context.certificates
                warnings += context.warnings.map { listener.place.diagnostic($0) }
            } catch {
                errors += error.diagnostics
            }
        }
        // One file may serve several listeners and names.
        certificates = Self.distinct(certificates)
        warnings = Self.distinct(warnings)
        errors = Self.distinct(errors)
    }

    var json: JSON {
        .object([
            "ok": .bool(isGood),
            "policy": .string(policy?.digest),
            "listeners": count(policy?.gateway.listeners.count),
            "endpoints": count(policy?.endpoints.count),
            "senders": count(policy?.senders.count),
            "schemes": count(policy?.schemesInUse.count),
            "certificates": .array(
                certificates.map { .object(["subject": .string("\($0.subject)"), "not_after": .string("\($0.notAfter)")]) }),
            "openssl": .string(OpenSSLVersion.text),
            "errors": .array(errors.map(Self.json)),
            "warnings": .array(warnings.map(Self.json)),
        ])
    }

    func print() {
        for error in errors { Terminal.fail(Terminal.printable("\(error)")) }
        for warning in warnings { Terminal.warn(Terminal.printable("\(warning)")) }
        if let policy {
            Terminal.say(
                "\(counted(policy.endpoints.count, "endpoint")), \(counted(policy.senders.count, "sender")), "
                    + "\(counted(policy.schemesInUse.count, "scheme")) in use, \(counted(policy.gateway.listeners.count, "listener"))")
            for certificate in certificates {
                Terminal.say(Terminal.printable("certificate \(certificate.subject), until \(certificate.notAfter)"))
            }
            Terminal.say("policy \(policy.digest)")
        }
        Terminal.say(OpenSSLVersion.text)
        if isGood {
            Terminal.say(Terminal.styled("good", .good))
        } else {
            Terminal.note(counted(errors.count, "mistake") + ": the gateway would not start with these files")
        }
    }

    private static func distinct<Element: Hashable>(_ list: [Element]) -> [Element] {
        var seen: Set<Element> = []
        return list.filter { seen.insert($0).inserted }
    }

    private static func json(_ diagnostic: Diagnostic) -> JSON {
        .object([
            "file": .string(diagnostic.file), "line": .number(diagnostic.line), "column": .number(diagnostic.column),
            "message": .string(diagnostic.message), "hint": .string(diagnostic.hint),
        ])
    }

    private func count(_ value: Int?) -> JSON { value.map { .number($0) } ?? .null }

    private func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }
}
