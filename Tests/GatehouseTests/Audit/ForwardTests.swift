import Foundation
import GatehouseTesting
import Testing

@testable import Gatehouse

@Suite("Live copies of the audit log", .serialized)
struct ForwardTests {
    private func log(_ site: TestSite) -> [String] {
        site.folder.names(in: "var/audit").filter { $0.hasSuffix(".jsonl") }
            .flatMap { String(decoding: site.folder.read("var/audit/\($0)"), as: UTF8.self).split(separator: "\n").map(String.init) }
    }

    private func status(_ site: TestSite) throws -> GatewayStatus {
        let response = try ControlClient(state: site.folder("var")).send(ControlRequest("status"))
        return try #require(try response.result?.decode(GatewayStatus.self))
    }

    private func send(_ count: Int, _ gateway: LiveGateway, _ site: TestSite) async throws {
        let sender = try site.acmeSender()
        for _ in 0..<count { #expect(try await gateway.send(sender.request(id: "msg_\(UUID().uuidString)", "{}")).status == 200) }
    }

    @Test("a syslog receiver that is away, crashes and comes back gets every record, and no answer waits for it")
    func syslog() async throws {
        let site = try TestSite()
        let receiver = try SyslogReceiver(site)
        // Takes a port, and is away again.
        try await receiver.start()
        receiver.kill()
        try site.configure(gateway: "audit: { forward: { to: \"syslog+tls://localhost:\(receiver.port)\", ca: ../certs/ca.pem } }")
        try site.acme(to: "file:../../events")
        try await serving(site) { gateway in
            try await send(5, gateway, site)
            #expect(
                try await eventually {
                    try status(site).warnings.contains { $0.contains("behind") && $0.contains("refused the connection") }
                })
            #expect(
                try await gateway.admin("/metrics").text.contains(
                    "gatehouse_forward_connected{destination=\"syslog+tls://localhost:\(receiver.port)\"} 0"))
            try await receiver.start()
            #expect(await eventually { Set(receiver.lines).isSuperset(of: log(site)) })
            #expect(try await eventually { try !status(site).warnings.contains { $0.contains("behind") } })
            for _ in 0..<3 {
                try await send(5, gateway, site)
                receiver.kill()
                try await send(20, gateway, site)
                try await receiver.start()
                #expect(await eventually { Set(receiver.lines).isSuperset(of: log(site)) })
            }
            let page = try await gateway.admin("/metrics").text
            #expect(page.contains("gatehouse_forward_behind_records{destination=\"syslog+tls://localhost:\(receiver.port)\"} 0"))
        }
        // The stop and its checkpoint too.
        #expect(await eventually { Set(receiver.lines).isSuperset(of: log(site)) })
        #expect(receiver.lines.allSatisfy { !$0.hasPrefix("BAD") })
        #expect(Set(receiver.lines).isSubset(of: log(site)))
        let before = receiver.lines.count
        try await serving(site) { gateway in
            try await send(1, gateway, site)
            #expect(await eventually { Set(receiver.lines).isSuperset(of: log(site)) })
        }
        // It goes on where it stopped, and not from the beginning.
        #expect(receiver.lines.count < before + 20)
        receiver.kill()
    }

    @Test("what a receiver that hung had not read when it was killed is sent again, however long ago its system took it")
    func hanging() async throws {
        let site = try TestSite()
        let receiver = try SyslogReceiver(site)
        try await receiver.start()
        try site.configure(gateway: "audit: { forward: { to: \"syslog+tls://localhost:\(receiver.port)\", ca: ../certs/ca.pem } }")
        try site.acme(to: "file:../../events")
        try await serving(site) { gateway in
            try await send(5, gateway, site)
            #expect(await eventually { Set(receiver.lines).isSuperset(of: log(site)) })
            receiver.freeze()
            try await send(50, gateway, site)
            let destination = "{destination=\"syslog+tls://localhost:\(receiver.port)\"}"
            #expect(
                try await eventually {
                    try await gateway.admin("/metrics").text.contains("gatehouse_forward_behind_records\(destination) 0")
                })
            // Longer than a connection must live on after the other side took a record.
            try await Task.sleep(for: .seconds(4))
            #expect(!Set(receiver.lines).isSuperset(of: log(site)))
            receiver.kill()
            try await receiver.start()
            #expect(await eventually { Set(receiver.lines).isSuperset(of: log(site)) })
        }
        #expect(await eventually { Set(receiver.lines).isSuperset(of: log(site)) })
        #expect(receiver.lines.allSatisfy { !$0.hasPrefix("BAD") })
        receiver.kill()
    }

    @Test("a receiver whose certificate is not the authority's gets nothing, and status says why")
    func wrongAuthority() async throws {
        let site = try TestSite()
        let receiver = try SyslogReceiver(site)
        try await receiver.start()
        try site.configure(
            gateway: "audit: { forward: [{ to: \"syslog+tls://localhost:\(receiver.port)\", ca: ../certs/clients-ca.pem }] }")
        try site.acme(to: "file:../../events")
        try await serving(site) { gateway in
            try await send(3, gateway, site)
            #expect(try await eventually { try status(site).warnings.contains { $0.contains("the certificate of localhost was refused") } })
        }
        #expect(receiver.lines.isEmpty)
        receiver.kill()
    }

    @Test("a file gets the records as they are, each once, over restarts and rotation, and a reload begins and ends it")
    func file() async throws {
        let site = try TestSite()
        try site.configure(gateway: "audit: { forward: \"file:../copy.jsonl\" }")
        try site.acme(to: "file:../../events")
        func copy(_ name: String = "copy.jsonl") -> [String] {
            String(decoding: site.folder.read(name), as: UTF8.self).split(separator: "\n").map(String.init)
        }
        try await serving(site) { gateway in
            try await send(3, gateway, site)
            #expect(await eventually { copy() == log(site) })
        }
        #expect(copy() == log(site))
        // As after a crash that kept it from being noted how far the copy got.
        try await serving(site) { gateway in
            try await send(2, gateway, site)
            #expect(await eventually { copy() == log(site) })
            try FileManager.default.moveItem(atPath: site.folder("copy.jsonl"), toPath: site.folder("copy.1"))
            try await send(2, gateway, site)
            #expect(await eventually { copy("copy.1") + copy() == log(site) })
            try site.configure(gateway: "")
            gateway.reload()
            #expect(try await eventually { try site.records().contains { $0.kind == "system" && $0.seq > 12 } })
            #expect(await eventually { copy().count < log(site).count || !copy().isEmpty })
        }
        let ended = copy().count
        try await serving(site) { gateway in try await send(1, gateway, site) }
        #expect(copy().count == ended)
        #expect(log(site).starts(with: copy("copy.1") + copy()))
    }
}
