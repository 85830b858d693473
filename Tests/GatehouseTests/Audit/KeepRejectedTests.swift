import Foundation
import Gatehouse
import GatehouseAudit
import GatehouseTesting
import Testing

@Suite("Keeping refused requests", .serialized)
struct KeepRejectedTests {
    private let site: TestSite

    init() throws {
        site = try TestSite()
        try site.configure(gateway: "audit: { keep-rejected: 24h }")
        try site.acme(to: "file:../../events")
    }

    private func cause(_ answer: RawAnswer) throws -> (cause: String, explanation: Explanation) {
        let reference = try #require(answer.reference.flatMap { Reference($0) })
        let explanation = try #require(try ExplainCommands(policies: site.policies).explain(reference))
        return (explanation.causes.first?.cause ?? "", explanation)
    }

    /// Whether any file of the state holds the text.
    private func isAnywhere(_ text: String) -> Bool {
        let files = FileManager.default.enumerator(atPath: site.folder("var"))?.compactMap { $0 as? String } ?? []
        return files.contains { site.folder.read("var/\($0)").firstRange(of: Array(text.utf8)) != nil }
    }

    @Test("explain REFERENCE tries the request that was kept, running and stopped, and nothing of it is in clear (SEC-70)")
    func explained() async throws {
        let sender = try site.acmeSender()
        let body = "{\"id\": 1, \"name\": \"canary of a body\"}"
        var answers: [(RawAnswer, String)] = []
        try await serving(site) { gateway in
            func send(_ cause: String, _ change: (inout RawRequest) -> Void) async throws {
                let request = try sender.request(id: "msg_\(answers.count)", body).with("Authorization", "Basic Y2FuYXJ5OmNhbmFyeQ==")
                    .changed(change)
                answers.append((try await gateway.send(request), cause))
            }
            try await send("body-newline-added") { $0.body.append(0x0a) }
            try await send("body-reformatted") { $0.body = Array("{\"id\":1,\"name\":\"canary of a body\"}".utf8) }
            try await send("body-newline-added") {
                $0.body.append(0x0a)
                $0.chunks = [3, 8]
            }
            try await send("secret-unknown") { $0.body = Array("{\"canary of a body\":2}".utf8) }
            let plain = try TestSender(
                "standard-webhooks", secret: "whsec_" + Data(site.secret.utf8).base64EncodedString(), path: "/hooks/acme")
            answers.append((try await gateway.send(plain.request(id: "msg_p", body)), "secret-not-decoded"))
            for (answer, wanted) in answers {
                #expect(answer.status == 401)
                let (found, explanation) = try cause(answer)
                #expect(found == wanted, "\(explanation)")
                #expect(explanation.notes.contains { $0.contains("was kept") })
            }
            #expect(try await gateway.admin("/metrics").text.contains("gatehouse_rejected_kept_total 5\n"))
            #expect(!isAnywhere("canary of a body") && !isAnywhere("Y2FuYXJ5OmNhbmFyeQ"))
            _ = try MasterKeyCommands(policies: site.policies).rotate(key: nil)
            #expect(try cause(answers[1].0).cause == "body-reformatted")
        }
        #expect(try cause(answers[0].0).cause == "body-newline-added")
        #expect(!isAnywhere("canary of a body"))
        // Without the key in policy they are destroyed.
        try site.configure()
        try await serving(site) { _ in
            #expect(await eventually { !FileManager.default.fileExists(atPath: site.folder("var/rejected.db")) })
            let (found, explanation) = try cause(answers[0].0)
            #expect(found == "body-changed" || found == "never-accepted")
            #expect(!explanation.isExplained)
            #expect(explanation.notes.contains { $0.contains("keep-rejected: 24h") && $0.contains("--request FILE") })
        }
    }

    @Test(
        "of a credential in a header only the scheme's name and the length are kept, and what needs its value is told from the record (SEC-70)"
    )
    func credentials() async throws {
        try site.sender("user")
        try site.endpoint(
            "user", to: "file:../../user.jsonl", senders: "[user, acme]", authenticate: "[basic, { signature: standard-webhooks }]")
        try site.add("user/basic")
        let sender = try TestSender("standard-webhooks", secret: site.secret, path: "/hooks/user")
        try await serving(site) { gateway in
            let wrong = try await gateway.send(
                sender.request(id: "a", "{}").with("Authorization", "Basic dXNlcjpub3BlbmVzcw==").with("Cookie", "session=canary"))
            #expect(wrong.status == 401)
            let reference = try #require(wrong.reference.flatMap { Reference($0) })
            let (found, explanation) = try cause(wrong)
            #expect(found == "credential-mismatch" || found == "credential-unknown", "\(explanation)")
            let notes = explanation.notes.joined(separator: "\n")
            #expect(
                notes.contains("Authorization: Basic [20 bytes withheld]") && notes.contains("Cookie: [14 bytes withheld]"),
                "\(reference): \(notes)")
            #expect(!notes.contains("nopeness") && !notes.contains("dXNlc") && !notes.contains("canary"))
        }
    }

    @Test("what was let in, and what says nothing about a signature, is not kept")
    func notKept() async throws {
        let sender = try site.acmeSender()
        try await serving(site) { gateway in
            let accepted = try await gateway.send(sender.request(id: "a", "{}"))
            #expect(accepted.status == 200)
            #expect(try await gateway.send(RawRequest("/nowhere")).status == 404)
            #expect(try await gateway.admin("/metrics").text.contains("gatehouse_rejected_kept_total 0\n"))
            #expect(!FileManager.default.fileExists(atPath: site.folder("var/rejected.db")))
        }
    }
}
