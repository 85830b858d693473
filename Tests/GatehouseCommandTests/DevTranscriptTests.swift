import Foundation
import Testing

@testable import GatehouseCommand

@Suite("gatehouse dev", .serialized)
struct DevTranscriptTests {
    @Test("every command that dev shows does what its title says, and a second start reuses everything")
    func walkthrough() async throws {
        try await withTemporaryDirectory { root in
            let ports = (freePort(), freePort())
            let first = try RunningProgram(["dev", "--port", "\(ports.0)", "--admin-port", "\(ports.1)"], in: root)
            try #require(await first.says("Ctrl-C here stops the gateway"), "\(first.text)")

            let program = Program(directory: root)
            let steps = Self.steps(in: first.text)
            #expect(steps.count == 11)
            var script = "ask() { printf '\\n@@ %s\\n' \"$1\"; }\n"
            for step in steps { script += "ask '\(step.title.prefix(12))'\n\(step.command)\n" }
            let answers = try await program.bash(script).output.components(separatedBy: "\n@@ ").dropFirst().map { $0 }
            #expect(answers.count == 11)
            guard answers.count == 11, steps.count == 11 else { return }
            #expect(answers[0].contains("200") && answers[0].contains("handled msg_"))
            #expect(answers[1].contains("200") && answers[1].contains("handled msg_"))
            #expect(answers[2].contains("401") && answers[2].contains("application/problem+json"))
            #expect(answers[3].contains("HTTP/1.1 200") && answers[3].contains("handled evt_"))
            #expect(answers[4].contains("HTTP/1.1 200") && answers[4].contains("handled evt_"))
            #expect(answers[5].contains("HTTP/1.1 401"))
            #expect(answers[6].contains("HTTP/1.1 401"))
            #expect(answers[7].contains("oauth2-bearer"), "\(answers[7])")
            #expect(answers[8].contains("HTTP/1.1 200") && answers[8].contains("handled evt_"), "\(answers[8])")
            #expect(answers[9].contains("HTTP/1.1 401") && answers[9].contains("Bearer realm="), "\(answers[9])")
            #expect(answers[10].contains("good"))
            // Three events reached the handler, whatever was sent twice.
            #expect(first.text.components(separatedBy: "\nevent ").count - 1 == 3, "\(first.text)")
            let firstEnd = try await first.interrupt()
            #expect(firstEnd == 0)

            let authority = try Data(contentsOf: root.appendingPathComponent("certs/dev/ca.pem"))
            let second = try RunningProgram(["dev"], in: root)
            try #require(await second.says("Ctrl-C here stops the gateway"), "\(second.text)")
            #expect(second.text.contains("https://localhost:\(ports.0)"))
            #expect(!second.text.contains("making"))
            let sameAuthority = try Data(contentsOf: root.appendingPathComponent("certs/dev/ca.pem"))
            #expect(sameAuthority == authority)
            let again = try await program.bash(steps[0].command)
            #expect(again.status == 0 && again.output.contains("200"), "\(again)")
            let secondEnd = try await second.interrupt()
            #expect(secondEnd == 0)
        }
    }

    @Test("secrets stay out of what dev prints (SEC-70)")
    func quiet() async throws {
        try await withTemporaryDirectory { root in
            let dev = try RunningProgram(["dev", "--port", "\(freePort())", "--admin-port", "\(freePort())"], in: root)
            try #require(await dev.says("Ctrl-C here stops the gateway"), "\(dev.text)")
            let examples = root.appendingPathComponent("var/dev/example")
            for name in ["example.secret", "digital-river.secret"] {
                let secret = try String(contentsOf: examples.appendingPathComponent(name), encoding: .utf8)
                #expect(secret.hasPrefix("whsec_"))
                #expect(!dev.text.contains(secret.dropFirst(6)))
            }
            for name in ["example.curl", "example-oauth.curl", "digital-river.curl"] {
                let login = try String(contentsOf: examples.appendingPathComponent(name), encoding: .utf8)
                let password = try #require(login.split(separator: ":").last?.prefix { $0 != "\"" })
                #expect(password.count == 43 && !dev.text.contains(password))
            }
            for name in try FileManager.default.contentsOfDirectory(atPath: examples.path) where !name.hasSuffix(".json") {
                let mode =
                    try FileManager.default.attributesOfItem(atPath: examples.appendingPathComponent(name).path)[.posixPermissions] as? Int
                #expect(mode == 0o600 || mode == 0o700 && name == "digital-river-sign", "\(name)")
            }
            let devEnd = try await dev.interrupt()
            #expect(devEnd == 0)
        }
    }

    @Test("a port that is taken is named, with what to do")
    func portTaken() async throws {
        try await withTemporaryDirectory { root in
            let ports = (freePort(), freePort())
            let first = try RunningProgram(["dev", "--directory", "a", "--port", "\(ports.0)", "--admin-port", "\(ports.1)"], in: root)
            try #require(await first.says("Ctrl-C here stops the gateway"), "\(first.text)")
            let other = try await Program(directory: root).run(
                "dev", "--directory", "b", "--port", "\(ports.0)", "--admin-port", "\(freePort())")
            #expect(other.status == 1)
            #expect(other.messages.contains("\(ports.0)"), "\(other.messages)")
            let firstEnd = try await first.interrupt()
            #expect(firstEnd == 0)
        }
    }

    /// The walkthrough as it was printed: lines that begin with `# `, each with the command below it.
    private static func steps(in text: String) -> [(title: String, command: String)] {
        text.components(separatedBy: "\n\n").compactMap { block in
            let lines = block.split(separator: "\n")
            guard let title = lines.first, title.hasPrefix("# ") else { return nil }
            return (String(title.dropFirst(2)), lines.dropFirst().joined(separator: "\n"))
        }
    }
}
