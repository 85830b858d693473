import Gatehouse
import GatehouseAudit
import GatehouseTesting
import GatehouseVerify
import Testing

@Suite("Explaining a mismatch from its record alone")
struct RecordedMismatchTests {
    private static let secret = "a secret of the sender's own 0123"

    /// The causes of a wrong request's refusal, at an endpoint of one scheme that a right one came to before.
    private func causes(
        _ scheme: String, _ credential: String, accepting first: Bool = true, overlap: Duration? = nil,
        wrong: (inout RawRequest) throws -> Void
    ) async throws -> [Explanation.Cause] {
        let site = try TestSite()
        try site.sender("one")
        try site.endpoint("one", to: "file:../../events", senders: "[one]", authenticate: "[{ signature: \(scheme) }]")
        try site.add(credential, Self.secret)
        let sender = try TestSender(scheme, secret: Self.secret, path: "/hooks/one")
        var causes: [Explanation.Cause] = []
        try await serving(site) { gateway in
            if first {
                #expect(try await gateway.send(try sender.request("{\"event_id\":\"1\"}")).status == 200)
            }
            if let overlap {
                let name = try #require(CredentialName(credential))
                _ = try SecretCommands(policies: site.policies).rotate(name, value: nil, overlap: overlap)
            }
            var request = try sender.request("{\"event_id\":\"2\"}")
            try wrong(&request)
            let answer = try await gateway.send(request)
            #expect(answer.status == 401)
            let reference = try #require(answer.reference.flatMap { Reference($0) })
            causes = try #require(try ExplainCommands(policies: site.policies).explain(reference)).causes
        }
        return causes
    }

    @Test("where a value is compared, the value is wrong, and nothing is said of bodies")
    func equality() async throws {
        for value in ["another value of the same kind 012", "\"\(Self.secret)\""] {
            let causes = try await causes("gitlab-token", "one/signing") { request in
                request = request.without("x-gitlab-token").with("X-Gitlab-Token", value)
            }
            #expect(causes.map(\.cause) == ["value-differs"])
            #expect(causes.allSatisfy { $0.certainty == .evident && !($0.summary + $0.fix).contains(" body") })
        }
    }

    @Test("where the URL is signed it comes first, then the body, then that it may be nobody's")
    func url() async throws {
        let causes = try await causes("square", "one/signing") { $0.body.append(0x20) }
        #expect(causes.map(\.cause) == ["url-differs", "body-changed", "not-the-sender"])
        #expect(causes.allSatisfy { $0.certainty == .possible })
        #expect(causes.first?.summary.contains("https://localhost") == true)
    }

    @Test("what else is signed is named")
    func parts() async throws {
        let causes = try await causes("slack", "one/signing") { $0.body.append(0x20) }
        #expect(causes.map(\.cause) == ["signed-part-changed", "not-the-sender"])
        #expect(causes.first?.summary.contains("the time or the body") == true)
    }

    @Test("a new version is to blame only where the one used before counts no more")
    func rotated() async throws {
        let ended = try await causes("square", "one/signing", overlap: .zero) { $0.body.append(0x20) }
        #expect(ended.first?.cause == "secret-revoked")
        let overlapping = try await causes("square", "one/signing", overlap: .seconds(60)) { $0.body.append(0x20) }
        #expect(overlapping.map(\.cause) == ["url-differs", "body-changed", "not-the-sender"])
    }

    @Test("of a sender whose events never came in, the secret may never have been right")
    func never() async throws {
        let causes = try await causes("square", "one/signing", accepting: false) { $0.body.append(0x20) }
        #expect(causes.map(\.cause) == ["never-accepted"])
        #expect(causes.first?.evidence.contains("`{url}{body}`") == true)
    }
}
