import GatehouseAudit
import GatehouseTesting
import Testing

@Suite("Connections")
struct ConnectionTests {
    @Test("SEC-19: pipelined requests are answered in order, whatever becomes of each")
    func pipelining() async throws {
        let gate = Gate()
        let handler = try await TestHandler.start { request in
            if request["gatehouse-event-id"] == "slow" { await gate.pass() }
            return .answer(request["gatehouse-event-id"] == "bad" ? 500 : 200, request["gatehouse-event-id"] ?? "")
        }
        let site = try TestSite()
        try site.acme(to: handler.url(), delivery: "timeout: 20s")
        let sender = try site.acmeSender()
        try await serving(site) { gateway in
            let requests = [
                try sender.request(id: "slow", "{}"), RawRequest("/nowhere", body: "{}"), try sender.request(id: "bad", "{}"),
                try sender.request(id: "one", "{}").replacing("webhook-signature", "v1,AAAA"),
                try sender.request(id: "two", "{}").changed { $0.chunks = [1] },
                try sender.request(id: "two", "{}"), RawRequest("/hooks/acme").changed { $0.method = "GET" },
                try sender.request(id: "last", "{}").with("Connection", "close"),
            ]
            let connection = try await gateway.connect()
            connection.post(requests.flatMap(\.bytes) + RawRequest("/behind-the-end").bytes)
            #expect(await eventually { handler.count == 1 })
            gate.open()
            let expected = [
                (200, "ok"), (404, "not-found"), (500, "handler-failed"), (401, "signature-malformed"), (200, "ok"), (200, "duplicate"),
                (405, "method"), (200, "ok"),
            ]
            for (status, reason) in expected {
                let answer = try await connection.answer()
                #expect(answer.status == status)
                let record = try site.decision(of: answer)
                let found = record?.reason
                if reason == "handler-failed" { #expect(record?.detail == "the handler answered 500") }
                #expect(found == reason || reason == "signature-malformed" && found == "signature-mismatch")
            }
            await #expect(throws: (any Error).self) { try await connection.answer() }
            #expect(handler.requests.map { $0["gatehouse-event-id"] } == ["slow", "bad", "two", "last"])
            await connection.close()
        }
    }

    @Test("a request may come a byte at a time, and so may the next")
    func byteByByte() async throws {
        let (_, site, sender) = try await relayed()
        try await serving(site) { gateway in
            let connection = try await gateway.connect()
            for chunks in [nil, [1, 2]] {
                for byte in try sender.request("{\"a\":1}").changed({ $0.chunks = chunks }).bytes { try await connection.send([byte]) }
                try expect(try await connection.answer(), 200, "accepted", "ok", at: site)
            }
            await connection.close()
        }
    }

    @Test("a connection is kept unless the sender or a refusal ends it")
    func keepAlive() async throws {
        let (handler, site, sender) = try await relayed()
        try await serving(site) { gateway in
            let kept = try await gateway.connect()
            try await kept.send(try sender.request("{}"))
            #expect(try await kept.answer().closes == false)
            try await kept.send(
                Array("\r\n".utf8) + (try sender.request("{}").changed { $0.version = "HTTP/1.0" }.with("Connection", "Keep-Alive").bytes))
            #expect(try await kept.answer().status == 200)
            try await kept.send(try sender.request("{}").changed { $0.version = "HTTP/1.0" })
            let last = try await kept.answer()
            #expect(last.status == 200)
            #expect(last.closes)
            try await kept.ended()
            await kept.close()
            #expect(handler.count == 3)
        }
    }

    @Test("SEC-15: the absolute form is taken by its path, and signed URLs come from policy, never from the request")
    func absoluteForm() async throws {
        let handler = try await TestHandler.start()
        let site = try TestSite()
        try site.sender("acme")
        try site.endpoint("acme", to: handler.url(), authenticate: "[{ signature: square }]")
        try site.add("acme/signing", "a secret of some length")
        let sender = try TestSender("square", secret: "a secret of some length", path: "/hooks/acme")
        let elsewhere = try TestSender("square", secret: "a secret of some length", path: "/hooks/acme", base: "https://evil.test")
        try await serving(site) { gateway in
            let request = try sender.request("{\"event_id\":\"1\"}").changed { $0.target = "https://evil.test" + $0.target }
            try expect(try await gateway.send(request), 200, "accepted", "ok", at: site)
            let forged = try elsewhere.request("{\"event_id\":\"2\"}").changed { $0.host = "evil.test" }
            try expectRefusal(try await gateway.send(forged), 401, "signature-mismatch", at: site)
            #expect(handler.requests.first?["host"] == "127.0.0.1:\(handler.port)")
        }
    }

    @Test("SEC-13, SEC-19: chunk extensions and trailers are read over and reach no handler")
    func trailers() async throws {
        let (handler, site, sender) = try await relayed()
        try await serving(site) { gateway in
            let request = try sender.request("{\"a\":\"b\"}").changed {
                $0.chunks = [4]
                $0.trailers = "X-Trailer: forged\r\nGatehouse-Sender: forged\r\n"
            }
            let connection = try await gateway.connect()
            try await connection.send(request)
            try expect(try await connection.answer(), 200, "accepted", "ok", at: site)
            let extended = String(decoding: try sender.request("{\"a\":\"b\"}").changed { $0.chunks = [] }.bytes, as: UTF8.self)
            try await connection.send(extended.replacing("\r\n9\r\n", with: "\r\n0009;a=b;c=\"d;\\\"\\r\"\r\n".replacing("\\r", with: "r")))
            try expect(try await connection.answer(), 200, "accepted", "ok", at: site)
            #expect(handler.requests.allSatisfy { $0.text == "{\"a\":\"b\"}" && !$0.fields.contains { $0.value == "forged" } })
            #expect(handler.count == 2)
            await connection.close()
        }
    }

    @Test("SEC-20: 100 Continue comes once the head passed, and not where it is refused or the body is already there")
    func expectContinue() async throws {
        let (_, site, sender) = try await relayed("limits: { body: 100B }")
        try await serving(site) { gateway in
            let request = try sender.request("{}").with("Expect", "100-continue")
            let connection = try await gateway.connect()
            try await connection.send(request.head)
            #expect(try await connection.answer().status == 100)
            try await connection.send(request.body)
            try expect(try await connection.answer(), 200, "accepted", "ok", at: site)
            let chunked = try sender.request("{}").with("Expect", "100-continue").changed { $0.chunks = [1] }
            try await connection.send(chunked.head)
            #expect(try await connection.answer().status == 100)
            try await connection.send(Array(chunked.bytes.dropFirst(chunked.head.count)))
            try expect(try await connection.answer(), 200, "accepted", "ok", at: site)
            // With the body at hand nobody waits for a 100.
            try await connection.send(try sender.request("{}").with("Expect", "100-continue"))
            try expect(try await connection.answer(), 200, "accepted", "ok", at: site)
            await connection.close()
            let refused: [(RawRequest, Int, String)] = [
                (request.changed { $0.target = "/nowhere" }, 404, "not-found"), (request.changed { $0.method = "GET" }, 405, "method"),
                (request.with("Content-Length", "101"), 413, "too-large"),
            ]
            for (request, status, reason) in refused {
                let connection = try await gateway.connect()
                try await connection.send(request.head)
                let answer = try await connection.answer()
                try expectRefusal(answer, status, reason, at: site)
                #expect(answer.closes)
                await connection.close()
            }
            // HTTP/1.0 knows no interim answers.
            let old = try await gateway.connect()
            try await old.send(try sender.request("{}").with("Expect", "100-continue").changed { $0.version = "HTTP/1.0" })
            try expect(try await old.answer(), 200, "accepted", "ok", at: site)
            await old.close()
        }
    }

    @Test("SEC-16: the unread body of a refused request is dropped, and the connection goes on behind it")
    func unreadBody() async throws {
        let (handler, site, sender) = try await relayed()
        try await serving(site) { gateway in
            let connection = try await gateway.connect()
            let inner = try sender.request("{}")
            // A genuine request inside the body of a refused one is a body.
            let outer = RawRequest("/nowhere", body: String(decoding: inner.bytes, as: UTF8.self))
            try await connection.send(Array(outer.bytes.dropLast(10)))
            try expectRefusal(try await connection.answer(), 404, "not-found", at: site)
            try await connection.send(Array(outer.bytes.suffix(10)))
            try await connection.send(inner)
            try expect(try await connection.answer(), 200, "accepted", "ok", at: site)
            #expect(handler.count == 1)
            await connection.close()
        }
    }

    @Test("SEC-18: a head that takes too long is 408, however steadily its bytes come")
    func slowHead() async throws {
        let site = try TestSite(limits: "header-timeout: 500ms, body-timeout: 20s")
        try site.acme(to: "file:events.jsonl")
        try await serving(site) { gateway in
            let connection = try await gateway.connect()
            try await connection.send("POST /hooks/acme HTTP/1.1\r\nX: ")
            let drip = Task {
                while !Task.isCancelled {
                    try await connection.send("x")
                    try await Task.sleep(for: .milliseconds(50))
                }
            }
            let answer = try await connection.answer()
            drip.cancel()
            try expectRefusal(answer, 408, "timeout", at: site)
            #expect(answer.closes)
            try await connection.ended()
            await connection.close()
        }
    }

    @Test("SEC-18: a body that takes too long is 408, and no handler hears of it", arguments: [true, false])
    func slowBody(isChunked: Bool) async throws {
        let (handler, site, sender) = try await relayed(at: TestSite(limits: "body-timeout: 500ms"))
        let request = try sender.request(String(repeating: "x", count: 400)).changed { $0.chunks = isChunked ? [400] : nil }
        try await serving(site) { gateway in
            let connection = try await gateway.connect()
            try await connection.send(Array(request.bytes.dropLast(300)))
            let drip = Task {
                while !Task.isCancelled {
                    try await connection.send("x")
                    try await Task.sleep(for: .milliseconds(50))
                }
            }
            let answer = try await connection.answer()
            drip.cancel()
            let line = try expectRefusal(answer, 408, "timeout", at: site)
            #expect(line?.endpoint == "acme")
            #expect(answer.closes)
            #expect(handler.count == 0)
            await connection.close()
        }
    }

    @Test("SEC-8: a handshake that is not finished in time is closed, an idle connection too; neither is a request")
    func idle() async throws {
        let site = try TestSite(limits: "header-timeout: 300ms, idle-timeout: 300ms")
        try site.acme(to: "file:events.jsonl")
        try await serving(site) { gateway in
            let bare = try await gateway.connect(isTLS: false)
            try await bare.ended()
            await bare.close()
            let idle = try await gateway.connect()
            try await idle.ended()
            await idle.close()
            #expect(try site.decisions().isEmpty)
        }
    }

    @Test("SEC-18: a sender that does not read its answers is cut, and disturbs nobody")
    func slowReader() async throws {
        let (handler, site, sender) = try await relayed(at: TestSite(limits: "idle-timeout: 1s, header-timeout: 1s")) { _ in
            .answer(200, String(repeating: "x", count: 500_000))
        }
        try await serving(site, unanswered: ["ok"]) { gateway in
            let connection = try await gateway.connect()
            try await connection.setReading(false)
            for _ in 0..<200 { connection.post(try sender.request("{}").bytes) }
            #expect(await eventually { handler.count >= 3 })
            try expect(try await gateway.send(try sender.request("{}")), 200, "accepted", "ok", at: site)
            // The gateway stops to read from it: not all of its requests are taken.
            #expect(
                try await eventually { try await gateway.admin("/metrics").text.split(separator: "\n").contains("gatehouse_connections 0") }
            )
            #expect(handler.count < 150)
            await connection.close()
        }
    }

    @Test("SEC-8: past its share of connections a peer is turned away, and let in again when one closes")
    func share() async throws {
        let (_, site, sender) = try await relayed(at: TestSite(limits: "per-peer: 3"))
        try await serving(site) { gateway in
            var open: [RawConnection] = []
            for _ in 0..<3 { open.append(try await gateway.connect()) }
            await #expect(throws: (any Error).self) { try await gateway.connect() }
            try await open[0].send(try sender.request("{}"))
            try expect(try await open[0].answer(), 200, "accepted", "ok", at: site)
            await open[0].close()
            var again: RawConnection?
            #expect(
                await eventually {
                    again = try? await gateway.connect()
                    return again != nil
                })
            for connection in open { await connection.close() }
            await again?.close()
        }
    }

    @Test(
        "plain HTTP, PROXY preambles that nobody asked for and noise on the TLS port are turned away",
        arguments: [
            "POST /hooks/acme HTTP/1.1\r\nHost: localhost\r\n\r\n", "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n",
            "\u{1}\u{2}\u{3}\u{4}\u{5}\u{6}",
        ])
    func notTLS(bytes: String) async throws {
        let site = try TestSite()
        try site.acme(to: "file:events.jsonl")
        try await serving(site) { gateway in
            let connection = try await gateway.connect(isTLS: false)
            connection.post(Array(bytes.utf8))
            if bytes.hasPrefix("P") {
                #expect(String(decoding: try await connection.someBytes(), as: UTF8.self).hasPrefix("HTTP/1.1 400 "))
            }
            try await connection.ended()
            await connection.close()
        }
    }

    @Test("a stopping gateway serves the request that is under way, says `Connection: close`, and takes no more")
    func drain() async throws {
        let gate = Gate()
        let (handler, site, sender) = try await relayed(delivery: "timeout: 20s", behind: gate) { _ in .answer(200, "in time") }
        let request = try sender.request("{}")
        await Slots.shared.enter()
        defer { Slots.shared.leave() }
        let gateway = try await LiveGateway.start(site)
        let idle = try await gateway.connect()
        let busy = try await gateway.connect()
        busy.post(request.bytes)
        #expect(await eventually { handler.count == 1 })
        let stopping = Task { try await gateway.stop() }
        try await idle.ended()
        #expect(await eventually { (try? await gateway.connect()) == nil })
        gate.open()
        let answer = try await busy.answer()
        #expect(answer.text == "in time")
        #expect(answer.closes)
        await busy.close()
        await idle.close()
        try await stopping.value
        try expectGoodLog(site)
    }

    @Test("past `drain` a request that is still under way gets 503")
    func drainOver() async throws {
        let gate = Gate()
        let handler = try await TestHandler.start { _ in
            await gate.pass()
            return .answer(200)
        }
        let site = try TestSite()
        try site.acme(to: handler.url(), delivery: "timeout: 60s, late: 60s")
        try site.folder.write(
            "policies/gateway.yaml",
            String(decoding: site.folder.read("policies/gateway.yaml"), as: UTF8.self).replacing("drain: 5s", with: "drain: 500ms"))
        let request = try site.acmeSender().request("{}")
        await Slots.shared.enter()
        defer { Slots.shared.leave() }
        let gateway = try await LiveGateway.start(site)
        let busy = try await gateway.connect()
        busy.post(request.bytes)
        #expect(await eventually { handler.count == 1 })
        let stopping = Task { try await gateway.stop() }
        let answer = try await busy.answer()
        #expect(answer.status == 503)
        #expect(answer.isProblem)
        gate.open()
        await busy.close()
        try await stopping.value
        #expect(try site.verifyAudit().isGood)
        // SEC-76.
        #expect(try site.mismatches() == [])
    }
}
