import ArgumentParser
import GatehouseVerify

/// `SENDER/KIND` on a command line.
struct CredentialArgument: ExpressibleByArgument {
    var name: CredentialName

    init?(argument: String) {
        guard let name = CredentialName(argument) else { return nil }
        self.name = name
    }
}
