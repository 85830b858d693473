import Foundation
import Testing

@testable import GatehouseCommand

@Suite("Exit status and streams")
struct UsageTests {
    @Test(
        "wrong usage is 64, on standard error",
        arguments: [
            ["nope"], ["serve", "--nope"], ["secret", "add"], ["secret", "add", "acme"], ["send", "localhost"], ["dev", "--port", "0"],
        ])
    func wrongUsage(_ arguments: [String]) async throws {
        try await withTemporaryDirectory { place in
            let result = try await Program.run(Program.path, arguments, in: place, input: nil)
            #expect(result.status == 64)
            #expect(result.output.isEmpty)
            #expect(!result.messages.isEmpty)
        }
    }

    @Test("--version names the program and the libraries in it")
    func version() async throws {
        try await withTemporaryDirectory { place in
            let result = try await Program(directory: place).run("--version")
            #expect(result.status == 0)
            for name in ["gatehouse ", "Swift 6", "OpenSSL 3", "SQLite 3"] { #expect(result.output.contains(name)) }
        }
    }

    @Test(
        "every command explains itself with an example",
        arguments: [
            "dev", "serve", "reload", "status", "check", "test", "secret add", "secret rotate", "secret status", "secret retire",
            "secret revoke", "audit verify", "send",
        ])
    func help(_ command: String) async throws {
        try await withTemporaryDirectory { place in
            let result = try await Program.run(
                Program.path, command.split(separator: " ").map(String.init) + ["--help"], in: place, input: nil)
            #expect(result.status == 0)
            #expect(result.output.contains("Example"))
            #expect(result.output.contains("gatehouse \(command)"))
        }
    }

    @Test("completions are generated for three shells", arguments: ["bash", "zsh", "fish"])
    func completions(_ shell: String) async throws {
        try await withTemporaryDirectory { place in
            let result = try await Program(directory: place).run("--generate-completion-script", shell)
            #expect(result.status == 0)
            #expect(result.output.contains("verify"))
        }
    }

    @Test(
        "commands that need a policy say where none is, and exit with 1",
        arguments: [["serve"], ["check"], ["status"], ["reload"], ["secret", "add", "a/signing"]])
    func noPolicy(_ arguments: [String]) async throws {
        try await withTemporaryDirectory { place in
            let result = try await Program.run(Program.path, arguments, in: place, input: nil)
            #expect(result.status == 1)
            #expect(result.messages.contains("policies"), "\(result.messages)")
        }
    }

    @Test("a log that cannot be read is 2")
    func unreadableLog() async throws {
        try await withTemporaryDirectory { place in
            let result = try await Program(directory: place).run("audit", "verify")
            #expect(result.status == 2)
            #expect(result.messages.contains("policies"))
        }
    }
}
