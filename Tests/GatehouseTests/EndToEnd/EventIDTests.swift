import GatehouseTesting
import Testing

@Suite("An event's id reaches its handler")
struct EventIDTests {
    private static let secret = "a secret of some length"

    /// A site whose scheme finds the id in the body, where it may hold any character, and a sender that signs so.
    private func site(to handler: String, delivery: String = "") throws -> (site: TestSite, sender: TestSender) {
        let site = try TestSite()
        try site.sender("acme")
        try site.endpoint("acme", to: handler, authenticate: "[{ signature: digital-river }]", delivery: delivery)
        try site.add("acme/signing", Self.secret)
        return (site, try TestSender("digital-river", secret: Self.secret, path: "/hooks/acme"))
    }

    @Test(
        "what a header cannot hold is percent-encoded, in the id and in the type",
        arguments: [
            ("evt_1", "evt_1"), (#"a\r\nX-Forged: 1"#, "a%0D%0AX-Forged: 1"), ("é😀", "%C3%A9%F0%9F%98%80"), (#"\u0000\u007f"#, "%00%7F"),
            ("100%", "100%25"), (" a b ", "%20a b%20"),
        ])
    func encoded(written: String, header: String) async throws {
        let handler = try await TestHandler.start()
        let (site, sender) = try site(to: handler.url())
        try await serving(site) { gateway in
            let request = try sender.request(#"{"id":"\#(written)","type":"\#(written)"}"#)
            let line = try expect(try await gateway.send(request), 200, "accepted", "ok", at: site)
            let got = try #require(handler.requests.first)
            #expect(got["gatehouse-event-id"] == header)
            #expect(got["gatehouse-event-type"] == header)
            #expect(!got.has("gatehouse-event-id-cut"))
            #expect(!got.has("x-forged"))
            #expect(line?.event?.isIDCut == nil)
        }
    }

    @Test("an id that is too long is cut and marked, in the header and in the record; another with the same beginning is another event")
    func cut() async throws {
        let handler = try await TestHandler.start()
        let (site, sender) = try site(to: handler.url())
        let long = String(repeating: "é", count: 300)
        try await serving(site) { gateway in
            for end in ["1", "2"] {
                let line = try expect(
                    try await gateway.send(try sender.request(#"{"id":"\#(long)\#(end)"}"#)), 200, "accepted", "ok", at: site)
                #expect(line?.event?.id == String(repeating: "é", count: 128))
                #expect(line?.event?.isIDCut == true)
            }
            #expect(handler.requests.map { $0["gatehouse-event-id-cut"] } == ["?1", "?1"])
            #expect(handler.requests.allSatisfy { $0["gatehouse-event-id"] == String(repeating: "%C3%A9", count: 128) })
        }
    }

    @Test("a signed hand-over names every event by an id of its own, whatever the event's id holds")
    func signed() async throws {
        let handler = try await TestHandler.start()
        let (site, sender) = try site(to: handler.url(), delivery: "name: erp, sign: true")
        try site.add("handler/erp/signing")
        let long = String(repeating: "x", count: 300)
        try await serving(site) { gateway in
            for id in [#"a\nb"#, long + "1", long + "2"] {
                try expect(try await gateway.send(try sender.request(#"{"id":"\#(id)"}"#)), 200, "accepted", "ok", at: site)
            }
            let ids = handler.requests.compactMap { $0["webhook-id"] }
            #expect(ids.first == "a%0Ab")
            #expect(Set(ids).count == 3)
            #expect(handler.requests.allSatisfy { $0.has("webhook-signature") })
        }
    }

    @Test("`file:` and `exec:` mark a cut id too")
    func otherHandlers() async throws {
        let (site, sender) = try site(to: "file:../../events.jsonl")
        try site.endpoint(
            "other", to: "exec:/usr/bin/printenv", authenticate: "[{ signature: digital-river }]",
            delivery: "arguments: [GATEHOUSE_EVENT_ID_CUT]")
        let other = try TestSender("digital-river", secret: Self.secret, path: "/hooks/other")
        let body = #"{"id":"\#(String(repeating: "x", count: 257))"}"#
        try await serving(site) { gateway in
            try expect(try await gateway.send(try sender.request(body)), 200, "accepted", "ok", at: site)
            let line = String(decoding: site.folder.read("events.jsonl"), as: UTF8.self)
            #expect(line.contains(#""id_cut":true,"type":null"#))
            #expect(try await gateway.send(try other.request(body)).text == "1\n")
        }
    }
}
