import Foundation
import Testing

extension Operations {
    @Suite("Reload")
    struct ReloadTests {
        @Test("a link to a folder of certificates is swapped, then files replaced with SIGHUP, without a failed request")
        func certificates() async throws {
            let gateway = try Installation()
            for folder in ["first", "second"] {
                try FileManager.default.createDirectory(atPath: gateway[folder], withIntermediateDirectories: false)
                try gateway.issue(folder + "/server")
            }
            try FileManager.default.createSymbolicLink(atPath: gateway["current"], withDestinationPath: "first")
            for kind in ["pem", "key"] {
                try gateway.replace(in: "policies/gateway.yaml", "../server.\(kind)", "../current/server.\(kind)")
            }
            try await gateway.addSecret()
            let running = try await gateway.start()
            let load = try Load(gateway, ["--connections", "4"])
            try #require(await load.proceeds(20))
            let first = try await gateway.fingerprint()
            #expect(try await first == gateway.fingerprint(file: "first/server.pem"))

            try FileManager.default.createSymbolicLink(atPath: gateway["next"], withDestinationPath: "second")
            #expect(rename(gateway["next"], gateway["current"]) == 0)
            let second = try await gateway.fingerprint(file: "second/server.pem")
            #expect(try await becomesTrue { try await gateway.fingerprint() == second })

            try gateway.issue("second/server")
            running.signal(SIGHUP)
            let third = try await gateway.fingerprint(file: "second/server.pem")
            #expect(third != second)
            #expect(try await becomesTrue { try await gateway.fingerprint() == third })

            try #require(await load.proceeds(20))
            let report = try await load.stop()
            #expect(report.errors.isEmpty && Set(report.answers.keys) == ["200"], "\(report)")
            #expect(report.closed == 0)
            let status = try await gateway.stop()
            #expect(status == 0)
        }

        @Test("a key that is not the certificate's, and one that others can read, keep the old pair and are named (SEC-9)")
        func badPair() async throws {
            let gateway = try Installation()
            try gateway.issue("other")
            try await gateway.addSecret()
            let running = try await gateway.start()
            let old = try await gateway.fingerprint()
            let key = gateway.read("server.key")

            try gateway.write("server.key", gateway.read("other.key"), mode: 0o600)
            let mismatch = try await gateway.run("reload")
            #expect(mismatch.status == 1)
            #expect(
                mismatch.messages.contains("server.key is not the key of") && mismatch.messages.contains("keeps the policy it has"),
                "\(mismatch)")
            #expect(running.text.contains("not reloaded"))
            #expect(try await gateway.fingerprint() == old)
            let check = try await gateway.run("check")
            #expect(check.status == 1 && check.messages.contains("server.key is not the key of"), "\(check)")

            try gateway.write("server.key", key, mode: 0o604)
            let open = try await gateway.run("reload")
            #expect(open.status == 1 && open.messages.contains("chmod 600"), "\(open)")
            try gateway.write("server.key", key, mode: 0o640)
            let group = try await gateway.run("reload")
            #expect(group.status == 0 && group.messages.contains("readable by its group"), "\(group)")
            try gateway.write("server.key", key, mode: 0o600)
            let good = try await gateway.run("reload")
            #expect(good.status == 0 && !good.messages.contains("readable"), "\(good)")
        }

        @Test(
            "with a broken policy on disk the old one stays, and every command still finds the gateway",
            arguments: [("nonsense: 1\n", "unknown key 'nonsense'"), ("  : : [\n", ":"), ("audit: {}\n", "appears twice")])
        func brokenPolicy(_ addition: String, _ message: String) async throws {
            let gateway = try Installation()
            try await gateway.addSecret()
            let running = try await gateway.start()
            let before = try await gateway.run("status", "--json")
            let good = gateway.read("policies/gateway.yaml")
            try gateway.write("policies/gateway.yaml", good + addition)
            try gateway.write("policies/endpoints/more.yaml", "path: /hooks/acme\n")

            let reload = try await gateway.run("reload")
            #expect(reload.status == 1)
            #expect(reload.messages.contains(message) && reload.messages.contains("policies/gateway.yaml:"), "\(reload)")
            let lines = try await gateway.run("reload", "--json")
            #expect(lines.status == 1)
            let object = try JSONSerialization.jsonObject(with: Data(lines.output.utf8)) as? [String: Any]
            #expect(object?["ok"] as? Bool == false)
            #expect((object?["problems"] as? [String])?.isEmpty == false)
            #expect(running.text.contains("the old policy stays"))

            let status = try await gateway.run("status", "--json")
            #expect(status.status == 0 && Self.policy(status) == Self.policy(before), "\(status)")
            #expect(Self.warnings(status).contains { $0.hasPrefix("not reloaded at ") && $0.contains(message) }, "\(status)")
            let shown = try await gateway.run("status")
            #expect(shown.messages.contains("not reloaded at ") && shown.messages.contains(message), "\(shown)")
            let metrics = try await gateway.metrics()
            #expect(
                metrics.contains("\ngatehouse_policy_last_reload_successful 0\n")
                    && !metrics.contains("\ngatehouse_reload_failures_total 0\n"))
            for command in [["audit", "verify"], ["secret", "status"]] {
                let result = try await Program.run(
                    Program.path, command + ["--policies", gateway["policies"]], in: gateway.place, input: nil)
                #expect(result.status == 0, "\(command): \(result)")
            }
            let added = try await gateway.run("secret", "add", "acme/basic")
            #expect(added.status == 0, "\(added)")
            let load = try await Load(gateway, ["--count", "3"]).report()
            #expect(load.answers == ["200": 3], "\(load)")
            let check = try await gateway.run("check")
            #expect(check.status == 1)

            try gateway.write("policies/gateway.yaml", good)
            try FileManager.default.removeItem(atPath: gateway["policies/endpoints/more.yaml"])
            let repaired = try await gateway.run("reload")
            #expect(repaired.status == 0, "\(repaired)")
            let after = try await gateway.run("status", "--json")
            #expect(!Self.warnings(after).contains { $0.contains("not reloaded") }, "\(after)")
            #expect(try await gateway.metrics().contains("\ngatehouse_policy_last_reload_successful 1\n"))
            let status2 = try await gateway.stop()
            #expect(status2 == 0)
        }

        private static func warnings(_ status: Program.Result) -> [String] {
            ((try? JSONSerialization.jsonObject(with: Data(status.output.utf8))) as? [String: Any])?["warnings"] as? [String] ?? []
        }

        private static func policy(_ result: Program.Result) -> String? {
            (try? JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])?["policy"] as? String
        }

        @Test("a changed policy file is taken over by itself, and what needs a restart is refused by name")
        func changedFile() async throws {
            let gateway = try Installation()
            try await gateway.addSecret()
            try await gateway.start()
            try gateway.endpoint("more", deliver: "file:../../more.jsonl")
            #expect(
                try await becomesTrue { try await Load(gateway, ["--count", "1", "--path", "/hooks/more"]).report().answers == ["200": 1] })
            try gateway.replace(in: "policies/gateway.yaml", "127.0.0.1:\(gateway.port)", "127.0.0.1:\(freePort())")
            let moved = try await gateway.run("reload")
            #expect(moved.status == 1 && moved.messages.contains("`listen` addresses change with a restart only"), "\(moved)")
        }

        @Test("the size of segments, the reserve and the rate of failures change with a reload")
        func journalSettings() async throws {
            let gateway = try Installation()
            try await gateway.addSecret()
            try await gateway.start()
            #expect(try await Load(gateway, ["--count", "300"]).report().answers == ["200": 300])
            let segments = { try FileManager.default.contentsOfDirectory(atPath: gateway["state/audit"]).count { $0.hasSuffix(".jsonl") } }
            #expect(try segments() == 1)
            try gateway.replace(in: "policies/gateway.yaml", "audit: { reserve: 1MiB }", "audit: { reserve: 1MiB, segment: 64KiB }")
            #expect(try await gateway.run("reload").status == 0)
            #expect(try await Load(gateway, ["--count", "3"]).report().answers == ["200": 3])
            #expect(try segments() == 2)
            try gateway.replace(in: "policies/gateway.yaml", "reserve: 1MiB", "reserve: 1024GiB")
            #expect(try await gateway.run("reload").status == 0)
            #expect(try await becomesTrue { try await Load(gateway, ["--count", "1"]).report().answers == ["503": 1] })
            try gateway.replace(in: "policies/gateway.yaml", "reserve: 1024GiB", "reserve: 1MiB")
            #expect(try await gateway.run("reload").status == 0)
            #expect(try await becomesTrue { try await Load(gateway, ["--count", "1"]).report().answers == ["200": 1] })
        }

        @Test("without a gateway, reload and status say how to start one")
        func nobody() async throws {
            let gateway = try Installation()
            for command in ["reload", "status"] {
                let result = try await gateway.run(command)
                #expect(result.status == 1)
                #expect(result.messages.contains("no gateway runs") && result.messages.contains("gatehouse serve"), "\(result)")
            }
        }

        @Test("systemd hears of the start, of reloads and of the stop")
        func notifications() async throws {
            let gateway = try Installation()
            let socket = try Datagrams(gateway["notify"])
            let running = try await gateway.start(environment: ["NOTIFY_SOCKET": gateway["notify"]])
            let ready = try await socket.next()
            #expect(ready.hasPrefix("READY=1\n") && ready.contains("STATUS=serving 127.0.0.1:\(gateway.port)"), "\(ready)")
            running.signal(SIGHUP)
            let reloading = try await socket.next()
            #expect(reloading.hasPrefix("RELOADING=1\nMONOTONIC_USEC="), "\(reloading)")
            let again = try await socket.next()
            #expect(again.hasPrefix("READY=1\n"), "\(again)")
            running.signal(SIGTERM)
            let stopping = try await socket.next()
            #expect(stopping.hasPrefix("STOPPING=1\n"), "\(stopping)")
            let status = try await running.end()
            #expect(status == 0)
        }
    }
}

/// The receiving end of a datagram socket in the file system.
private final class Datagrams {
    private let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)

    init(_ path: String) throws {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        try #require(bytes.count < MemoryLayout.size(ofValue: address.sun_path))
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
        }
        try #require(bound == 0)
    }

    deinit { close(descriptor) }

    func next() async throws -> String {
        var buffer = [UInt8](repeating: 0, count: 4_096)
        var count = 0
        _ = try await becomesTrue {
            count = recv(descriptor, &buffer, buffer.count, 0)
            return count > 0
        }
        return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
    }
}
