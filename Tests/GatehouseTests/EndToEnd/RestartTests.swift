import Foundation
import GatehouseTesting
import Testing

@Suite("Restarts")
struct RestartTests {
    @Test("SEC-63: what was accepted stays known over a restart, answer and all; what failed stays free")
    func restart() async throws {
        let handler = try await TestHandler.start { request in
            .answer(request["gatehouse-event-id"] == "bad" ? 500 : 201, "made", type: "text/x-made")
        }
        let site = try TestSite()
        try site.acme(to: handler.url())
        let sender = try site.acmeSender()
        let good = try sender.request(id: "good", "{}")
        let bad = try sender.request(id: "bad", "{}")
        try await serving(site) { gateway in
            try expect(try await gateway.send(good), 201, "accepted", "ok", at: site)
            try expect(try await gateway.send(bad), 500, "failed", "handler-failed", at: site)
        }
        try await serving(site) { gateway in
            let copy = try await gateway.send(good)
            try expect(copy, 201, "duplicate", "duplicate", at: site)
            #expect(copy.text == "made")
            #expect(copy["content-type"] == "text/x-made")
            try expect(try await gateway.send(bad), 500, "failed", "handler-failed", at: site)
            #expect(handler.count == 3)
        }
        let kinds = try site.records().filter { $0.kind == "system" }
        #expect(kinds.count >= 4)
        #expect(try site.records().map(\.seq) == Array(1...(try site.records().count)))
    }

    @Test("SEC-63, SEC-79: kill -9 loses nothing that was answered, and the log verifies after the next start")
    func killed() async throws {
        let handler = try await TestHandler.start { _ in .answer(201, "made") }
        let site = try TestSite()
        try site.configure(gateway: "log: { level: info }")
        try site.acme(to: handler.url())
        let sender = try site.acmeSender()
        let requests = try (1...50).map { try sender.request(id: "msg_\($0)", "{}") }
        let first = try await GatewayProgram.start(site)
        let connection = try await first.connect()
        for request in requests { connection.post(request.bytes) }
        for _ in requests { #expect(try await connection.answer().status == 201) }
        first.signal(SIGKILL)
        #expect(await first.exit() == -SIGKILL)
        await connection.close()
        #expect(handler.count == 50)
        let second = try await GatewayProgram.start(site)
        for request in requests {
            let copy = try await second.send(request)
            try expect(copy, 201, "duplicate", "duplicate", at: site)
            #expect(copy.text == "made" || copy.text.isEmpty)
        }
        #expect(handler.count == 50)
        second.signal(SIGTERM)
        #expect(await second.exit() == 0)
        try expectGoodLog(site)
    }

    @Test("kill -9 in the middle of events: each that was answered is known, each that was not may come again, the log is whole")
    func killedUnderLoad() async throws {
        let handler = try await TestHandler.start()
        let site = try TestSite()
        try site.configure(gateway: "log: { level: info }")
        try site.acme(to: handler.url())
        let sender = try site.acmeSender()
        let requests = try (1...400).map { try sender.request(id: "msg_\($0)", "{}") }
        let first = try await GatewayProgram.start(site)
        let connection = try await first.connect()
        for request in requests { connection.post(request.bytes) }
        var answered = 0
        while answered < 40 {
            #expect(try await connection.answer().status == 200)
            answered += 1
        }
        first.signal(SIGKILL)
        _ = await first.exit()
        while (try? await connection.answer()) != nil { answered += 1 }
        let second = try await GatewayProgram.start(site)
        for (index, request) in requests.enumerated() {
            let copy = try await second.send(request)
            #expect(copy.status == 200)
            if index < answered { #expect(try site.decision(of: copy)?.decision == "duplicate") }
        }
        second.signal(SIGTERM)
        #expect(await second.exit() == 0)
        // The one that was on its way to its answer has a record and no answer.
        try expectGoodLog(site, unanswered: ["ok"])
    }

    @Test("SIGTERM ends the program with 0, a second gateway on the same state is refused, and SIGHUP takes a new policy over")
    func signals() async throws {
        let handler = try await TestHandler.start()
        let site = try TestSite()
        try site.configure(gateway: "log: { level: info }")
        try site.acme(to: handler.url())
        let program = try await GatewayProgram.start(site)
        await #expect(throws: GatewayProgram.NotReady.self) { try await GatewayProgram.start(site) }
        let other = try TestSender("standard-webhooks", secret: site.secret, path: "/hooks/other")
        #expect(try await program.send(try other.request("{}")).status == 404)
        try site.endpoint("other", to: handler.url())
        program.signal(SIGHUP)
        #expect(try await eventually { try await program.send(try other.request("{}")).status == 200 })
        // A policy with a mistake changes nothing.
        try site.folder.write("policies/endpoints/third.yaml", "path: /hooks/third\nnonsense: true\n")
        program.signal(SIGHUP)
        #expect(await eventually { program.messages.contains("not reloaded") })
        #expect(try await program.send(try other.request("{}")).status == 200)
        program.signal(SIGTERM)
        #expect(await program.exit() == 0)
        try FileManager.default.removeItem(atPath: site.folder("policies/endpoints/third.yaml"))
        try expectGoodLog(site)
        #expect(!program.messages.contains(site.secret))
    }

    @Test("a changed policy file is taken over by itself, and a certificate is swapped without a failed request (SEC-9)")
    func reload() async throws {
        let (handler, site, sender) = try await relayed()
        let other = try TestSender("standard-webhooks", secret: site.secret, path: "/hooks/other")
        try await serving(site) { gateway in
            let kept = try await gateway.connect()
            try site.endpoint("other", to: handler.url())
            #expect(try await eventually { try await gateway.send(try other.request("{}")).status == 200 })
            // The key of another certificate: the old pair stays.
            try site.writeServer("new", names: ["localhost", "new.test"])
            try site.folder.write("certs/server.key", String(decoding: site.folder.read("certs/new.key"), as: UTF8.self))
            let before = try site.records().count { $0.kind == "system" }
            gateway.reload()
            #expect(try await eventually { try site.records().count { $0.kind == "system" } > before })
            try expect(try await gateway.send(try sender.request("{}")), 200, "accepted", "ok", at: site)
            try site.folder.write("certs/server.pem", String(decoding: site.folder.read("certs/new.pem"), as: UTF8.self))
            gateway.reload()
            #expect(
                await eventually {
                    guard let connection = try? await gateway.connect(serverName: "new.test") else { return false }
                    await connection.close()
                    return true
                })
            try await kept.send(try sender.request("{}"))
            try expect(try await kept.answer(), 200, "accepted", "ok", at: site)
            await kept.close()
        }
    }

    @Test("an event made with openssl and curl alone is accepted, its replay answered, a changed byte and a stale one refused")
    func digitalRiver() async throws {
        let handler = try await TestHandler.start()
        let site = try TestSite()
        try site.sender("river")
        try site.endpoint("river", to: handler.url(), senders: "[river]", authenticate: "[{ signature: digital-river }]")
        try site.add("river/signing", "whk_0123456789abcdef")
        try await serving(site, unanswered: ["ok", "duplicate", "signature-mismatch", "timestamp-stale"]) { (gateway) async throws in
            let now = Int(Date().timeIntervalSince1970)
            let body = "{\"id\":\"ev_1\",\"type\":\"order.accepted\"}"
            func curl(at time: Int, id: String = "ev_1", sentAs sent: String? = nil) async throws -> String {
                try site.folder.write("signed", "\(time)." + body.replacing("ev_1", with: id))
                try site.folder.write("body", body.replacing("ev_1", with: sent ?? id))
                let digest = try await Tool.run(
                    "openssl", ["dgst", "-sha256", "-hmac", "whk_0123456789abcdef", "-binary", "-out", "mac", "signed"], in: site.folder)
                #expect(digest.status == 0)
                let signature = site.folder.read("mac")
                let header = "DigitalRiver-Signature: \(time), \(Data(signature).base64EncodedString())"
                return try await Tool.run(
                    "curl",
                    [
                        "-s", "-w", "%{http_code}", "--cacert", "certs/ca.pem", "-H", header, "--data-binary", "@body",
                        "https://localhost:\(gateway.port)/hooks/river",
                    ],
                    in: site.folder
                ).output
            }
            #expect(try await curl(at: now) == "taken200")
            #expect(try await curl(at: now) == "taken200")
            #expect(try await curl(at: now, sentAs: "ev_2").hasSuffix("401"))
            #expect(try await curl(at: now - 1_000, id: "ev_3").hasSuffix("401"))
            #expect(handler.count == 1)
            #expect(try site.decisions().map(\.reason) == ["ok", "duplicate", "signature-mismatch", "timestamp-stale"])
        }
    }
}
