import Foundation
import Testing

extension Operations {
    @Suite("Addresses")
    struct ForwardingTests {
        @Test("a listener on an IPv6 address serves, and records have the sender's address", arguments: ["[::1]", "[::]"])
        func ipv6(_ host: String) async throws {
            let gateway = try Installation()
            try gateway.issue("server", names: ["localhost", "::1"])
            try gateway.replace(
                in: "policies/gateway.yaml", "address: 127.0.0.1:\(gateway.port)\n", "address: \"\(host):\(gateway.port)\"\n")
            try await gateway.addSecret()
            let running = try await gateway.start()
            #expect(running.text.contains("\(host):\(gateway.port)"))
            let answer = try await gateway.bash(gateway.send(to: "https://[::1]:\(gateway.port)", "-g"))
            #expect(answer.output.hasPrefix("HTTP/1.1 200"), "\(answer)")
            let mapped = try await gateway.bash(gateway.send("-4"))
            #expect(mapped.output.hasPrefix("HTTP/1.1 200") == (host == "[::]"), "\(mapped)")
            let expected = host == "[::]" ? ["::1", "127.0.0.1"] : ["::1"]
            #expect(try gateway.records().compactMap { $0["remote"] as? String } == expected)
            #expect(try await gateway.stop() == 0)
        }

        @Test(
            "behind HAProxy the record has the sender's address, as the proxy tells it (SEC-23)",
            arguments: ["proxy-v2", "forwarded", "x-forwarded-for"])
        func proxied(_ kind: String) async throws {
            let gateway = try Installation(listener: ["forwarded-by: \(kind)"], gateway: "trusted-proxies: [127.0.0.1/32]")
            try await gateway.addSecret()
            try await gateway.start()
            let port = freePort()
            let server = "server gateway 127.0.0.1:\(gateway.port)"
            let verified = "ssl ca-file \(gateway["ca.pem"]) verify required sni str(localhost)"
            let field =
                switch kind {
                case "forwarded": "http-request set-header Forwarded for=%[src];proto=https"
                case "x-forwarded-for": "option forwardfor"
                default: ""
                }
            let proxy = try startHAProxy(
                """
                defaults
                  mode \(kind == "proxy-v2" ? "tcp" : "http")
                  timeout connect 5s
                  timeout client 60s
                  timeout server 60s
                frontend senders
                  bind 127.0.0.1:\(port)
                  default_backend gateway
                backend gateway
                  \(field)
                  \(server) \(kind == "proxy-v2" ? "send-proxy-v2" : verified)

                """, in: gateway.place)
            let url = kind == "proxy-v2" ? "https://localhost:\(port)" : "http://localhost:\(port)"
            // A sender's own word about its address is not believed.
            let forged = "-4 --interface 127.0.0.9 -H 'X-Forwarded-For: 198.51.100.1' -H 'Forwarded: for=198.51.100.1'"
            try #require(
                await becomesTrue {
                    try await gateway.bash(gateway.send(to: url, forged)).output.hasPrefix("HTTP/1.1 200")
                })
            // Without the proxy's preamble, or straight from a sender, nothing counts but the connection.
            let direct = try await gateway.bash(
                gateway.send("-4 --interface 127.0.0.8 -H 'X-Forwarded-For: 198.51.100.1' -H 'Forwarded: for=198.51.100.1'"))
            #expect(direct.output.hasPrefix("HTTP/1.1 200"), "\(direct)")
            #expect(try gateway.records().compactMap { $0["remote"] as? String }.suffix(2) == ["127.0.0.9", "127.0.0.8"])
            #expect(try await proxy.end(by: SIGTERM) != nil)
            #expect(try await gateway.stop() == 0)
        }
    }
}
