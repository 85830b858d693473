import ArgumentParser

struct SecretCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "secret",
        abstract: "Manage what senders prove themselves with.",
        discussion: """
            A credential is SENDER/KIND: SENDER/signing (webhook signatures), SENDER/basic (user and password), SENDER/oauth (a client's
            secret), SENDER/key (a public key), SENDER/certificate (a client certificate's subject or pin) or SENDER/verify (the token of a
            handshake). Its values are numbered versions, sealed in the state.
            """,
        subcommands: [SecretAdd.self, SecretRotate.self, SecretStatus.self, SecretRetire.self, SecretRevoke.self])
}
