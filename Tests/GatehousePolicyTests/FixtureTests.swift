import Foundation
import GatehouseTime
import Testing

@testable import GatehousePolicy

private let repositoryPolicies = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()
    .appendingPathComponent("policies").path

@Suite("fixtures")
struct FixtureTests {
    private func load(_ text: String, _ policy: TemporaryPolicy) throws -> Fixture {
        try policy.write("tests/own.yaml", Array(text.utf8))
        return try Fixture.load(file: policy.path + "/tests/own.yaml")
    }

    @Test("one request is one step")
    func single() throws {
        let fixture = try load(
            """
            endpoint: acme
            credentials: { acme/signing: ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", old], acme/key: single }
            at: 2021-11-01T18:23:10Z
            request: { method: PUT, headers: { A: x, B: [y, z], C: }, body: "a\\r\\n", url: "https://h/p?q=1", peer: 203.0.113.7 }
            expect: { decision: accepted, reason: ok, sender: acme, event: { id: "1", type: order.accepted }, answer: 200, body: x }
            """, TemporaryPolicy())
        #expect(fixture.name == "own" && fixture.subject == .endpoint("acme"))
        #expect(fixture.credentials == ["acme/signing": ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "old"], "acme/key": ["single"]])
        let step = try #require(fixture.steps.first)
        #expect(fixture.steps.count == 1 && step.at == WallTime(seconds: 1_635_790_990))
        #expect(
            step.request.headers == [
                .init(name: "A", value: "x"), .init(name: "B", value: "y"), .init(name: "B", value: "z"), .init(name: "C", value: ""),
            ])
        #expect(step.request.method == "PUT" && step.request.body == Array("a\r\n".utf8) && step.request.url == "https://h/p?q=1")
        #expect(step.request.peer == IPAddress("203.0.113.7"))
        #expect(step.expect.eventType == "order.accepted" && step.expect.answer == 200 && step.expect.body == "x")
    }

    @Test("bodies come from text, base64 or a file beside the fixture; times are Unix seconds too")
    func bodies() throws {
        let policy = try TemporaryPolicy()
        try policy.write("tests/body.bin", [0, 255, 10])
        let fixture = try load(
            """
            scheme: stripe
            steps:
              - { at: 10, request: { body-base64: AP8K }, expect: { decision: rejected } }
              - { at: 10.25, request: { body-file: body.bin }, expect: { answer: 401 } }
              - { at: 11, request: {}, expect: { reason: method } }
            """, policy)
        #expect(fixture.subject == .scheme("stripe"))
        #expect(fixture.steps.map(\.request.body) == [[0, 255, 10], [0, 255, 10], []])
        #expect(fixture.steps.map(\.at.microseconds) == [10_000_000, 10_250_000, 11_000_000])
    }

    @Test(
        "mistakes are said with their places",
        arguments: [
            ("endpoint: a\nscheme: b\nat: 1\nrequest: {}\nexpect: { answer: 200 }", "1:1: a fixture names an 'endpoint' or a 'scheme'"),
            ("at: 1\nrequest: {}\nexpect: { answer: 200 }", "1:1: a fixture names an 'endpoint' or a 'scheme'"),
            ("scheme: a\nat: soon\nrequest: {}\nexpect: { answer: 200 }", "2:5: 'soon' is not a time"),
            ("scheme: a\nat: 1\nrequest: {}\nexpect: {}", "4:9: 'expect' expects nothing"),
            ("scheme: a\nat: 1\nrequest: {}\nexpect: { decision: ok }", "4:21: 'ok' is not a decision"),
            ("scheme: a\nat: 1\nrequest: { body: { a: 1 } }\nexpect: { answer: 200 }", "3:18: a body is text, not a mapping"),
            ("scheme: a\nat: 1\nrequest: { body: a, body-base64: YQ== }\nexpect: { answer: 200 }", "3:21: a request has one body"),
            ("scheme: a\nat: 1\nrequest: { body-base64: '*' }\nexpect: { answer: 200 }", "3:25: not base64"),
            ("scheme: a\nat: 1\nrequest: { body-file: none }\nexpect: { answer: 200 }", "3:23: "),
            ("scheme: a\nat: 1\nrequest: { headers: { 'a b': c } }\nexpect: { answer: 200 }", "3:23: 'a b' is not a header name"),
            (
                "scheme: a\nat: 1\nrequest: { headers: { a: \"b\\r\\nc: d\" } }\nexpect: { answer: 200 }",
                "3:26: a header's value is text on one line"
            ),
            ("scheme: a\ncredentials: { acme: x }\nat: 1\nrequest: {}\nexpect: { answer: 200 }", "2:16: 'acme' is not a credential"),
            ("scheme: a\nsteps: []", "2:8: steps is a list"),
            ("scheme: a\nat: 1\nsteps: [{ at: 1, request: {}, expect: { answer: 200 } }]", "2:1: 'at' stands inside 'steps'"),
            ("scheme: a\nat: 1\nrequest: {}", "1:1: a fixture needs 'expect'"),
            (
                "scheme: a\nat: 1\nrequest: {}\nexpect: { answer: 200 }\nexpects: 1",
                "5:1: unknown key 'expects' in a fixture (did you mean 'expect'?)"
            ),
        ])
    func mistakes(_ text: String, _ expected: String) throws {
        let policy = try TemporaryPolicy()
        let error = #expect(throws: PolicyError.self) { try load(text, policy) }
        let said = error?.diagnostics.map { "\($0.line):\($0.column): \($0.message)\($0.hint.map { " (\($0))" } ?? "")" } ?? []
        #expect(said.contains { $0.hasPrefix(expected) }, "said: \(said)")
    }

    @Test("every shipped fixture can be read, and every shipped scheme has one that is accepted and one that is refused")
    func shipped() throws {
        let files = try Fixture.files(at: repositoryPolicies + "/tests")
        var accepted: Set<String> = []
        var refused: Set<String> = []
        for file in files {
            let fixture = try Fixture.load(file: file)
            let name: String
            switch fixture.subject {
            case .endpoint(let endpoint): name = endpoint
            case .scheme(let scheme): name = scheme
            }
            #expect(Scheme.shipped[name] != nil, "\(file)")
            for step in fixture.steps {
                if step.expect.decision == "accepted" { accepted.insert(name) }
                if step.expect.decision == "rejected" { refused.insert(name) }
            }
        }
        #expect(accepted == Set(Scheme.shipped.keys))
        #expect(refused == Set(Scheme.shipped.keys))
    }

    @Test("the shipped example policy is right")
    func example() throws {
        let policy = try Policy.load(directory: repositoryPolicies, checkingFiles: false)
        #expect(policy.endpoints.map(\.name) == ["acme", "digital-river"])
        #expect(policy.warnings == [])
        #expect(throws: PolicyError.self) { try Fixture.files(at: repositoryPolicies + "/none") }
    }
}
