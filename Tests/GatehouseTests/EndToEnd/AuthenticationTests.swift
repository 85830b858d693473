import GatehouseCrypto
import GatehouseTesting
import GatehouseTime
import Testing

@Suite("Authentication on the wire")
struct AuthenticationTests {
    @Test("signatures that are empty, truncated, not base64, of another algorithm or in a repeated field are refused (SEC-54, SEC-58)")
    func signatures() async throws {
        let handler = try await TestHandler.start()
        let site = try TestSite()
        try site.acme(to: handler.url())
        let good = try site.acmeSender().request(id: "msg_1", "{}")
        let value = good["webhook-signature"]
        let cases: [(RawRequest, String)] = [
            (good.without("webhook-signature"), "signature-missing"),
            (good.replacing("webhook-signature", ""), "signature-missing"),
            (good.replacing("webhook-signature", "v1,"), "signature-malformed"),
            (good.replacing("webhook-signature", "v1"), "signature-missing"),
            (good.replacing("webhook-signature", String(value.dropLast(8))), "signature-malformed"),
            (good.replacing("webhook-signature", "v1,****"), "signature-malformed"),
            (good.replacing("webhook-signature", "v1," + Base64.encode([UInt8](repeating: 7, count: 64))), "signature-malformed"),
            (good.replacing("webhook-signature", value.replacing("v1,", with: "v2,")), "signature-missing"),
            (good.replacing("webhook-signature", value.replacing("v1,", with: "v1a,")), "signature-missing"),
            (good.replacing("webhook-signature", "v1," + Base64.encode([UInt8](repeating: 0, count: 32))), "signature-mismatch"),
            (good.with("webhook-signature", value), "signature-malformed"),
            (good.with("webhook-id", "msg_1"), "signature-malformed"),
            (good.with("webhook-timestamp", good["webhook-timestamp"]), "signature-malformed"),
            (good.changed { $0.body = Array("{ }".utf8) }, "signature-mismatch"),
            (good.replacing("webhook-id", "msg_2"), "signature-mismatch"),
        ]
        try await serving(site) { gateway in
            for (request, reason) in cases { try expectRefusal(try await gateway.send(request), 401, reason, at: site) }
            #expect(handler.count == 0)
            // SEC-53: a good one among others is found.
            let several = good.replacing(
                "webhook-signature", "v1,AAAA v1a,xyz \(value) v1," + Base64.encode([UInt8](repeating: 0, count: 32)))
            try expect(try await gateway.send(several), 200, "accepted", "ok", at: site)
        }
    }

    @Test("timestamps that are missing, no numbers, huge, negative, stale or in the future are refused (SEC-62)")
    func timestamps() async throws {
        let (handler, site, sender) = try await relayed()
        let now = SystemClock().now
        func stamped(_ text: String) throws -> RawRequest {
            try sender.request("{}", fields: [("webhook-id", "msg_\(text)"), ("webhook-timestamp", text)])
        }
        let cases: [(RawRequest, String)] = [
            (try sender.request("{}").without("webhook-timestamp"), "timestamp-missing"),
            (try stamped(""), "signature-malformed"),
            (try stamped("soon"), "signature-malformed"),
            (try stamped("1e9"), "signature-malformed"),
            (try stamped("-1"), "signature-malformed"),
            (try stamped("0"), "timestamp-stale"),
            (try stamped("99999999999999999999999"), "signature-malformed"),
            (try stamped("9223372036854775807"), "signature-malformed"),
            (try stamped("\(now.seconds).5"), "signature-malformed"),
            (try stamped("\(now.seconds - 330)"), "timestamp-stale"),
            (try stamped("\(now.seconds + 90)"), "timestamp-future"),
        ]
        try await serving(site) { gateway in
            for (request, reason) in cases { try expectRefusal(try await gateway.send(request), 401, reason, at: site) }
            #expect(handler.count == 0)
            for offset in [-270, 30] {
                try expect(try await gateway.send(try stamped("\(now.seconds + Int64(offset))")), 200, "accepted", "ok", at: site)
            }
        }
    }

    @Test("SEC-25: JSON nested 100,000 deep, repeated keys or no JSON at all is an answer like any other")
    func hostileJSON() async throws {
        let handler = try await TestHandler.start()
        let site = try TestSite()
        try site.sender("acme")
        // Reads signature, timestamp and token out of the body.
        try site.endpoint("acme", to: handler.url(), authenticate: "[{ signature: mailgun }]")
        try site.endpoint("signed", to: handler.url())
        let secret = try site.add("acme/signing")
        let signed = try TestSender("standard-webhooks", secret: secret, path: "/hooks/signed")
        let deep = String(repeating: "[", count: 100_000) + String(repeating: "]", count: 100_000)
        let deepObject = String(repeating: "{\"a\":", count: 100_000)
        let bodies = [
            "", "{", "[]", "null", "\"text\"", deep, deepObject, "{\"signature\":\(deep)}",
            "{\"signature\":{\"signature\":\"aa\",\"signature\":\"bb\"}}",
            "{\"signature\":{},\"signature\":{}}", "{\"signature\":{\"timestamp\":1e999,\"token\":\"x\",\"signature\":\"00\"}}",
            "\u{feff}{}", "{\"a\":\"\\ud800\"}", "{\"a\":01}",
        ]
        try await serving(site) { gateway in
            for body in bodies {
                let answer = try await gateway.send(RawRequest("/hooks/acme", fields: [("Content-Type", "application/json")], body: body))
                #expect(answer.status == 401, "\(body.prefix(40))")
            }
            #expect(handler.count == 0)
            // With the signature in a field, what the scheme reads of the body is only the type.
            for body in ["", "not json"] { try expect(try await gateway.send(try signed.request(body)), 200, "accepted", "ok", at: site) }
            for body in [deep, "{\"type\":\"a\",\"type\":\"b\"}"] {
                try expectRefusal(try await gateway.send(try signed.request(body)), 400, "malformed", at: site)
            }
        }
    }

    @Test("basic: a generated value is accepted, everything else is 401 with a challenge")
    func basicGenerated() async throws {
        let handler = try await TestHandler.start()
        let site = try TestSite()
        try site.sender("acme")
        try site.endpoint("acme", to: handler.url(), authenticate: "[basic]", "event: { id: json:id, type: json:type }")
        let value = try site.add("acme/basic")
        func request(_ credentials: String, _ id: String) -> RawRequest {
            RawRequest(
                "/hooks/acme", fields: [("Authorization", "Basic " + Base64.encode(Array(credentials.utf8)))],
                body: "{\"id\":\"\(id)\",\"type\":\"t\"}")
        }
        try await serving(site) { gateway in
            let first = try await gateway.send(request(value, "1"))
            try expect(first, 200, "accepted", "ok", at: site)
            try expect(try await gateway.send(request(value, "1")), 200, "duplicate", "duplicate", at: site)
            #expect(handler.requests.first?.has("authorization") == false)
            #expect(handler.requests.first?["gatehouse-checks"]?.hasPrefix("basic;version=1") == true)
            let none = try await gateway.send(request(value, "2").without("Authorization"))
            try expectRefusal(none, 401, "credential-missing", at: site)
            #expect(none.values("www-authenticate") == ["Basic realm=\"acme\", charset=\"UTF-8\""])
            for (credentials, reason) in [
                (value + "x", "credential-mismatch"), ("acme:", "credential-mismatch"), ("nobody:at all", "credential-unknown"),
            ] {
                try expectRefusal(try await gateway.send(request(credentials, "2")), 401, reason, at: site)
            }
            for field in ["Basic", "Basic ", "Basic ****", "Basic " + Base64.encode(Array("no colon".utf8)), "Bearer abc", "basic"] {
                #expect(try await gateway.send(request(value, "2").replacing("Authorization", field)).status == 401, "\(field)")
            }
            #expect(try await gateway.send(request(value, "2").with("Authorization", "Basic x")).status == 401)
            #expect(handler.count == 1)
        }
    }

    @Test("SEC-68: basic with a given password, checked as scrypt; many at once all get their answer")
    func basicGiven() async throws {
        let handler = try await TestHandler.start()
        let site = try TestSite()
        try site.sender("acme")
        try site.endpoint("acme", to: handler.url(), authenticate: "[basic]", "event: { id: json:id }")
        try site.add("acme/basic", "acme:correct horse battery")
        func request(_ credentials: String, _ id: String) -> RawRequest {
            RawRequest(
                "/hooks/acme", fields: [("Authorization", "Basic " + Base64.encode(Array(credentials.utf8)))], body: "{\"id\":\"\(id)\"}")
        }
        try await serving(site) { gateway in
            try expectRefusal(try await gateway.send(request("acme:wrong horse battery", "1")), 401, "credential-mismatch", at: site)
            var connections: [RawConnection] = []
            for number in 0..<8 {
                let connection = try await gateway.connect()
                connection.post(request("acme:correct horse battery", "\(number)").bytes)
                connections.append(connection)
            }
            for connection in connections {
                try expect(try await connection.answer(), 200, "accepted", "ok", at: site)
                await connection.close()
            }
            try expectRefusal(try await gateway.send(request("acme:wrong horse battery", "1")), 401, "credential-mismatch", at: site)
            #expect(handler.count == 8)
        }
    }

    @Test(
        "a client certificate proves its sender, by subject or by pin (SEC-6); without one, or with another's, it is 401",
        arguments: [true, false])
    func certificate(byPin: Bool) async throws {
        let handler = try await TestHandler.start()
        let site = try TestSite(listener: "client-ca: ../certs/clients-ca.pem")
        try site.sender("acme")
        try site.endpoint("acme", to: handler.url(), authenticate: "[certificate]", "event: { id: json:id }")
        let issued = try site.writeClient("acme")
        try site.writeClient("other")
        let stranger = try DevelopmentAuthority.make(commonName: "A stranger", now: SystemClock().now)
        try site.writeClient("stranger", by: stranger)
        let pin = try CertificateInfo(pem: issued.certificatePEM).spkiSHA256
        try site.add("acme/certificate", byPin ? "sha256//" + Base64.encode(pin) : "CN=acme")
        try await serving(site, unanswered: ["ok", "certificate-missing", "certificate-mismatch"]) { (gateway) async throws in
            func curl(_ client: String?) async throws -> String {
                let certificate = client.map { ["--cert", "certs/\($0).pem", "--key", "certs/\($0).key"] } ?? []
                return try await Tool.run(
                    "curl",
                    ["-s", "-o", "/dev/null", "-w", "%{http_code}", "--cacert", "certs/ca.pem", "-d", "{\"id\":\"\(client ?? "")\"}"]
                        + certificate
                        + ["https://localhost:\(gateway.port)/hooks/acme"], in: site.folder
                ).output
            }
            #expect(try await curl("acme") == "200")
            #expect(try await curl("other") == "401")
            #expect(try await curl(nil) == "401")
            // Not issued by `client-ca`: there is no connection at all.
            #expect(try await curl("stranger") == "000")
            #expect(handler.count == 1)
            #expect(handler.requests.first?["gatehouse-checks"] == "certificate;version=1")
            #expect(try site.decisions().map(\.reason) == ["ok", "certificate-mismatch", "certificate-missing"])
        }
    }

    @Test("every item must hold; `any` takes one of several")
    func composed() async throws {
        let handler = try await TestHandler.start()
        let site = try TestSite()
        try site.acme(to: handler.url(), authenticate: "[{ signature: standard-webhooks }, basic]")
        try site.endpoint(
            "either", to: handler.url(), authenticate: "[{ any: [{ signature: standard-webhooks }, basic] }]", "event: { id: json:id }")
        let value = try site.add("acme/basic")
        let basic = "Basic " + Base64.encode(Array(value.utf8))
        let sender = try site.acmeSender()
        let either = try TestSender("standard-webhooks", secret: site.secret, path: "/hooks/either")
        try await serving(site) { gateway in
            let both = try await gateway.send(try sender.request("{}").with("Authorization", basic))
            try expect(both, 200, "accepted", "ok", at: site)
            #expect(handler.requests.last?["gatehouse-checks"] == "signature;scheme=\"standard-webhooks\";version=1, basic;version=1")
            let one = try await gateway.send(try sender.request("{}"))
            try expectRefusal(one, 401, "credential-missing", at: site)
            #expect(one.values("www-authenticate").count == 2)
            try expectRefusal(
                try await gateway.send(RawRequest("/hooks/acme", fields: [("Authorization", basic)], body: "{}")), 401, "signature-missing",
                at: site)
            try expect(try await gateway.send(try either.request("{}")), 200, "accepted", "ok", at: site)
            try expect(
                try await gateway.send(RawRequest("/hooks/either", fields: [("Authorization", basic)], body: "{\"id\":\"1\"}")), 200,
                "accepted", "ok", at: site)
            #expect(try await gateway.send(RawRequest("/hooks/either", body: "{}")).status == 401)
        }
    }

    @Test("all items hold for one and the same sender: the signature of one and the password of another are refused")
    func oneSender() async throws {
        let handler = try await TestHandler.start()
        let site = try TestSite()
        for name in ["acme", "zeta"] { try site.sender(name) }
        try site.endpoint("acme", to: handler.url(), senders: "[acme, zeta]", authenticate: "[{ signature: standard-webhooks }, basic]")
        var senders: [TestSender] = []
        var passwords: [String] = []
        for name in ["acme", "zeta"] {
            senders.append(try TestSender("standard-webhooks", secret: try site.add("\(name)/signing"), path: "/hooks/acme"))
            passwords.append("Basic " + Base64.encode(Array(try site.add("\(name)/basic").utf8)))
        }
        try await serving(site) { gateway in
            for signer in 0...1 {
                for password in 0...1 {
                    let answer = try await gateway.send(try senders[signer].request("{}").with("Authorization", passwords[password]))
                    #expect(answer.status == (signer == password ? 200 : 401))
                }
            }
            #expect(handler.requests.map { $0["gatehouse-sender"] } == ["acme", "zeta"])
        }
    }

    @Test("an endpoint whose sender has no credential lets nobody in")
    func noCredential() async throws {
        let site = try TestSite()
        try site.sender("acme")
        try site.endpoint("acme", to: "file:events.jsonl")
        let sender = try site.acmeSender()
        try await serving(site) { gateway in
            try expectRefusal(try await gateway.send(try sender.request("{}")), 401, "credential-unknown", at: site)
        }
    }

    @Test("a running gateway takes a credential over at once, and a rotated secret stays valid for its overlap")
    func changedWhileRunning() async throws {
        let handler = try await TestHandler.start()
        let site = try TestSite()
        try site.sender("acme")
        try site.endpoint("acme", to: handler.url())
        try await serving(site) { gateway in
            let sender = try site.acmeSender()
            #expect(try await gateway.send(try sender.request("{}")).status == 401)
            _ = try await Task.detached { try site.add("acme/signing", site.secret) }.value
            try expect(try await gateway.send(try sender.request("{}")), 200, "accepted", "ok", at: site)
            #expect(try site.records().contains { $0.kind == "admin" })
        }
    }
}

@Suite("Where a request comes from")
struct OriginTests {
    @Test("a sender's networks are checked against the peer")
    func networks() async throws {
        let handler = try await TestHandler.start()
        let site = try TestSite()
        try site.acme(to: handler.url())
        try site.sender("acme", "networks: [203.0.113.0/24]")
        let request = try site.acmeSender().request("{}")
        try await serving(site) { gateway in
            try expectRefusal(
                try await gateway.send(request.with("X-Forwarded-For", "203.0.113.7").with("Forwarded", "for=203.0.113.7")), 401, "network",
                at: site)
        }
        try site.sender("acme", "networks: [203.0.113.0/24, 127.0.0.0/8]")
        try await serving(site) { gateway in try expect(try await gateway.send(request), 200, "accepted", "ok", at: site) }
    }

    @Test(
        "SEC-23: the rightmost address that is no trusted proxy counts",
        arguments: [
            ("forwarded", "for=203.0.113.7", "203.0.113.7"), ("forwarded", "for=198.51.100.1, for=203.0.113.7", "203.0.113.7"),
            ("forwarded", "For=\"203.0.113.7:4711\";proto=https", "203.0.113.7"),
            ("forwarded", "for=203.0.113.7, for=127.0.0.9", "203.0.113.7"),
            ("forwarded", "for=\"[2001:db8::1]:80\"", "2001:db8::1"), ("forwarded", "for=_hidden", "127.0.0.1"),
            ("forwarded", "", "127.0.0.1"),
            ("x-forwarded-for", "203.0.113.7", "203.0.113.7"), ("x-forwarded-for", "198.51.100.1,203.0.113.7, 127.0.0.2", "203.0.113.7"),
            ("x-forwarded-for", "2001:db8::1", "2001:db8::1"),
        ])
    func forwarded(kind: String, value: String, remote: String) async throws {
        let (_, site, sender) = try await relayed(
            at: TestSite(gateway: "trusted-proxies: [127.0.0.0/8]", listener: "forwarded-by: \(kind)"))
        let request = try sender.request("{}")
        try await serving(site) { gateway in
            let line = try expect(
                try await gateway.send(value.isEmpty ? request : request.with(kind, value)), 200, "accepted", "ok", at: site)
            #expect(line?.remote == remote)
        }
    }

    @Test(
        "SEC-23: a trusted proxy's field that is malformed is 400; from anyone else the field is ignored",
        arguments: [
            ("forwarded", "203.0.113.7"), ("forwarded", "for=nonsense"), ("forwarded", "for=\"203.0.113.7"),
            ("x-forwarded-for", "nonsense"), ("x-forwarded-for", "1.2.3.4.5"),
        ])
    func malformedForwarded(kind: String, value: String) async throws {
        let (_, site, sender) = try await relayed(
            at: TestSite(gateway: "trusted-proxies: [127.0.0.0/8]", listener: "forwarded-by: \(kind)"))
        let request = try sender.request("{}").with(kind, value)
        try await serving(site) { gateway in try expectRefusal(try await gateway.send(request), 400, "malformed", at: site) }
        try site.configure(gateway: "trusted-proxies: [10.0.0.0/8]", listener: "forwarded-by: \(kind)")
        try await serving(site) { gateway in
            let line = try expect(try await gateway.send(request), 200, "accepted", "ok", at: site)
            #expect(line?.remote == "127.0.0.1")
        }
    }

    private static let signature: [UInt8] = [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a]
    private static let v4 = signature + [0x21, 0x11, 0, 12, 203, 0, 113, 7, 127, 0, 0, 1, 0x10, 0, 0x20, 0xfb]

    @Test("SEC-23: a trusted proxy's PROXY v2 preamble names the peer; its own checks (LOCAL) do not")
    func proxyProtocol() async throws {
        let (_, site, sender) = try await relayed(
            at: TestSite(gateway: "trusted-proxies: [127.0.0.0/8]", listener: "forwarded-by: proxy-v2"))
        let v6 =
            Self.signature + [0x21, 0x21, 0, 36] + [0x20, 0x01, 0x0d, 0xb8] + [UInt8](repeating: 0, count: 11) + [1]
            + [UInt8](repeating: 0, count: 20)
        let withTLV = Self.signature + [0x21, 0x11, 0, 16, 203, 0, 113, 7, 127, 0, 0, 1, 0x10, 0, 0x20, 0xfb, 4, 0, 1, 0]
        let local = Self.signature + [0x20, 0x00, 0, 0]
        try await serving(site) { gateway in
            for (preamble, remote) in [(Self.v4, "203.0.113.7"), (v6, "2001:db8::1"), (withTLV, "203.0.113.7"), (local, "127.0.0.1")] {
                let connection = try await gateway.connect(preamble: preamble)
                try await connection.send(try sender.request("{}"))
                let line = try expect(try await connection.answer(), 200, "accepted", "ok", at: site)
                #expect(line?.remote == remote)
                await connection.close()
            }
            // Without a preamble, or with a broken one, there is no connection.
            await #expect(throws: (any Error).self) { try await gateway.connect() }
            for broken in [
                Self.signature + [0x31, 0x11, 0, 12], Self.signature + [0x21, 0x11, 0, 4, 1, 2, 3, 4],
                Self.signature + [0x21, 0x11, 0xff, 0xff],
            ] {
                await #expect(throws: (any Error).self) { try await gateway.connect(preamble: broken) }
            }
        }
    }

    @Test("SEC-23: a PROXY preamble from someone who is no trusted proxy is 400", arguments: ["", "forwarded-by: proxy-v2"])
    func untrustedPreamble(listener: String) async throws {
        let site = try TestSite(gateway: "trusted-proxies: [10.0.0.0/8]", listener: listener)
        try site.acme(to: "file:events.jsonl")
        try await serving(site) { gateway in
            let connection = try await gateway.connect(isTLS: false)
            connection.post(Self.v4)
            #expect(String(decoding: try await connection.someBytes(), as: UTF8.self).hasPrefix("HTTP/1.1 400 "))
            try await connection.ended()
            await connection.close()
        }
    }
}
