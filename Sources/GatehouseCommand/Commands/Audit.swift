import ArgumentParser

struct Audit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Read and verify the log of decisions.",
        subcommands: [
            AuditReview.self, AuditVerify.self, AuditExport.self, AuditCheckpoint.self, AuditKey.self, AuditProve.self,
            AuditVerifyProof.self,
        ])
}
