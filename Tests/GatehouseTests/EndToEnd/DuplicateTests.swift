import Foundation
import GatehouseCrypto
import GatehouseTesting
import GatehouseTime
import Testing

@Suite("Duplicates")
struct DuplicateTests {
    @Test("a copy of an accepted event gets the first one's answer; the handler is not called")
    func copy() async throws {
        let (handler, site, sender) = try await relayed { _ in .answer(201, "made", type: "text/x-made") }
        try await serving(site) { gateway in
            let request = try sender.request(id: "msg_1", "{}")
            let first = try await gateway.send(request)
            let key = try expect(first, 201, "accepted", "ok", at: site)?.event?.key
            // Signed again, as senders do that retry: the id is what counts.
            let later = WallTime(seconds: (Int64(request["webhook-timestamp"]) ?? 0) + 1)
            let copies = [request, request, try sender.request(id: "msg_1", "{}", at: later)]
            for copy in copies {
                let answer = try await gateway.send(copy)
                let line = try expect(answer, 201, "duplicate", "duplicate", at: site)
                #expect(line?.event?.key == key)
                #expect(answer.text == "made")
                #expect(answer["content-type"] == "text/x-made")
                #expect(answer.reference != first.reference)
            }
            #expect(handler.count == 1)
        }
    }

    @Test("a copy whose time has become stale gets the first one's answer too; a stale event that nobody knows is refused")
    func stale() async throws {
        let handler = try await TestHandler.start { _ in .answer(201, "made") }
        let site = try TestSite()
        try site.acme(to: handler.url())
        try site.endpoint("both", to: handler.url(), authenticate: "[{ signature: standard-webhooks }, basic]")
        let password = "Basic " + Base64.encode(Array(try site.add("acme/basic").utf8))
        let sender = try site.acmeSender()
        let both = try TestSender("standard-webhooks", secret: site.secret, path: "/hooks/both")
        let old = SystemClock().now - .seconds(3_600)
        try await serving(site) { gateway in
            try expectRefusal(try await gateway.send(try sender.request(id: "msg_1", "{}", at: old)), 401, "timestamp-stale", at: site)
            try expect(try await gateway.send(try sender.request(id: "msg_1", "{}")), 201, "accepted", "ok", at: site)
            let copy = try await gateway.send(try sender.request(id: "msg_1", "{}", at: old))
            try expect(copy, 201, "duplicate", "duplicate", at: site)
            #expect(copy.text == "made")
            // Everything else must still hold.
            let forged = try sender.request(id: "msg_1", "{}", at: old).changed { $0.body = Array("[]".utf8) }
            try expectRefusal(try await gateway.send(forged), 401, "signature-mismatch", at: site)
            try expect(
                try await gateway.send(try both.request(id: "msg_1", "{}").with("Authorization", password)), 201, "accepted", "ok", at: site
            )
            let late = try both.request(id: "msg_1", "{}", at: old)
            try expectRefusal(try await gateway.send(late), 401, "timestamp-stale", at: site)
            try expect(try await gateway.send(late.with("Authorization", password)), 201, "duplicate", "duplicate", at: site)
            #expect(handler.count == 2)
        }
        try await serving(site) { gateway in
            let copy = try await gateway.send(try sender.request(id: "msg_1", "{}", at: old))
            try expect(copy, 201, "duplicate", "duplicate", at: site)
            #expect(copy.text == "made")
            try expectRefusal(try await gateway.send(try sender.request(id: "msg_2", "{}", at: old)), 401, "timestamp-stale", at: site)
            #expect(handler.count == 2)
        }
    }

    @Test("a kept body is at most 4 KiB; past that a copy gets an empty one", arguments: [4_096, 4_097])
    func keptBody(size: Int) async throws {
        let (_, site, sender) = try await relayed { _ in .answer(200, String(repeating: "x", count: size)) }
        let request = try sender.request(id: "msg_1", "{}")
        try await serving(site) { gateway in
            #expect(try await gateway.send(request).body.count == size)
            let copy = try await gateway.send(request)
            try expect(copy, 200, "duplicate", "duplicate", at: site)
            #expect(copy.body.count == (size <= 4_096 ? size : 0))
        }
    }

    @Test("SEC-65: 32 copies at once call the handler once, and all get its answer")
    func simultaneous() async throws {
        let gate = Gate()
        let (handler, site, sender) = try await relayed(delivery: "timeout: 20s", behind: gate) { _ in .answer(202, "once") }
        let request = try sender.request(id: "msg_1", "{}")
        try await serving(site) { gateway in
            var connections: [RawConnection] = []
            for _ in 0..<32 { connections.append(try await gateway.connect()) }
            for connection in connections { connection.post(request.bytes) }
            #expect(await eventually { handler.count == 1 })
            gate.open()
            var decisions: [String] = []
            for connection in connections {
                let answer = try await connection.answer()
                #expect(answer.status == 202)
                #expect(answer.text == "once")
                decisions.append(try site.decision(of: answer)?.decision ?? "")
                await connection.close()
            }
            #expect(handler.count == 1)
            #expect(decisions.count { $0 == "accepted" } == 1)
            #expect(decisions.count { $0 == "duplicate" } == 31)
        }
    }

    @Test("SEC-65: copies that wait get the failure too; only a later one goes to the handler again")
    func sharedFailure() async throws {
        let gate = Gate()
        let (handler, site, sender) = try await relayed(delivery: "timeout: 20s", behind: gate) { _ in .answer(500, "no") }
        let request = try sender.request(id: "msg_1", "{}")
        try await serving(site) { gateway in
            let first = try await gateway.connect()
            first.post(request.bytes)
            #expect(await eventually { handler.count == 1 })
            let others = try await [gateway.connect(), gateway.connect()]
            for other in others { other.post(request.bytes) }
            // A copy that comes after the failure is called for by itself, and fails the same way.
            gate.open()
            for connection in [first] + others {
                let answer = try await connection.answer()
                #expect(answer.status == 500)
                #expect(answer.text == "no")
                await connection.close()
            }
            #expect((1...3).contains(handler.count))
            handler.behave { _ in .answer(200, "yes") }
            #expect(try await gateway.send(request).text == "yes")
        }
    }

    @Test("a copy waits no longer than the relay's timeout, then gets 503")
    func impatient() async throws {
        let gate = Gate()
        let (handler, site, sender) = try await relayed(delivery: "timeout: 400ms, late: 30s", behind: gate)
        let request = try sender.request(id: "msg_1", "{}")
        try await serving(site) { gateway in
            try expect(try await gateway.send(request), 504, "failed", "handler-failed", at: site)
            let copy = try await gateway.send(request)
            #expect(copy.status == 503 || copy.status == 504)
            if copy.status == 503 {
                #expect(copy["retry-after"] != nil)
                let decision = try #require(try site.decision(of: copy))
                #expect(decision.reason == "unavailable" && decision.detail?.hasPrefix("waited for the answer to the first") == true)
            }
            gate.open()
            #expect(try await eventually { try await gateway.send(request).status == 200 })
            #expect(handler.count == 1)
        }
    }

    @Test("a late 2xx is recorded, and what was recorded stays known over kill -9")
    func lateRecorded() async throws {
        let gate = Gate()
        let (handler, site, sender) = try await relayed(delivery: "timeout: 300ms, late: 30s", behind: gate)
        try site.configure(gateway: "log: { level: info }")
        let request = try sender.request(id: "msg_1", "{}")
        let gateway = try await GatewayProgram.start(site)
        let late = try await gateway.send(request)
        try expect(late, 504, "failed", "handler-failed", at: site)
        gate.open()
        #expect(try await eventually { try site.records().contains { $0.action == "accepted-late" } })
        gateway.signal(SIGKILL)
        #expect(await gateway.exit() == -SIGKILL)
        let record = try #require(try site.records().first { $0.action == "accepted-late" })
        let decision = try #require(try site.decision(of: late))
        #expect(record.kind == "system" && record.reference == late.reference && record.endpoint == "acme" && record.sender == "acme")
        #expect(record.event?.key == decision.event?.key && record.event?.id == "msg_1")
        try await serving(site) { gateway in
            let copy = try await gateway.send(request)
            try expect(copy, 200, "duplicate", "duplicate", at: site)
            #expect(handler.count == 1)
        }
        try expectGoodLog(site)
    }

    @Test("SEC-65: copies that come together to a late handler all get the first one's 504")
    func lateTogether() async throws {
        let gate = Gate()
        let (handler, site, sender) = try await relayed(delivery: "timeout: 500ms, late: 30s", behind: gate)
        try await serving(site) { gateway in
            var connections: [RawConnection] = []
            for _ in 0..<24 { connections.append(try await gateway.connect()) }
            for number in 1...4 {
                let request = try sender.request(id: "msg_\(number)", "{}")
                for connection in connections { connection.post(request.bytes) }
                for connection in connections { #expect(try await connection.answer().status == 504) }
                #expect(handler.count == number)
            }
            gate.open()
            for connection in connections { await connection.close() }
        }
    }

    @Test("another body under a known id gets the first one's answer, and its reason says so")
    func conflictAnswered() async throws {
        let (handler, site, sender) = try await relayed { _ in .answer(200, "first") }
        try await serving(site) { gateway in
            _ = try await gateway.send(try sender.request(id: "msg_1", "{\"attempt\":1}"))
            let answer = try await gateway.send(try sender.request(id: "msg_1", "{\"attempt\":2}"))
            try expect(answer, 200, "duplicate", "event-conflict", at: site)
            #expect(answer.text == "first")
            #expect(handler.count == 1)
        }
    }

    @Test("with `conflict: refuse` another body under a known id is 409")
    func conflictRefused() async throws {
        let (handler, site, sender) = try await relayed("replay: { conflict: refuse }")
        try await serving(site) { gateway in
            let request = try sender.request(id: "msg_1", "{\"attempt\":1}")
            _ = try await gateway.send(request)
            try expectRefusal(try await gateway.send(try sender.request(id: "msg_1", "{\"attempt\":2}")), 409, "event-conflict", at: site)
            try expect(try await gateway.send(request), 200, "duplicate", "duplicate", at: site)
            #expect(handler.count == 1)
        }
    }

    @Test(
        "without an id that is signed, a copy is known by its bytes; with `without-id: deliver` it is not known", arguments: [true, false])
    func withoutID(isKnown: Bool) async throws {
        let handler = try await TestHandler.start()
        let site = try TestSite()
        try site.sender("acme")
        try site.endpoint(
            "acme", to: handler.url(), authenticate: "[{ signature: github }]", isKnown ? "" : "replay: { without-id: deliver }")
        try site.add("acme/signing", "a secret of some length")
        let sender = try TestSender("github", secret: "a secret of some length", path: "/hooks/acme")
        try await serving(site) { (gateway) async throws in
            // SEC-64: another X-GitHub-Delivery, which is not signed, makes no other event of it.
            for id in ["1", "2"] {
                #expect(try await gateway.send(try sender.request("{}", fields: [("X-GitHub-Delivery", id)])).status == 200)
            }
            #expect(handler.count == (isKnown ? 1 : 2))
        }
    }

    @Test("the same id on another endpoint or from another sender is another event")
    func apart() async throws {
        let handler = try await TestHandler.start()
        let site = try TestSite()
        try site.acme(to: handler.url())
        try site.endpoint("other", to: handler.url(), senders: "[acme, zeta]")
        try site.sender("zeta")
        let zeta = try site.add("zeta/signing")
        let requests = [
            try site.acmeSender().request(id: "msg_1", "{}"),
            try TestSender("standard-webhooks", secret: site.secret, path: "/hooks/other").request(id: "msg_1", "{}"),
            try TestSender("standard-webhooks", secret: zeta, path: "/hooks/other").request(id: "msg_1", "{}"),
        ]
        try await serving(site) { gateway in
            for request in requests { try expect(try await gateway.send(request), 200, "accepted", "ok", at: site) }
            #expect(handler.requests.map { $0["gatehouse-sender"] } == ["acme", "acme", "zeta"])
        }
    }

    @Test("SEC-64: a request that is refused leaves nothing behind that would keep the genuine one out")
    func refusedFirst() async throws {
        let (_, site, sender) = try await relayed()
        let request = try sender.request(id: "msg_1", "{}")
        try await serving(site) { gateway in
            try expectRefusal(try await gateway.send(request.changed { $0.body = Array("[]".utf8) }), 401, "signature-mismatch", at: site)
            try expect(try await gateway.send(request), 200, "accepted", "ok", at: site)
        }
    }

    @Test("a sender that hangs up while the handler works has its event accepted all the same")
    func hungUp() async throws {
        let gate = Gate()
        let (handler, site, sender) = try await relayed(delivery: "timeout: 20s", behind: gate) { _ in .answer(200, "taken") }
        let request = try sender.request(id: "msg_1", "{}")
        try await serving(site, unanswered: ["ok"]) { gateway in
            let connection = try await gateway.connect()
            connection.post(request.bytes)
            #expect(await eventually { handler.count == 1 })
            await connection.close()
            #expect(await eventually { connection.isEnded })
            gate.open()
            #expect(try await eventually { try site.decisions().contains { $0.decision == "accepted" } })
            let copy = try await gateway.send(request)
            try expect(copy, 200, "duplicate", "duplicate", at: site)
            #expect(copy.text == "taken")
            #expect(handler.count == 1)
        }
    }
}
