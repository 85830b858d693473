import GatehouseCrypto
import GatehouseTesting
import Testing

@Suite("An accepted event is relayed")
struct RelayTests {
    @Test("the handler gets the body byte for byte, the facts and the other end-to-end fields; the sender its status, type and body")
    func accepted() async throws {
        let handler = try await TestHandler.start { _ in .answer(202, "queued", type: "text/x-note") }
        let site = try TestSite()
        try site.acme(to: handler.url("/events?for=acme"))
        let sender = try site.acmeSender()
        let body = "{\"type\":\"order.accepted\",\"n\":\"\u{1F600}\\u0000\"\r\n\t }"
        try await serving(site) { gateway in
            let request = try sender.request(id: "msg_1", body).with("X-Custom", "one").with("x-custom", "two").with("Cookie", "a=b")
                .changed { $0.target += "?token=unsigned" }
            let answer = try await gateway.send(request)
            let line = try expect(answer, 202, "accepted", "ok", at: site)
            #expect(answer.text == "queued")
            #expect(answer["content-type"] == "text/x-note")
            // Only status, body and content type go back (SEC-84).
            #expect(answer["x-handler"] == nil)
            let got = try #require(handler.requests.first)
            #expect(handler.count == 1)
            #expect(got.body == Array(body.utf8))
            #expect(got.method == "POST")
            #expect(got.target == "/events?for=acme")
            #expect(got["host"] == "127.0.0.1:\(handler.port)")
            #expect(got["content-type"] == "application/json")
            #expect(got.fields.filter { $0.name.lowercased() == "x-custom" }.map(\.value) == ["one", "two"])
            #expect(got["cookie"] == "a=b")
            #expect(got["gatehouse-endpoint"] == "acme")
            #expect(got["gatehouse-sender"] == "acme")
            #expect(got["gatehouse-event-id"] == "msg_1")
            #expect(got["gatehouse-event-type"] == "order.accepted")
            #expect(got["gatehouse-reference"] == answer.reference)
            #expect(got["gatehouse-attempt"] == "1")
            #expect(got["gatehouse-checks"] == "signature;scheme=\"standard-webhooks\";version=1")
            #expect(got["gatehouse-received"]?.hasSuffix("Z") == true)
            #expect(line?.endpoint == "acme")
            #expect(line?.sender == "acme")
            #expect(line?.event?.id == "msg_1")
            #expect(line?.event?.key?.count == 32)
            #expect(line?.body?.bytes == body.utf8.count)
            #expect(line?.body?.sha256 == Hex.encode(Digest.sha256(Array(body.utf8))))
            #expect(line?.remote == "127.0.0.1")
        }
    }

    @Test("every byte value passes, also in an empty and in a large body", arguments: [0, 256, 70_000])
    func bytes(count: Int) async throws {
        let handler = try await TestHandler.start()
        let site = try TestSite()
        try site.sender("acme")
        try site.endpoint("acme", to: handler.url(), authenticate: "[{ signature: github }]")
        try site.add("acme/signing", "a secret of some length")
        let body = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
        let mac = try body.withUnsafeBytes { try HMAC.compute(.sha256, key: Secret(utf8: "a secret of some length"), $0) }
        try await serving(site) { gateway in
            let request = RawRequest("/hooks/acme", fields: [("X-Hub-Signature-256", "sha256=" + Hex.encode(mac))]).changed {
                $0.body = body
            }
            try expect(try await gateway.send(request), 200, "accepted", "ok", at: site)
            #expect(handler.requests.first?.body == body)
            // The same bytes in chunks are the same event.
            try expect(try await gateway.send(request.changed { $0.chunks = [1, 100, 7] }), 200, "duplicate", "duplicate", at: site)
        }
    }

    @Test("SEC-85: fields of the gateway's own, Authorization and hop-by-hop fields go no further, in whatever spelling")
    func dropped() async throws {
        let (handler, site, sender) = try await relayed()
        let names = [
            "Gatehouse-Sender", "gatehouse_sender", "GATEHOUSE-EVENT_ID", "Gatehouse-Anything", "Authorization", "authorization",
            "Keep-Alive", "TE",
            "Trailer", "Upgrade", "Proxy-Authorization", "Proxy_Connection", "X-Named", "X_Named", "Connection", "keep_alive",
        ]
        try await serving(site) { gateway in
            var request = try sender.request(id: "msg_1", "{}").with("Connection", "keep-alive, x-Named").with("X-Kept", "yes")
            for name in names where name != "Connection" { request = request.with(name, "forged") }
            try expect(try await gateway.send(request), 200, "accepted", "ok", at: site)
            let got = try #require(handler.requests.first)
            #expect(got.fields.filter { $0.value == "forged" }.map(\.name) == [])
            #expect(got.has("connection") == false)
            #expect(got["x-kept"] == "yes")
            #expect(got["gatehouse-sender"] == "acme")
            // The scheme's own fields are no hop's business.
            #expect(got["webhook-id"] == "msg_1")
        }
    }

    @Test("a header that is compared for equality is a secret, and goes no further", arguments: [nil, "X_Gitlab_Token"])
    func secretHeader(another: String?) async throws {
        let handler = try await TestHandler.start()
        let site = try TestSite()
        try site.sender("acme")
        try site.endpoint("acme", to: handler.url(), authenticate: "[{ signature: gitlab-token }]")
        let token = "a token of some length"
        try site.add("acme/signing", token)
        try await serving(site) { gateway in
            var request = RawRequest(
                "/hooks/acme", fields: [("x-gitlab-TOKEN", token), ("X-Gitlab-Event", "Push Hook"), ("X-Gitlab-Event-UUID", "1")],
                body: "{}")
            // Another field to the gateway, and maybe not to the handler.
            if let another { request = request.with(another, token) }
            try expect(try await gateway.send(request), 200, "accepted", "ok", at: site)
            let got = try #require(handler.requests.first)
            #expect(!got.fields.contains { $0.value == token })
            #expect(got["x-gitlab-event"] == "Push Hook")
        }
    }

    @Test("`sign: true` replaces the sender's webhook fields by the gateway's own signature")
    func signed() async throws {
        let handler = try await TestHandler.start()
        let site = try TestSite()
        try site.acme(to: handler.url(), delivery: "name: erp, sign: true")
        let secret = try site.add("handler/erp/signing")
        let sender = try site.acmeSender()
        try await serving(site) { gateway in
            try expect(
                try await gateway.send(try sender.request(id: "msg_1", "{\"a\":1}").with("webhook_id", "forged")), 200, "accepted", "ok",
                at: site)
            let got = try #require(handler.requests.first)
            #expect(got.fields.filter { $0.name.lowercased().hasPrefix("webhook") }.count == 3)
            #expect(got["webhook-id"] == "msg_1")
            let key = try #require(Base64.decode(secret.dropFirst(6)))
            let message = Array("msg_1.\(got["webhook-timestamp"] ?? "").{\"a\":1}".utf8)
            let mac = try message.withUnsafeBytes { try HMAC.compute(.sha256, key: Secret(key), $0) }
            #expect(got["webhook-signature"] == "v1," + Base64.encode(mac))
        }
    }

    @Test("connections to the handler are kept and used again")
    func pooled() async throws {
        let (handler, site, sender) = try await relayed()
        try await serving(site) { gateway in
            let connection = try await gateway.connect()
            for number in 1...5 {
                try await connection.send(try sender.request(id: "msg_\(number)", "{}"))
                try expect(try await connection.answer(), 200, "accepted", "ok", at: site)
            }
            await connection.close()
            #expect(handler.count == 5)
            #expect(handler.connections == 1)
        }
    }

    @Test(
        "an answer in chunks, up to the end of the connection, after interim ones, or without a body is the sender's answer",
        arguments: [
            ("HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: v\r\n\r\n", 201, "abcde"),
            ("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nto the end", 200, "to the end"),
            ("HTTP/1.0 200 OK\r\n\r\nto the end", 200, "to the end"),
            ("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, "ok"),
            ("HTTP/1.1 204 No Content\r\n\r\n", 204, ""),
        ])
    func forms(answer: String, status: Int, body: String) async throws {
        let (handler, site, sender) = try await relayed { _ in .bytes(answer, closes: answer.hasSuffix("end")) }
        try await serving(site) { gateway in
            let request = try sender.request(id: "msg_1", "{}")
            let first = try await gateway.send(request)
            try expect(first, status, "accepted", "ok", at: site)
            #expect(first.text == body)
            let second = try await gateway.send(request)
            try expect(second, status, "duplicate", "duplicate", at: site)
            #expect(second.text == body)
            #expect(handler.count == 1)
        }
    }
}

@Suite("A handler that does not take an event")
struct HandlerFailureTests {
    @Test("a failure goes to the sender as it is and frees the event; the next attempt goes through", arguments: [500, 404, 302, 429])
    func failure(status: Int) async throws {
        let handler = try await TestHandler.start { _ in
            .bytes("HTTP/1.1 \(status) X\r\nLocation: https://localhost/elsewhere\r\nContent-Length: 3\r\n\r\nbad", closes: false)
        }
        let site = try TestSite()
        try site.acme(to: handler.url())
        let sender = try site.acmeSender()
        try await serving(site) { gateway in
            let request = try sender.request(id: "msg_1", "{}")
            for count in 1...2 {
                let answer = try await gateway.send(request)
                try expect(answer, status, "failed", "handler-failed", at: site)
                #expect(answer.text == "bad")
                // SEC-81: redirects are neither followed nor passed on.
                #expect(answer["location"] == nil)
                #expect(handler.count == count)
            }
            handler.behave { _ in .answer(200, "taken") }
            let answer = try await gateway.send(request)
            try expect(answer, 200, "accepted", "ok", at: site)
            #expect(answer.text == "taken")
            try expect(try await gateway.send(request), 200, "duplicate", "duplicate", at: site)
            #expect(handler.count == 3)
        }
    }

    @Test(
        "nonsense, a cut-off answer, or a closed connection is 502 and frees the event (SEC-84)",
        arguments: [
            "\u{1}\u{2}nonsense\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort", "HTTP/1.1 999999 OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
            "",
        ])
    func nonsense(bytes: String) async throws {
        let (handler, site, sender) = try await relayed { _ in bytes.isEmpty ? .close : .bytes(bytes, closes: true) }
        try await serving(site) { gateway in
            let request = try sender.request(id: "msg_1", "{}")
            let answer = try await gateway.send(request)
            try expect(answer, 502, "failed", "handler-failed", at: site)
            #expect(answer.isProblem)
            handler.behave { _ in .answer(200) }
            try expect(try await gateway.send(request), 200, "accepted", "ok", at: site)
        }
    }

    @Test("a 2xx whose body is too large is accepted all the same, without its body (SEC-84)")
    func largeAnswer() async throws {
        let (_, site, sender) = try await relayed { _ in .bytes("HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\n", closes: true) }
        try await serving(site) { gateway in
            let request = try sender.request(id: "msg_1", "{}")
            try expect(try await gateway.send(request), 200, "accepted", "ok", at: site)
            try expect(try await gateway.send(request), 200, "duplicate", "duplicate", at: site)
        }
    }

    @Test("a head that does not end is cut at its limit: 502")
    func endlessHead() async throws {
        let handler = try await TestHandler.start { _ in
            .bytes("HTTP/1.1 200 OK\r\nX: \(String(repeating: "x", count: 40_000))", closes: false)
        }
        let site = try TestSite()
        try site.acme(to: handler.url())
        try await serving(site) { gateway in
            try expect(try await gateway.send(try site.acmeSender().request("{}")), 502, "failed", "handler-failed", at: site)
        }
    }

    @Test("an unreachable handler is 502, and the event is free once it is back")
    func unreachable() async throws {
        let (handler, site, sender) = try await relayed()
        try await serving(site) { gateway in
            // Only now: a gateway that starts afterwards may be given the handler's port to listen on.
            await handler.stop()
            let request = try sender.request(id: "msg_1", "{}")
            let answer = try await gateway.send(request)
            try expect(answer, 502, "failed", "handler-failed", at: site)
            #expect(answer.isProblem)
            try expect(try await gateway.send(request), 502, "failed", "handler-failed", at: site)
        }
    }

    @Test(
        "SEC-82: a handler's name that leads to an address no handler has is not connected to",
        arguments: ["169.254.169.254", "0.0.0.0", "[::ffff:169.254.1.1]"])
    func forbidden(host: String) async throws {
        let site = try TestSite()
        try site.acme(to: "http://\(host):80/", delivery: "allow-plain: true")
        try await serving(site) { gateway in
            try expect(try await gateway.send(try site.acmeSender().request("{}")), 502, "failed", "handler-failed", at: site)
        }
    }

    @Test("a handler that is late gives 504; its late 2xx is what repetitions get")
    func late() async throws {
        let gate = Gate()
        let (handler, site, sender) = try await relayed(delivery: "timeout: 300ms, late: 30s", behind: gate) { _ in .answer(201, "at last")
        }
        try await serving(site) { gateway in
            let request = try sender.request(id: "msg_1", "{}")
            let first = try await gateway.send(request)
            try expect(first, 504, "failed", "handler-failed", at: site)
            #expect(first.isProblem)
            // Still in the handler's hands: it is not called a second time.
            let second = try await gateway.send(request)
            #expect([503, 504].contains(second.status))
            gate.open()
            var third = second
            let isKnown = try await eventually {
                third = try await gateway.send(request)
                return third.status == 201
            }
            #expect(isKnown)
            #expect(third.text == "at last")
            try expect(third, 201, "duplicate", "duplicate", at: site)
            #expect(handler.count == 1)
        }
    }

    @Test("a late failure frees the event")
    func lateFailure() async throws {
        let gate = Gate()
        let (handler, site, sender) = try await relayed(delivery: "timeout: 200ms, late: 30s", behind: gate) { _ in .answer(500) }
        try await serving(site) { gateway in
            let request = try sender.request(id: "msg_1", "{}")
            try expect(try await gateway.send(request), 504, "failed", "handler-failed", at: site)
            handler.behave { _ in .answer(200, "taken") }
            gate.open()
            let isFree = try await eventually { try await gateway.send(request).status == 200 }
            #expect(isFree)
            #expect(handler.count == 2)
        }
    }

    @Test("past `late` the event is free, whatever the handler still says")
    func pastLate() async throws {
        let gate = Gate()
        let (handler, site, sender) = try await relayed(delivery: "timeout: 200ms, late: 400ms", behind: gate) { _ in
            .answer(200, "too late")
        }
        try await serving(site) { gateway in
            let request = try sender.request(id: "msg_1", "{}")
            try expect(try await gateway.send(request), 504, "failed", "handler-failed", at: site)
            handler.behave { _ in .answer(200, "taken") }
            let isFree = try await eventually { try await gateway.send(request).text == "taken" }
            #expect(isFree)
            gate.open()
        }
    }

    @Test("one slow handler does not hold up another endpoint")
    func independent() async throws {
        let gate = Gate()
        let slow = try await TestHandler.start { _ in
            await gate.pass()
            return .answer(200)
        }
        let quick = try await TestHandler.start()
        let site = try TestSite()
        try site.acme(to: slow.url(), delivery: "timeout: 20s")
        try site.endpoint("other", to: quick.url())
        let sender = try site.acmeSender()
        let other = try TestSender("standard-webhooks", secret: site.secret, path: "/hooks/other")
        try await serving(site) { gateway in
            let connection = try await gateway.connect()
            for number in 1...20 { connection.post(try sender.request(id: "msg_\(number)", "{}").bytes) }
            #expect(await eventually { slow.count == 1 })
            try expect(try await gateway.send(try other.request("{}")), 200, "accepted", "ok", at: site)
            gate.open()
            for _ in 1...20 { try expect(try await connection.answer(), 200, "accepted", "ok", at: site) }
            await connection.close()
        }
    }
}
