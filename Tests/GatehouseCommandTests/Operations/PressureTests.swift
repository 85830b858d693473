import Foundation
import GatehouseTesting
import Testing

extension Operations {
    @Suite("Pressure")
    struct PressureTests {
        @Test("2,000 idle connections disturb nobody and cost no time (SEC-93)")
        func idle() async throws {
            let gateway = try Installation(gateway: "limits: { connections: 4000, per-peer: 4000 }")
            try await gateway.addSecret()
            let running = try await gateway.start()
            let idle = try Idle(gateway, count: 2_000)
            try #require(await idle.isOpen())
            let load = try await Load(gateway, ["--count", "200"]).report()
            #expect(load.answers == ["200": 200], "\(load)")
            #expect(try await Self.isQuiet(running))
            let status = try await gateway.run("status", "--json")
            #expect(status.output.contains("\"connections\":2000"), "\(status)")
            let ended = try await gateway.stop()
            #expect(ended == 0)
        }

        @Test("without descriptors the gateway waits instead of spinning, and goes on when there are some (SEC-93)")
        func descriptors() async throws {
            let gateway = try Installation(gateway: "limits: { connections: 500, per-peer: 500 }")
            try await gateway.addSecret()
            let running = try await gateway.start()
            let limited = try await gateway.bash("prlimit --pid \(running.identifier) --nofile=60:60")
            try #require(limited.status == 0, "\(limited)")
            let many = try Idle(gateway, count: 200, plain: true)
            try #require(await many.isOpen())
            try #require(await running.says("cannot take in connections"))
            #expect(try await Self.isQuiet(running))
            #expect(running.isRunning)
            many.end()
            // Until the last of them is closed there may be no descriptor for the handler's file.
            let isFree = await eventually {
                (try? await gateway.run("status", "--json"))?.output.contains("\"connections\":0") == true
            }
            #expect(isFree)
            let load = try await Load(gateway, ["--count", "40"]).report()
            #expect(load.answers == ["200": 40] && load.errors.isEmpty, "\(load)")
            let ended = try await gateway.stop()
            #expect(ended == 0)
        }

        @Test("more connections than descriptors are refused at the start, with the command that helps")
        func limit() async throws {
            let gateway = try Installation(gateway: "limits: { connections: 900000 }")
            try await gateway.addSecret()
            // Without the right to raise the limit, as under any user but root.
            let unprivileged = geteuid() == 0 ? "setpriv --bounding-set=-sys_resource --inh-caps=-sys_resource " : ""
            let result = try await gateway.bash("ulimit -n 1000; timeout 60 \(unprivileged)'\(Program.path)' serve --policies policies")
            #expect(result.status == 1)
            #expect(result.messages.contains("ulimit -n 902048") && result.messages.contains("LimitNOFILE="), "\(result)")
        }

        /// Less than a tenth of a core in the best of some half seconds: what else runs on the machine may wake it now and then.
        private static func isQuiet(_ program: RunningProgram) async throws -> Bool {
            func ticks() -> Int {
                let text = (try? String(contentsOfFile: "/proc/\(program.identifier)/stat", encoding: .utf8)) ?? ""
                let fields = text.split(separator: ")").last?.split(separator: " ") ?? []
                return fields.count > 12 ? (Int(fields[11]) ?? 0) + (Int(fields[12]) ?? 0) : .max
            }
            for _ in 0..<20 {
                let before = ticks()
                try await Task.sleep(for: .milliseconds(500))
                if ticks() - before < 5 { return true }
            }
            return false
        }
    }
}

/// `Tools/idle.py`.
private final class Idle {
    private let process: SpawnedProcess
    private let output: URL

    init(_ installation: Installation, count: Int, plain: Bool = false) throws {
        output = installation.place.appendingPathComponent("idle-" + UUID().uuidString)
        try Data().write(to: output)
        let arguments = ["python3", Load.tool("idle.py"), "\(installation.port)", "\(count)", installation["ca.pem"]]
        process = try SpawnedProcess("/usr/bin/env", arguments + (plain ? ["plain"] : []), input: .open(""), output: .file(output.path))
    }

    func isOpen() async throws -> Bool {
        try await becomesTrue { try Data(contentsOf: output).count > 0 || !process.isRunning } && process.isRunning
    }

    func end() { process.endInput() }
}
