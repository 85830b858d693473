import GatehouseAudit
import GatehouseTesting
import GatehouseTime
import Testing

@Suite("What the head alone decides")
struct RefusalTests {
    @Test(
        "an unknown path is 404, compared as it was sent (SEC-22)",
        arguments: [
            "/", "/hooks", "/hooks/acme/", "/hooks//acme", "/hooks/%61cme", "/hooks/./acme", "/hooks/acme;x", "/hooks/x/../acme",
            "/HOOKS/acme",
            "/hooks/acme%00", "//hooks/acme", "/hooks/acme%2f", "*",
        ])
    func notFound(path: String) async throws {
        let (handler, site, sender) = try await relayed()
        let request = try sender.request("{}")
        try await serving(site) { gateway in
            let line = try expectRefusal(try await gateway.send(request.changed { $0.target = path }), 404, "not-found", at: site)
            #expect(line?.endpoint == nil)
            #expect(handler.count == 0)
        }
    }

    @Test("what no path can hold is malformed", arguments: ["/hooks/ac me", "/hooks/\u{e9}", "/hooks/acme\u{7f}", "hooks/acme", "?x"])
    func target(path: String) async throws {
        let site = try TestSite()
        try site.acme(to: "file:events.jsonl")
        try await serving(site) { gateway in
            try expectRefusal(try await gateway.send(RawRequest(path, body: "{}")), 400, "malformed", at: site)
        }
    }

    @Test("another method is 405 with `Allow`", arguments: ["GET", "PUT", "OPTIONS", "DELETE", "post", "BREW"])
    func method(method: String) async throws {
        let site = try TestSite()
        try site.acme(to: "file:events.jsonl")
        try await serving(site) { gateway in
            let connection = try await gateway.connect()
            try await connection.send(RawRequest("/hooks/acme").changed { $0.method = method })
            let answer = try await connection.answer()
            try expectRefusal(answer, 405, "method", at: site)
            #expect(answer["allow"] == "POST")
            await connection.close()
        }
    }

    @Test("HEAD gets no body, so that the next answer begins where a client looks for it (RFC 9110 section 9.3.2)")
    func head() async throws {
        let site = try TestSite()
        try site.acme(to: "file:events.jsonl")
        try await serving(site, unanswered: ["method"]) { gateway in
            let connection = try await gateway.connect()
            try await connection.send(RawRequest("/hooks/acme").changed { $0.method = "HEAD" })
            let bytes = try await connection.someBytes()
            let text = String(decoding: bytes, as: UTF8.self)
            #expect(text.hasPrefix("HTTP/1.1 405 ") && text.hasSuffix("\r\n\r\n"))
            #expect(!text.contains("about:blank"))
            await connection.close()
        }
    }

    @Test("`methods` of an endpoint are what it takes, and what `Allow` says")
    func methods() async throws {
        let (handler, site, sender) = try await relayed("methods: [PUT, PATCH]")
        let request = try sender.request("{}")
        try await serving(site) { gateway in
            let refused = try await gateway.send(request)
            try expectRefusal(refused, 405, "method", at: site)
            #expect(refused["allow"] == "PUT, PATCH")
            try expect(try await gateway.send(request.changed { $0.method = "PATCH" }), 200, "accepted", "ok", at: site)
            #expect(handler.requests.first?.method == "PATCH")
        }
    }

    @Test("a body over the endpoint's limit is 413, from its declared length or while it is counted (SEC-17)")
    func tooLarge() async throws {
        let (handler, site, sender) = try await relayed("limits: { body: 100B }")
        try await serving(site) { gateway in
            try expect(try await gateway.send(try sender.request(String(repeating: "x", count: 100))), 200, "accepted", "ok", at: site)
            let big = try sender.request(String(repeating: "x", count: 101))
            try expectRefusal(try await gateway.send(big), 413, "too-large", at: site)
            // The declared length is enough: nothing of the body is waited for.
            try expectRefusal(
                try await gateway.send(big.changed { $0.body = [] }.with("Content-Length", "999999999")), 413, "too-large", at: site)
            for chunks in [[101], [50, 50, 1], [1]] {
                let answer = try await gateway.send(big.changed { $0.chunks = chunks })
                try expectRefusal(answer, 413, "too-large", at: site)
                #expect(answer.closes)
            }
            let declared = RawRequest("/hooks/acme", fields: [("Transfer-Encoding", "chunked")])
            try expectRefusal(try await gateway.send(declared.head + Array("FFFFFFFFFFFFFFFF\r\n".utf8)), 413, "too-large", at: site)
            #expect(handler.count == 1)
        }
    }

    @Test("a long request line is 414, a long head or too many fields 431 (SEC-17)")
    func longHead() async throws {
        let site = try TestSite(limits: "headers: 4KiB")
        try site.acme(to: "file:events.jsonl")
        try await serving(site) { gateway in
            try expectRefusal(try await gateway.send(RawRequest("/" + String(repeating: "a", count: 5_000))), 414, "too-large", at: site)
            // Neither is waited for once it is too long.
            try expectRefusal(
                try await gateway.send(Array("POST /\(String(repeating: "a", count: 5_000))".utf8)), 414, "too-large", at: site)
            let long = RawRequest("/hooks/acme").with("X", String(repeating: "a", count: 5_000))
            try expectRefusal(try await gateway.send(long), 431, "too-large", at: site)
            try expectRefusal(try await gateway.send(Array(long.head.dropLast(4))), 431, "too-large", at: site)
            var many = RawRequest("/hooks/acme")
            for number in 0..<200 { many = many.with("X\(number)", "") }
            try expectRefusal(try await gateway.send(many), 431, "too-large", at: site)
        }
    }

    @Test("another media type than the endpoint's is 415 with `Accept`", arguments: ["text/plain", "application/jsonx", "", "application"])
    func mediaType(type: String) async throws {
        let (_, site, sender) = try await relayed("media-types: [application/json, image/*]")
        try await serving(site) { gateway in
            let request = try sender.request(id: "msg_1", "{}").without("Content-Type")
            let answer = try await gateway.send(type.isEmpty ? request : request.with("Content-Type", type))
            try expectRefusal(answer, 415, "media-type", at: site)
            #expect(answer["accept"] == "application/json, image/*")
            for (number, good) in ["application/json", "Application/JSON; charset=utf-8", "image/png"].enumerated() {
                let accepted = try sender.request(id: "msg_2\(number)", "{}").replacing("Content-Type", good)
                try expect(try await gateway.send(accepted), 200, "accepted", "ok", at: site)
            }
        }
    }

    @Test("SEC-21: a content coding where the scheme reads the body is 415 with `Accept-Encoding`; elsewhere the bytes go on as they are")
    func contentCoding() async throws {
        let handler = try await TestHandler.start()
        let site = try TestSite()
        try site.acme(to: handler.url())
        try site.endpoint("plain", to: handler.url(), authenticate: "[{ signature: github }]")
        let request = try site.acmeSender().request("{}").with("Content-Encoding", "gzip")
        let plain = try TestSender("github", secret: site.secret, path: "/hooks/plain").request("\u{1f}not gzip at all").with(
            "Content-Encoding", "gzip")
        try await serving(site) { gateway in
            let answer = try await gateway.send(request)
            try expectRefusal(answer, 415, "media-type", at: site)
            #expect(answer["accept-encoding"] == "identity")
            try expect(try await gateway.send(plain), 200, "accepted", "ok", at: site)
            #expect(handler.requests.first?.text == "\u{1f}not gzip at all")
            #expect(handler.requests.first?["content-encoding"] == "gzip")
            try expect(try await gateway.send(request.replacing("Content-Encoding", "identity")), 200, "accepted", "ok", at: site)
        }
    }

    @Test("another expectation is 417")
    func expectation() async throws {
        let site = try TestSite()
        try site.acme(to: "file:events.jsonl")
        try await serving(site) { gateway in
            try expectRefusal(
                try await gateway.send(RawRequest("/hooks/acme", body: "{}").with("Expect", "a-miracle")), 417, "expectation", at: site)
        }
    }

    @Test("SEC-5: a Host that belongs to another certificate than the handshake chose is 421")
    func misdirected() async throws {
        let (handler, site, request) = try await twoNames()
        defer { withExtendedLifetime(handler) {} }
        try await serving(site) { gateway in
            let answer = try await gateway.send(request.changed { $0.host = "other.test" })
            try expectRefusal(answer, 421, "host", at: site)
            let other = try await gateway.connect(serverName: "other.test")
            try await other.send(request.changed { $0.host = "localhost:8443" })
            try expectRefusal(try await other.answer(), 421, "host", at: site)
            await other.close()
            let right = try await gateway.connect(serverName: "other.test")
            try await right.send(request.changed { $0.host = "Other.Test:8443" })
            try expect(try await right.answer(), 200, "accepted", "ok", at: site)
            await right.close()
        }
    }

    @Test("SEC-15: a target in absolute form is the host, whatever Host says, and nobody's name is 421 where names are configured")
    func misdirectedTarget() async throws {
        let (handler, site, request) = try await twoNames()
        defer { withExtendedLifetime(handler) {} }
        try await serving(site) { gateway in
            func send(_ authority: String, host: String) async throws -> RawAnswer {
                try await gateway.send(
                    request.changed {
                        $0.target = "https://\(authority)/hooks/acme"
                        $0.host = host
                    })
            }
            for authority in ["other.test", "evil.test"] {
                try expectRefusal(try await send(authority, host: "localhost"), 421, "host", at: site)
            }
            try expect(try await send("localhost:8443", host: "other.test"), 200, "accepted", "ok", at: site)
        }
    }

    @Test("events over the endpoint's rate get 429, or the status policy names, with `Retry-After`", arguments: [429, 503])
    func rate(status: Int) async throws {
        let (handler, site, sender) = try await relayed("limits: { rate: 2/m, rate-answer: \(status) }")
        try await serving(site) { gateway in
            try expect(try await gateway.send(try sender.request("{}")), 200, "accepted", "ok", at: site)
            let answer = try await gateway.send(try sender.request("{}"))
            try expectRefusal(answer, status, "rate", at: site)
            #expect((1...60).contains(Int(answer["retry-after"] ?? "") ?? 0))
            #expect(handler.count == 1)
        }
    }

    @Test("an address that causes too many refusals gets 429, in one record for the whole second; accepted events go on")
    func failures() async throws {
        let (_, site, sender) = try await relayed(at: TestSite(limits: "failures: 1/m"))
        let request = try sender.request("{}")
        try await serving(site) { gateway in
            let connection = try await gateway.connect()
            let refused = RawRequest("/nowhere").bytes
            for _ in 0..<220 { connection.post(refused) }
            var statuses: [Int: Int] = [:]
            var limited: Set<String> = []
            for _ in 0..<220 {
                let answer = try await connection.answer()
                #expect(answer.isProblem)
                statuses[answer.status, default: 0] += 1
                guard answer.status == 429 else { continue }
                #expect(answer["retry-after"] == "1")
                limited.insert(answer.reference ?? "")
            }
            #expect(statuses == [404: 200, 429: 20])
            #expect(limited.count == 1)
            try expect(try await gateway.send(request), 200, "accepted", "ok", at: site)
            await connection.close()
            let isRecorded = try await eventually { try site.decisions().contains { $0.reason == "rate" } }
            #expect(isRecorded)
            let line = try site.decisions().first { $0.reason == "rate" }
            #expect(line?.requests == 20)
            #expect(line?.answer == 429)
        }
    }

    @Test("a stop within the second records its 429 answers all the same (SEC-76)")
    func failuresAtStop() async throws {
        let (_, site, _) = try await relayed(at: TestSite(limits: "failures: 1/m"))
        try await serving(site) { gateway in
            let connection = try await gateway.connect()
            let refused = RawRequest("/nowhere").bytes
            for _ in 0..<203 { connection.post(refused) }
            for _ in 0..<203 { _ = try await connection.answer() }
            await connection.close()
        }
        let records = try site.decisions()
        #expect(records.filter { $0.reason == "rate" }.map(\.requests) == [3])
        #expect(records.count == 201)
    }

    @Test("SEC-75: without room for records every request is 503 with `Retry-After`, no handler is called, and the gateway is not ready")
    func unavailable() async throws {
        let handler = try await TestHandler.start()
        let site = try TestSite()
        try site.acme(to: handler.url())
        try site.configure(gateway: "audit: { reserve: 1024GiB }")
        let request = try site.acmeSender().request("{}")
        await Slots.shared.enter()
        defer { Slots.shared.leave() }
        let gateway = try await LiveGateway.start(site)
        for attempt in [request, RawRequest("/nowhere")] {
            let answer = try await gateway.send(attempt)
            #expect(answer.status == 503)
            #expect(answer.isProblem)
            #expect(answer["retry-after"] != nil)
        }
        #expect(handler.count == 0)
        #expect(try await gateway.admin("/health/ready").status == 503)
        #expect(try await gateway.admin("/health/live").status == 200)
        try await gateway.stop()
        #expect(try site.verifyAudit().isGood)
    }

    @Test("SEC-27: answers differ by reference and date alone, and never repeat what was sent")
    func alike() async throws {
        let site = try TestSite()
        try site.acme(to: "file:events.jsonl")
        let sender = try site.acmeSender()
        let good = try sender.request(id: "msg_1", "{}")
        let canary = "canary-4711"
        let requests = [
            good.replacing("webhook-signature", "v1,AAAA"), good.replacing("webhook-signature", canary), good.without("webhook-signature"),
            good.without("webhook-timestamp"), good.replacing("webhook-timestamp", "1"), good.replacing("webhook-id", canary),
            good.changed { $0.body = Array(canary.utf8) }, try sender.request("{}", at: .init(seconds: 1_000)),
            try TestSender("standard-webhooks", secret: "whsec_" + String(repeating: "A", count: 44), path: "/hooks/acme").request("{}"),
        ]
        try await serving(site) { gateway in
            var seen: Set<String> = []
            for request in requests {
                let answer = try await gateway.send(request.with("X-Canary", canary))
                #expect(answer.status == 401)
                #expect(answer.isProblem)
                #expect(answer["www-authenticate"] != nil)
                #expect(!answer.text.contains(canary))
                let fields = answer.fields.filter { !["date", "gatehouse-reference"].contains($0.name.lowercased()) }
                #expect(!fields.contains { $0.value.contains(canary) })
                seen.insert("\(fields.map { "\($0.name): \($0.value)" }) \(answer.text.replacing(answer.reference ?? "-", with: ""))")
            }
            #expect(seen.count == 1)
        }
    }

    /// A listener with a second certificate, for other.test, and a signed request to its endpoint.
    private func twoNames() async throws -> (TestHandler, TestSite, RawRequest) {
        let handler = try await TestHandler.start()
        let site = try TestSite(listener: "names: [{ certificate: ../certs/other.pem, private-key: ../certs/other.key }]")
        try site.writeServer("other", names: ["other.test"])
        try site.acme(to: handler.url())
        return (handler, site, try site.acmeSender().request("{}"))
    }
}
