import Gatehouse
public import GatehouseAudit
public import GatehouseCrypto
import GatehouseTime
import GatehouseVerify
import Synchronization

/// A gateway's files in a temporary folder: certificates of authorities of its own, policies, state.
public final class TestSite: Sendable {
    public let folder: TemporaryFolder
    /// Issued the gateway's certificate and what `issueHandler` makes.
    public let authority: DevelopmentAuthority
    /// Issues client certificates.
    public let clientAuthority: DevelopmentAuthority
    /// Of the sender `acme`, once ``acme(to:authenticate:delivery:_:)`` was called.
    public let secret = "whsec_" + Base64.encode([UInt8]("an example of a signing secret..".utf8))
    private let references = Mutex<[String]>([])
    private let kept = Mutex<[TestHandler]>([])

    /// - Parameters:
    ///   - gateway: more top-level lines of `gateway.yaml`.
    ///   - listener: more lines of its listener, without indentation.
    ///   - limits: more entries of `limits`, as in `body-timeout: 1s`.
    public init(gateway: String = "", listener: String = "", limits: String = "") throws {
        folder = try TemporaryFolder()
        let now = SystemClock().now
        authority = try DevelopmentAuthority.make(commonName: "Test CA", now: now)
        clientAuthority = try DevelopmentAuthority.make(commonName: "Test client CA", now: now)
        try folder.write("certs/ca.pem", authority.certificatePEM)
        try folder.write("certs/clients-ca.pem", clientAuthority.certificatePEM)
        try writeServer("server", names: ["localhost", "127.0.0.1"])
        try folder.write("policies/gateway.yaml", Self.gateway(gateway, listener, limits))
    }

    /// Keeps a handler listening as long as the site is there.
    public func keep(_ handler: TestHandler) { kept.withLock { $0.append(handler) } }

    public var policies: String { folder("policies") }

    /// Replaces `gateway.yaml`; the parameters are the initialiser's.
    public func configure(gateway: String = "", listener: String = "", limits: String = "") throws {
        try folder.write("policies/gateway.yaml", Self.gateway(gateway, listener, limits))
    }

    private static func gateway(_ gateway: String, _ listener: String, _ limits: String) -> String {
        let lines = listener.split(separator: "\n").map { "    \($0)\n" }.joined()
        let more = limits.isEmpty ? "" : ", " + limits
        let level = gateway.contains("log:") ? "" : "log: { level: error }\n"
        return """
            listen:
              - address: 127.0.0.1:0
                certificate: ../certs/server.pem
                private-key: ../certs/server.key
            \(lines)public-url: https://localhost:8443
            state: ../var
            admin: { address: 127.0.0.1:0 }
            limits: { connections: 500, drain: 5s\(more) }
            \(level)\(gateway)

            """
    }

    /// Writes `certs/NAME.pem` and `certs/NAME.key`.
    public func writeServer(_ name: String, names: [String], by authority: DevelopmentAuthority? = nil) throws {
        let issued = try (authority ?? self.authority).issueServer(names: names, now: SystemClock().now)
        try folder.write("certs/\(name).pem", issued.certificatePEM)
        try folder.write("certs/\(name).key", issued.keyPEM)
    }

    /// Writes `certs/NAME.pem` and `certs/NAME.key` for a client.
    @discardableResult
    public func writeClient(_ name: String, by authority: DevelopmentAuthority? = nil) throws -> IssuedCertificate {
        let issued = try (authority ?? clientAuthority).issueClient(commonName: name, now: SystemClock().now)
        try folder.write("certs/\(name).pem", issued.certificatePEM)
        try folder.write("certs/\(name).key", issued.keyPEM)
        return issued
    }

    public func sender(_ name: String, _ text: String = "") throws { try folder.write("policies/senders/\(name).yaml", text) }

    /// Writes an endpoint `/hooks/NAME` with one relay. `delivery` holds more entries of the handler, `more` further lines.
    public func endpoint(
        _ name: String, to handler: String, senders: String = "[acme]", authenticate: String = "[{ signature: standard-webhooks }]",
        delivery: String = "", _ more: String = ""
    ) throws {
        let entries = delivery.isEmpty ? "" : ", " + delivery
        try folder.write(
            "policies/endpoints/\(name).yaml",
            """
            path: /hooks/\(name)
            senders: \(senders)
            authenticate: \(authenticate)
            deliver: [{ to: "\(handler)"\(entries) }]
            \(more)

            """)
    }

    /// The usual case: endpoint and sender `acme` with Standard Webhooks, its secret stored.
    public func acme(
        to handler: String, authenticate: String = "[{ signature: standard-webhooks }]", delivery: String = "", _ more: String = ""
    ) throws {
        try sender("acme")
        try endpoint("acme", to: handler, authenticate: authenticate, delivery: delivery, more)
        try add("acme/signing", secret)
    }

    /// Stores a credential, as `secret add` does; returns the generated value where none is given.
    @discardableResult
    public func add(_ credential: String, _ value: String? = nil) throws -> String {
        guard let name = CredentialName(credential) else { preconditionFailure("\(credential) names no credential") }
        let outcome = try SecretCommands(policies: policies).add(name, value: value.map { Secret(utf8: $0) })
        return value ?? outcome.secret ?? ""
    }

    /// Signs as `acme` does.
    public func acmeSender() throws -> TestSender { try TestSender("standard-webhooks", secret: secret, path: "/hooks/acme") }

    // MARK: The audit log

    /// Every line of the log, oldest first.
    public func records() throws -> [AuditLine] {
        try folder.names(in: "var/audit").filter { $0.hasSuffix(".jsonl") }.flatMap { try AuditLine.all(folder.read("var/audit/\($0)")) }
    }

    public func decisions() throws -> [AuditLine] { try records().filter { $0.kind == "decision" } }

    public func tokenRecords() throws -> [AuditLine] { try records().filter { $0.kind == "token" } }

    /// The one record of the token service that an answer belongs to.
    public func tokenRecord(of answer: RawAnswer) throws -> AuditLine? {
        let found = try tokenRecords().filter { $0.reference == answer.reference }
        return found.count == 1 ? found.first : nil
    }

    /// The one decision that an answer belongs to; nil where there is none, or not exactly one.
    public func decision(of answer: RawAnswer) throws -> AuditLine? {
        let found = try decisions().filter { $0.reference == answer.reference }
        return found.count == 1 ? found.first : nil
    }

    public func verifyAudit() throws -> LogVerification { try AuditCommands(policies: policies).verify() }

    /// Remembers the reference of an answer that a sender got.
    func note(_ answer: RawAnswer) {
        guard answer.status >= 200 else { return }
        references.withLock { $0.append(answer.reference ?? "an answer without a reference: \(answer.status)") }
    }

    /// What does not fit between the answers that senders got and the decisions, about events and tokens, in the log (SEC-76): a reference without exactly one
    /// record, a record without an answer. Records of requests whose sender was gone are named in `unanswered` by their reason.
    public func mismatches(unanswered: [String] = []) throws -> [String] {
        let answered = Set(references.withLock { $0 })
        let decisions = try records().filter { $0.kind == "decision" || $0.kind == "token" }
        var problems: [String] = []
        for reference in answered {
            let count = decisions.count { $0.reference == reference }
            if count != 1 { problems.append("\(count) records for the answer \(reference)") }
        }
        for line in decisions where !answered.contains(line.reference ?? "") && !unanswered.contains(line.reason ?? "") {
            problems.append("no answer for record \(line.seq), \(line.reason ?? "")")
        }
        return problems
    }
}
