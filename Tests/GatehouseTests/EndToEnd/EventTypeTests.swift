import GatehouseTesting
import Testing

@Suite("Event types")
struct EventTypeTests {
    @Test(
        "a type that is not accepted is acknowledged with 200, or rejected with 422; the handler never sees it", arguments: [true, false])
    func unwanted(isAcknowledged: Bool) async throws {
        let (handler, site, sender) = try await relayed(
            "events: { accept: [\"order.*\"], otherwise: \(isAcknowledged ? "acknowledge" : "reject") }")
        try await serving(site) { gateway in
            for type in ["\"invoice.paid\"", "\"order\"", "\"xorder.x\"", "null", "7"] {
                let answer = try await gateway.send(try sender.request("{\"type\":\(type)}"))
                try expect(answer, isAcknowledged ? 200 : 422, "ignored", "event-type", at: site)
                #expect(answer.isProblem != isAcknowledged)
                if isAcknowledged { #expect(answer.body.isEmpty) }
            }
            #expect(handler.count == 0)
            for type in ["order.accepted", "order.line.added", "order."] {
                try expect(try await gateway.send(try sender.request("{\"type\":\"\(type)\"}")), 200, "accepted", "ok", at: site)
            }
            #expect(handler.requests.map { $0["gatehouse-event-type"] } == ["order.accepted", "order.line.added", "order."])
        }
    }

    @Test(
        "an event that no handler takes is acknowledged as ignored, and a later policy that takes it gets it",
        arguments: ["acknowledge", "reject"])
    func unclaimed(otherwise: String) async throws {
        let handler = try await TestHandler.start()
        let site = try TestSite()
        let events = "events: { otherwise: \(otherwise) }"
        try site.acme(to: handler.url(), delivery: "events: [\"order.*\"]", events)
        let sender = try site.acmeSender()
        try await serving(site) { gateway in
            let request = try sender.request("{\"type\":\"invoice.paid\"}")
            for _ in 1...2 {
                let answer = try await gateway.send(request)
                let line = try expect(answer, 200, "ignored", "event-type", at: site)
                #expect(answer.body.isEmpty)
                #expect(line?.event?.type == "invoice.paid")
            }
            #expect(handler.count == 0)
            try expect(try await gateway.send(try sender.request("{\"type\":\"order.paid\"}")), 200, "accepted", "ok", at: site)
            try site.endpoint("acme", to: handler.url(), events)
            gateway.reload()
            #expect(try await eventually { try await gateway.send(request).status == 200 && handler.count == 2 })
        }
    }

    @Test("an event type with a line break reaches no header and no second line of the log (SEC-26, SEC-80)")
    func controls() async throws {
        let (handler, site, sender) = try await relayed()
        try await serving(site) { gateway in
            let answer = try await gateway.send(try sender.request("{\"type\":\"a\\r\\nGatehouse-Sender: admin\\u0000\"}"))
            let line = try expect(answer, 200, "accepted", "ok", at: site)
            #expect(line?.event?.type?.contains("Gatehouse-Sender") == true)
            let got = try #require(handler.requests.first)
            #expect(got.fields.filter { $0.name.lowercased() == "gatehouse-sender" }.map(\.value) == ["acme"])
        }
    }
}

@Suite("Handshakes")
struct HandshakeTests {
    private func site(_ scheme: String, _ handler: TestHandler, credential: String = "signing", _ secret: String) throws -> TestSite {
        let site = try TestSite()
        try site.sender("acme")
        try site.endpoint("acme", to: handler.url(), authenticate: "[{ signature: \(scheme) }]")
        try site.add("acme/\(credential)", secret)
        return site
    }

    @Test("Zoom's validation is answered with an HMAC of its token, if it is signed (SEC-61)")
    func zoom() async throws {
        let handler = try await TestHandler.start()
        let secret = "zoom secret token"
        let site = try site("zoom", handler, secret)
        let sender = try TestSender("zoom", secret: secret, path: "/hooks/acme")
        let body = "{\"event\":\"endpoint.url_validation\",\"payload\":{\"plainToken\":\"qgg8vlvZRS6UYooatFL8Aw\"}}"
        try await serving(site) { gateway in
            let answer = try await gateway.send(try sender.request(body))
            try expect(answer, 200, "ignored", "handshake", at: site)
            #expect(answer["content-type"] == "application/json")
            let expected = try await Tool.run(
                "openssl", ["dgst", "-sha256", "-hmac", secret, try site.folder.write("token", "qgg8vlvZRS6UYooatFL8Aw")], in: site.folder)
            let hex = expected.output.split(separator: " ").last.map { String($0.prefix(64)) } ?? ""
            #expect(answer.text == "{\"plainToken\":\"qgg8vlvZRS6UYooatFL8Aw\",\"encryptedToken\":\"\(hex)\"}")
            // Unsigned, or with a token that could be an event's signed string: no oracle.
            #expect(try await gateway.send(RawRequest("/hooks/acme", body: body)).status == 401)
            let oracle = try await gateway.send(try sender.request(body.replacing("qgg8vlvZRS6UYooatFL8Aw", with: "v0:1654503849:{}")))
            #expect(oracle.status == 400)
            #expect(!oracle.text.contains("encryptedToken"))
            #expect(handler.count == 0)
        }
    }

    @Test("Slack's challenge is echoed, if it is signed")
    func slack() async throws {
        let handler = try await TestHandler.start()
        let site = try site("slack", handler, "slack signing secret")
        let sender = try TestSender("slack", secret: "slack signing secret", path: "/hooks/acme")
        let body = "{\"type\":\"url_verification\",\"challenge\":\"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P\"}"
        try await serving(site) { gateway in
            let answer = try await gateway.send(try sender.request(body))
            try expect(answer, 200, "ignored", "handshake", at: site)
            #expect(answer.text == "{\"challenge\":\"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P\"}")
            #expect(answer["x-content-type-options"] == "nosniff")
            #expect(try await gateway.send(RawRequest("/hooks/acme", body: body)).status == 401)
            try expect(
                try await gateway.send(try sender.request("{\"event_id\":\"Ev1\",\"event\":{\"type\":\"message\"}}")), 200, "accepted",
                "ok", at: site)
            #expect(handler.count == 1)
        }
    }

    @Test("Discord's ping is 204; its forged requests are 401")
    func discord() async throws {
        let key = """
            -----BEGIN PRIVATE KEY-----
            MC4CAQAwBQYDK2VwBCIEIJZ+fr8YTz+deuqECHLn4z7I0xA90NTnI+Q7w2TMfooC
            -----END PRIVATE KEY-----

            """
        let handler = try await TestHandler.start { _ in .answer(204, type: nil) }
        let site = try site("discord", handler, credential: "key", "afc96473495ef6cc49ddf70ef8dc0da6593b626eebdf55ff37dcd005a6b06395")
        let sender = try TestSender("discord", secret: key, path: "/hooks/acme")
        try await serving(site) { gateway in
            let ping = try sender.request("{\"version\":1,\"type\":0}")
            let answer = try await gateway.send(ping)
            try expect(answer, 204, "ignored", "handshake", at: site)
            #expect(answer["content-length"] == nil)
            let signature = ping["x-signature-ed25519"]
            let forged = ping.replacing("x-signature-ed25519", (signature.hasPrefix("0") ? "1" : "0") + signature.dropFirst())
            try expectRefusal(try await gateway.send(forged), 401, "signature-mismatch", at: site)
            try expect(
                try await gateway.send(try sender.request("{\"type\":1,\"event\":{\"type\":\"APPLICATION_AUTHORIZED\"}}")), 204, "accepted",
                "ok", at: site)
            #expect(handler.count == 1)
        }
    }

    @Test("Meta's subscription is a GET whose challenge is echoed, bounded and never markup (SEC-61)")
    func meta() async throws {
        let handler = try await TestHandler.start()
        let site = try site("meta", handler, "meta app secret")
        func get(_ query: String) -> RawRequest { RawRequest("/hooks/acme?" + query).changed { $0.method = "GET" } }
        try await serving(site) { gateway in
            let answer = try await gateway.send(get("hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=meatyhamhock"))
            try expect(answer, 200, "ignored", "handshake", at: site)
            #expect(answer.text == "1158201444")
            #expect(answer["x-content-type-options"] == "nosniff")
            #expect(answer["content-type"]?.hasPrefix("text/plain") == true)
            for query in [
                "hub.mode=subscribe", "hub.mode=other&hub.challenge=1", "hub.mode=subscribe&hub.challenge=%3Cscript%3E",
                "hub.mode=subscribe&hub.challenge=" + String(repeating: "a", count: 2_000),
            ] {
                let refused = try await gateway.send(get(query))
                #expect([400, 401, 405].contains(refused.status), "\(query.prefix(40)): \(refused.status)")
                #expect(!refused.text.contains("script"))
            }
            #expect(handler.count == 0)
        }
    }

    @Test("the OPTIONS handshake of CloudEvents allows the origin that asks")
    func cloudEvents() async throws {
        let handler = try await TestHandler.start()
        let site = try site("cloudevents", handler, "a bearer token of some length")
        try await serving(site) { gateway in
            let options = RawRequest("/hooks/acme").changed { $0.method = "OPTIONS" }
            let answer = try await gateway.send(
                options.with("WebHook-Request-Origin", "eventemitter.example.com").with("WebHook-Request-Rate", "120"))
            try expect(answer, 200, "ignored", "handshake", at: site)
            #expect(answer["webhook-allowed-origin"] == "eventemitter.example.com")
            #expect(answer["webhook-allowed-rate"] == "*")
            try expectRefusal(try await gateway.send(options), 405, "method", at: site)
            let event = RawRequest(
                "/hooks/acme", fields: [("Authorization", "Bearer a bearer token of some length"), ("ce-id", "1"), ("ce-type", "t")],
                body: "{}")
            try expect(try await gateway.send(event), 200, "accepted", "ok", at: site)
            #expect(handler.requests.first?.has("authorization") == false)
            try expectRefusal(
                try await gateway.send(event.replacing("Authorization", "Bearer another token of some length")), 401, "signature-mismatch",
                at: site)
        }
    }
}
