import ArgumentParser

struct Audit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Read and verify the log of decisions.",
        subcommands: [AuditVerify.self])
}
