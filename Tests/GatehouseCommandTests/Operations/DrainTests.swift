import Foundation
import GatehouseCrypto
import Testing

extension Operations {
    @Suite("SIGTERM")
    struct DrainTests {
        @Test("restarts of two gateways behind HAProxy fail no request")
        func restartsBehindProxy() async throws {
            try await withTemporaryDirectory { place in
                var gateways: [Installation] = []
                for name in ["a", "b"] {
                    let gateway = try Installation(in: place.appendingPathComponent(name), authority: gateways.first?.authority)
                    try await gateway.addSecret()
                    try await gateway.start()
                    gateways.append(gateway)
                }
                let proxy = try Proxy(gateways, in: place)
                try #require(await becomesTrue { try await proxy.up() == [true, true] })
                let load = try Load(gateways[0], ["--connections", "6", "--pause", "0.005"], proxy: proxy.port)
                for round in 0..<5 {
                    let gateway = gateways[round % 2]
                    try #require(await load.proceeds(20))
                    let status = try await gateway.stop()
                    #expect(status == 0)
                    try await gateway.start()
                    try #require(await becomesTrue { try await proxy.up() == [true, true] })
                }
                let report = try await load.stop()
                #expect(report.errors.isEmpty && Set(report.answers.keys) == ["200"], "\(report)")
                for gateway in gateways {
                    let status = try await gateway.stop()
                    #expect(status == 0)
                    let verified = try await gateway.run("audit", "verify")
                    #expect(verified.status == 0, "\(verified)")
                }
            }
        }

        @Test("the accept queue is emptied: a connection is served or refused, and never reset", arguments: 1...3)
        func acceptQueue(_ round: Int) async throws {
            let gateway = try Installation()
            try await gateway.addSecret()
            try await gateway.start()
            let load = try Load(gateway, ["--connections", "12", "--fresh"])
            try #require(await load.proceeds(40))
            let status = try await gateway.stop()
            #expect(status == 0)
            let report = try await load.stop()
            #expect(Set(report.answers.keys) == ["200"], "\(report)")
            #expect(Set(report.errors.keys).isSubset(of: ["ConnectionRefusedError"]), "\(report)")
        }

        @Test("a request in flight is answered, with Connection: close, while readiness says draining")
        func inFlight() async throws {
            let gateway = try Installation()
            let script = try gateway.script(
                "slow", "touch '\(gateway["began"])'; while [ ! -e '\(gateway["go"])' ]; do sleep 0.02; done; echo late\n")
            try gateway.endpoint("acme", deliver: script)
            try gateway.replace(in: "policies/endpoints/acme.yaml", "mode: relay", "mode: relay, timeout: 60s")
            try await gateway.addSecret()
            let running = try await gateway.start()
            let (program, send) = (Program(directory: gateway.place), gateway.send())
            async let answer = program.bash(send)
            try #require(await becomesTrue { FileManager.default.fileExists(atPath: gateway["began"]) })
            running.signal(SIGTERM)
            try #require(await becomesTrue { try await gateway.health().status == "503" })
            let health = try await gateway.health()
            #expect(health.text.contains("draining"))
            try gateway.write("go", "")
            let got = try await answer
            #expect(got.output.hasPrefix("HTTP/1.1 200"), "\(got)")
            #expect(got.output.lowercased().contains("connection: close"))
            #expect(got.output.hasSuffix("late\n"))
            let status = try await running.end()
            #expect(status == 0)
        }

        @Test("what is not done when limits.drain is over gets 503 and a time to come back")
        func overtime() async throws {
            let gateway = try Installation(gateway: "limits: { drain: 1s }")
            let script = try gateway.script("stuck", "touch '\(gateway["began"])'; sleep 600\n")
            try gateway.endpoint("acme", deliver: script)
            try gateway.replace(in: "policies/endpoints/acme.yaml", "mode: relay", "mode: relay, timeout: 60s")
            try await gateway.addSecret()
            let running = try await gateway.start()
            let (program, send) = (Program(directory: gateway.place), gateway.send())
            async let answer = program.bash(send)
            try #require(await becomesTrue { FileManager.default.fileExists(atPath: gateway["began"]) })
            let status = try await running.end(by: SIGTERM)
            #expect(status == 0)
            let got = try await answer
            #expect(got.output.hasPrefix("HTTP/1.1 503"), "\(got)")
            #expect(got.output.lowercased().contains("retry-after:"))
        }

        @Test("connections that say nothing do not hold up the end")
        func silent() async throws {
            let gateway = try Installation(gateway: "limits: { header-timeout: 50s, idle-timeout: 50s }")
            try await gateway.addSecret()
            let running = try await gateway.start()
            let silent = (0..<20).map { _ in Silent(port: gateway.port) }
            try #require(await becomesTrue { try await gateway.run("status", "--json").output.contains("\"connections\":20") })
            let began = ContinuousClock.now
            let status = try await running.end(by: SIGTERM)
            #expect(status == 0)
            #expect(ContinuousClock.now - began < .seconds(30))
            withExtendedLifetime(silent) {}
        }
    }
}

/// A TCP connection on which nothing is sent.
private final class Silent {
    private let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)

    init(port: Int) {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    deinit { close(descriptor) }
}

/// HAProxy in front of gateways: plain HTTP in, TLS to them, health by their admin listeners.
private final class Proxy {
    let port = freePort()
    private let statistics = freePort()
    private let program: RunningProgram
    private let place: URL
    private let count: Int

    init(_ gateways: [Installation], in place: URL) throws {
        self.place = place
        count = gateways.count
        var text = """
            global
              maxconn 500
            defaults
              mode http
              timeout connect 5s
              timeout client 60s
              timeout server 60s
              timeout check 5s
              retries 3
              option redispatch
            frontend senders
              bind 127.0.0.1:\(port)
              default_backend gateways
            frontend statistics
              bind 127.0.0.1:\(statistics)
              stats enable
              stats uri /
            backend gateways
              option httpchk GET /health/ready
              http-check expect status 200

            """
        for (index, gateway) in gateways.enumerated() {
            text += "  server g\(index) 127.0.0.1:\(gateway.port) ssl ca-file \(gateway["ca.pem"]) verify required sni str(localhost) "
            text += "check port \(gateway.admin) no-check-ssl inter 100ms fall 2 rise 1\n"
        }
        program = try startHAProxy(text, in: place)
    }

    deinit { program.signal(SIGTERM) }

    /// Which gateways it sends to.
    func up() async throws -> [Bool] {
        let page = try await Program(directory: place).bash("curl -s -m 10 'http://127.0.0.1:\(statistics)/;csv'").output
        let rows = page.split(separator: "\n").map { $0.split(separator: ",", omittingEmptySubsequences: false) }
        return (0..<count).map { index in rows.contains { $0.count > 17 && $0[1] == "g\(index)" && $0[17].hasPrefix("UP") } }
    }
}
