import Foundation
import GatehouseTesting
import Testing

@Suite("A signal while a value is made", .serialized)
struct InterruptedSecretTests {
    private func versions(_ site: Installation) async throws -> Int {
        let status = try await site.run("secret", "status", "acme/signing", "--json")
        return status.output.components(separatedBy: "\"version\":").count - 1
    }

    private func begin(_ site: Installation, _ arguments: String...) throws -> SpawnedProcess {
        try site.write("value", "", mode: 0o600)
        return try SpawnedProcess(
            Program.path, arguments + ["--policies", site["policies"]], in: site.place.path, output: .file(site["value"]), errors: .null)
    }

    @Test(
        "ends the command once the value is shown, where a running gateway was asked already",
        arguments: [SIGINT, SIGHUP, SIGTERM, SIGQUIT])
    func held(number: Int32) async throws {
        let site = try Installation()
        try await site.addSecret()
        let gateway = try await site.start()
        gateway.signal(SIGSTOP)
        let command = try begin(site, "secret", "rotate", "acme/signing", "--overlap", "0")
        // The value waits for the gateway, which cannot take it.
        #expect(
            try await becomesTrue {
                try FileManager.default.contentsOfDirectory(atPath: site["state"]).contains { $0.hasPrefix("value-") }
            })
        command.kill(number)
        command.kill(number)
        gateway.signal(SIGCONT)
        #expect(await command.exit == .killed(signal: number))
        #expect(site.read("value").hasPrefix("whsec_"))
        #expect(try await versions(site) == 2)
    }

    @Test("leaves at any moment either what was there or a value that was shown, running or stopped", arguments: [true, false])
    func anyMoment(isRunning: Bool) async throws {
        let site = try Installation()
        try await site.addSecret()
        if isRunning { try await site.start() }
        var known = 1
        for milliseconds in stride(from: 0, through: 260, by: 20) {
            let command = try begin(site, "secret", "rotate", "acme/signing", "--overlap", "0")
            try await Task.sleep(for: .milliseconds(milliseconds))
            command.interrupt()
            let exit = await command.exit
            let now = try await versions(site)
            let value = site.read("value")
            #expect(exit == .killed(signal: SIGINT) || exit == .exited(0))
            #expect(now == known + (value.isEmpty ? 0 : 1), "after \(milliseconds) ms: \(exit)")
            #expect(value.isEmpty || value.hasPrefix("whsec_") && value.hasSuffix("\n"))
            known = now
        }
    }

    @Test("that was ignored when the command began, as nohup has it, stays ignored")
    func ignored() async throws {
        let site = try Installation()
        try await site.addSecret()
        let gateway = try await site.start()
        gateway.signal(SIGSTOP)
        let command = try SpawnedProcess(
            "/bin/bash",
            ["-c", "trap '' HUP; exec '\(Program.path)' secret rotate acme/signing --policies policies >value 2>/dev/null"],
            in: site.place.path)
        #expect(
            try await becomesTrue {
                try FileManager.default.contentsOfDirectory(atPath: site["state"]).contains { $0.hasPrefix("value-") }
            })
        command.kill(SIGHUP)
        gateway.signal(SIGCONT)
        #expect(await command.exit == .exited(0))
        #expect(site.read("value").hasPrefix("whsec_"))
    }
}
