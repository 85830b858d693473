import ArgumentParser
import GatehouseVerify

/// `SENDER/KIND` on a command line.
struct CredentialArgument: ExpressibleByArgument {
    var name: CredentialName

    /// False for what its owner shows to everybody.
    var isSecret: Bool { name.kind != .key && name.kind != .certificate }

    /// Every kind, for help and errors.
    static var forms: String {
        let forms = CredentialKind.allCases.map { "SENDER/\($0.rawValue)" }
        return forms.dropLast().joined(separator: ", ") + " or " + (forms.last ?? "")
    }

    init?(argument: String) {
        guard let name = CredentialName(argument) else { return nil }
        self.name = name
    }
}
