import Foundation
import Gatehouse
import GatehouseCrypto
import GatehousePolicy
import GatehouseTesting
import GatehouseTime
import HTTPTypes
import Synchronization
import Testing

@Suite("Kinds of handlers, end to end")
struct HandlerKindTests {
    /// Takes events in this process.
    private final class Orders: EventHandler {
        let events = Mutex<[AuthenticatedEvent]>([])
        private let answer: @Sendable (AuthenticatedEvent) async throws -> HandlerResponse

        init(
            _ answer: @escaping @Sendable (AuthenticatedEvent) async throws -> HandlerResponse = { _ in
                HandlerResponse(status: 201, contentType: "text/plain", body: Array("in process".utf8))
            }
        ) {
            self.answer = answer
        }

        func handle(_ event: AuthenticatedEvent) async throws -> HandlerResponse {
            events.withLock { $0.append(event) }
            return try await answer(event)
        }

        var count: Int { events.withLock { $0.count } }
    }

    @Test("swift: hands the event to the embedding program, and its response is the answer")
    func swift() async throws {
        let orders = Orders()
        let site = try TestSite()
        try site.acme(to: "swift:orders")
        let request = try site.acmeSender().request(id: "msg_1", "{\"type\":\"order.accepted\"}").with("X-Custom", "x").with(
            "Authorization", "none")
        try await serving(site, handlers: ["orders": orders]) { gateway in
            let answer = try await gateway.send(request)
            try expect(answer, 201, "accepted", "ok", at: site)
            #expect(answer.text == "in process")
            let event = try #require(orders.events.withLock { $0.first })
            #expect(event.body == request.body)
            #expect(event.id == "msg_1")
            #expect(event.type == "order.accepted")
            #expect(event.sender == "acme")
            #expect(event.endpoint == "acme")
            #expect(event.reference == answer.reference)
            #expect(event.contentType == "application/json")
            let names = event.headers.map { $0.name.canonicalName }
            #expect(names.contains("x-custom"))
            #expect(!names.contains("authorization"))
            try expect(try await gateway.send(request), 201, "duplicate", "duplicate", at: site)
            #expect(orders.count == 1)
        }
    }

    @Test("a swift: handler that throws is 502, one that is late 504; both leave the event free or known as the outcome says")
    func swiftFailures() async throws {
        struct Broken: Error {}
        let gate = Gate()
        let throwing = Orders { _ in throw Broken() }
        let late = Orders { _ in
            await gate.pass()
            return HandlerResponse(status: 200, body: Array("late".utf8))
        }
        let site = try TestSite()
        try site.acme(to: "swift:throwing")
        try site.endpoint("late", to: "swift:late", delivery: "timeout: 200ms")
        let request = try site.acmeSender().request(id: "msg_1", "{}")
        let lateRequest = try TestSender("standard-webhooks", secret: site.secret, path: "/hooks/late").request(id: "msg_1", "{}")
        try await serving(site, handlers: ["throwing": throwing, "late": late]) { gateway in
            for _ in 1...2 { try expect(try await gateway.send(request), 502, "failed", "handler-failed", at: site) }
            #expect(throwing.count == 2)
            try expect(try await gateway.send(lateRequest), 504, "failed", "handler-failed", at: site)
            gate.open()
            #expect(try await eventually { try await gateway.send(lateRequest).text == "late" })
            #expect(late.count == 1)
        }
    }

    @Test("a policy that names a handler the program does not have is refused before anything is opened")
    func missingHandler() throws {
        let site = try TestSite()
        try site.acme(to: "swift:orders")
        #expect(throws: PolicyError.self) { try Gateway(policies: site.policies) }
    }

    @Test("exec: gets the body on standard input and only the gateway's variables; its exit status decides (SEC-83, SEC-86)")
    func exec() async throws {
        let site = try TestSite()
        try site.folder.write(
            "handler.sh",
            """
            #!/bin/sh
            read -r body
            env | /usr/bin/sort > "$1"
            printf '%s|%s' "$body" "$GATEHOUSE_EVENT_ID"
            case "$body" in *busy*) exit 75;; *bad*) exit 3;; esac

            """, mode: 0o700)
        try site.acme(to: "exec:../../handler.sh", delivery: "arguments: [\"\(site.folder("environment"))\"], timeout: 20s")
        let sender = try site.acmeSender()
        try await serving(site) { gateway in
            let answer = try await gateway.send(
                try sender.request(id: "$(touch x);é", "{\"type\":\"t\"}").with("X-Evil", "() { :; }; echo"))
            try expect(answer, 200, "accepted", "ok", at: site)
            #expect(answer.text.hasPrefix("{\"type\":\"t\"}|$(touch x);"))
            let names = String(decoding: site.folder.read("environment"), as: UTF8.self).split(separator: "\n").map {
                $0.prefix { $0 != "=" }
            }
            #expect(names.filter { !$0.hasPrefix("GATEHOUSE_") && $0 != "PWD" && $0 != "_" && $0 != "SHLVL" && $0 != "OLDPWD" } == [])
            #expect(names.contains("GATEHOUSE_REFERENCE"))
            let busy = try await gateway.send(try sender.request("{\"busy\":1}"))
            try expect(busy, 503, "failed", "handler-failed", at: site)
            #expect(busy["content-type"] == "application/problem+json" && busy["retry-after"] == "1")
            #expect(busy.text.contains("\"status\":503"))
            try expect(try await gateway.send(try sender.request("{\"bad\":1}")), 502, "failed", "handler-failed", at: site)
        }
    }

    @Test("an exec: program that hangs is 504, and gone after `late`")
    func execHangs() async throws {
        let site = try TestSite()
        try site.folder.write("hang.sh", "#!/bin/sh\necho $$ > \"$1\"\nexec sleep 600\n", mode: 0o700)
        try site.acme(to: "exec:../../hang.sh", delivery: "arguments: [\"\(site.folder("pid"))\"], timeout: 300ms, late: 600ms")
        let request = try site.acmeSender().request("{}")
        try await serving(site) { gateway in
            try expect(try await gateway.send(request), 504, "failed", "handler-failed", at: site)
            #expect(await eventually { !site.folder.read("pid").isEmpty })
            let pid = try #require(
                Int32(String(decoding: site.folder.read("pid"), as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)))
            #expect(await eventually { kill(pid, 0) != 0 })
        }
    }

    @Test("file: appends one line of JSON for each event, once")
    func file() async throws {
        let site = try TestSite()
        try site.acme(to: "file:../../events.jsonl")
        let sender = try site.acmeSender()
        try await serving(site) { gateway in
            let request = try sender.request(id: "msg_1", "{\"type\":\"t\",\"text\":\"\u{2028}\\n\"}")
            let answer = try await gateway.send(request)
            try expect(answer, 200, "accepted", "ok", at: site)
            #expect(answer.body.isEmpty)
            try expect(try await gateway.send(request), 200, "duplicate", "duplicate", at: site)
            try expect(
                try await gateway.send(try sender.request("x").changed { $0.fields.removeAll { $0.name == "Content-Type" } }), 200,
                "accepted", "ok", at: site)
            let lines = site.folder.read("events.jsonl").split(separator: 10)
            #expect(lines.count == 2)
            let line = try #require(try JSONSerialization.jsonObject(with: Data(lines.first ?? [])) as? [String: Any])
            #expect(line["body"] as? String == String(decoding: request.body, as: UTF8.self))
            #expect(line["reference"] as? String == answer.reference)
            #expect((line["event"] as? [String: Any])?["id"] as? String == "msg_1")
            #expect(line["content_type"] as? String == "application/json")
        }
    }

    @Test("file: that cannot be written fails the event and frees it")
    func fileFails() async throws {
        let site = try TestSite()
        try site.acme(to: "file:../../missing/events.jsonl")
        try site.folder.write("missing/other", "")
        let request = try site.acmeSender().request("{}")
        try await serving(site) { gateway in
            try FileManager.default.removeItem(atPath: site.folder("missing"))
            #expect((500...503).contains(try await gateway.send(request).status))
            try site.folder.write("missing/other", "")
            try expect(try await gateway.send(request), 200, "accepted", "ok", at: site)
        }
    }

    @Test("https: a handler is verified against its `ca` and its name (SEC-81); connections are kept")
    func https() async throws {
        let site = try TestSite()
        let handler = try await TestHandler.start(tls: (site.folder("certs/server.pem"), site.folder("certs/server.key")))
        try site.acme(to: handler.url(host: "localhost"), delivery: "ca: ../../certs/ca.pem")
        let sender = try site.acmeSender()
        try await serving(site) { gateway in
            let connection = try await gateway.connect()
            for _ in 1...3 {
                try await connection.send(try sender.request("{}"))
                try expect(try await connection.answer(), 200, "accepted", "ok", at: site)
            }
            #expect(handler.connections == 1)
            #expect(handler.requests.first?["host"] == "localhost:\(handler.port)")
            await connection.close()
        }
    }

    @Test(
        "https: with another authority, another name or the system's authorities there is no hand-over: 502",
        arguments: ["ca", "name", "system"])
    func httpsRefused(wrong: String) async throws {
        let site = try TestSite()
        try site.writeServer("handler", names: [wrong == "name" ? "other.test" : "localhost"])
        let handler = try await TestHandler.start(tls: (site.folder("certs/handler.pem"), site.folder("certs/handler.key")))
        let delivery = wrong == "system" ? "" : "ca: ../../certs/\(wrong == "ca" ? "clients-ca" : "ca").pem"
        try site.acme(to: handler.url(host: "localhost"), delivery: delivery)
        try await serving(site) { gateway in
            try expect(try await gateway.send(try site.acmeSender().request("{}")), 502, "failed", "handler-failed", at: site)
            #expect(handler.count == 0)
        }
    }

    @Test("https: another authority in the same `ca` file counts from the reload on, on kept connections too")
    func httpsReloaded() async throws {
        let site = try TestSite()
        let handler = try await TestHandler.start(tls: (site.folder("certs/server.pem"), site.folder("certs/server.key")))
        try site.folder.write("certs/handlers-ca.pem", site.authority.certificatePEM)
        try site.acme(to: handler.url(host: "localhost"), delivery: "ca: ../../certs/handlers-ca.pem")
        let sender = try site.acmeSender()
        try await serving(site) { gateway in
            let connection = try await gateway.connect()
            func send(_ decision: String, _ status: Int) async throws {
                try await connection.send(try sender.request("{}"))
                try expect(
                    try await connection.answer(), status, decision, decision == "accepted" ? "ok" : "handler-failed", at: site)
            }
            func change(_ authority: DevelopmentAuthority) async throws {
                let before = try site.records().count { $0.action == "reload" }
                try site.folder.write("certs/handlers-ca.pem", authority.certificatePEM)
                gateway.reload()
                #expect(try await eventually { try site.records().count { $0.action == "reload" } > before })
            }
            try await send("accepted", 200)
            try await change(site.clientAuthority)
            try await send("failed", 502)
            try await change(site.authority)
            try await send("accepted", 200)
            await connection.close()
        }
    }

    @Test("SEC-7: an https answer up to the end of the connection counts only with close_notify", arguments: [true, false])
    func truncatedAnswer(isWhole: Bool) async throws {
        let site = try TestSite()
        let handler = try await TestHandler.start(tls: (site.folder("certs/server.pem"), site.folder("certs/server.key"))) { _ in
            let text = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nwhole"
            return isWhole ? .bytes(text, closes: true) : .cut(text)
        }
        try site.acme(to: handler.url(host: "localhost"), delivery: "ca: ../../certs/ca.pem")
        try await serving(site) { gateway in
            let answer = try await gateway.send(try site.acmeSender().request("{}"))
            if isWhole {
                try expect(answer, 200, "accepted", "ok", at: site)
                #expect(answer.text == "whole")
            } else {
                try expect(answer, 502, "failed", "handler-failed", at: site)
            }
        }
    }
}
