import Foundation
import Testing

@Suite("A value that is shown once")
struct SecretOutputTests {
    private func versions(_ site: Installation) async throws -> Int {
        let status = try await site.run("secret", "status", "acme/signing", "--json")
        return status.output.components(separatedBy: "\"version\":").count - 1
    }

    private static func command(_ arguments: String) -> String { "'\(Program.path)' \(arguments) --policies policies" }

    @Test("is not made where standard output cannot take it", arguments: [">/dev/full", "--json >/dev/full", ">&-"])
    func refusedBefore(redirection: String) async throws {
        let site = try Installation()
        try await site.addSecret()
        for command in ["secret rotate acme/signing --overlap 0", "secret add acme/basic"] {
            let result = try await site.bash(Self.command(command) + " " + redirection)
            #expect(result.status == 1 && result.messages.contains("nothing was made"), "\(result)")
        }
        #expect(try await versions(site) == 1)
        #expect(try await site.run("secret", "status", "acme/basic").status == 1)
    }

    @Test("and could not be written after all is said to be lost, with its version and what to do")
    func lost() async throws {
        let site = try Installation()
        try await site.addSecret()
        try await site.start()
        // What a file system does that is full when the bytes come: no file may grow, sockets and pipes may.
        let result = try await site.bash(
            "trap '' XFSZ; (ulimit -f 0; " + Self.command("secret rotate acme/signing --overlap 1h")
                + " 2>&1 >value) | cat; exit ${PIPESTATUS[0]}")
        #expect(result.output.contains("version 2 of acme/signing was made") && result.output.contains("is lost"), "\(result)")
        #expect(result.status == 1, "\(result)")
        #expect(try await versions(site) == 2)
    }

    @Test("an answer of any command that cannot be written ends it with 1")
    func anyCommand() async throws {
        let site = try Installation()
        try await site.addSecret()
        for command in ["secret status", "secret status --json", "audit verify"] {
            let result = try await site.bash(Self.command(command) + " >/dev/full")
            #expect(result.status == 1 && result.messages.contains("No space left"), "\(command): \(result)")
        }
        // Who reads only the beginning has what it wanted.
        let head = try await site.bash(Self.command("secret status --json") + " | head -c 1; exit ${PIPESTATUS[0]}")
        #expect(head.status == 0, "\(head)")
    }
}
