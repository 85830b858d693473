import GatehouseCrypto
import GatehousePolicy
import GatehouseTime
import Testing

@testable import GatehouseVerify

@Suite("What names an event")
struct IdentityTests {
    private func key(_ gate: Gate, _ body: String, fields: [(name: String, value: String)] = [], at offset: Int = 0) throws -> EventKey? {
        let now = Gate.now + .seconds(offset)
        let verification = try gate.verify(try gate.sign(body, at: now, fields: fields), at: now)
        #expect(verification.summary == "ok")
        return verification.event.key
    }

    @Test("SEC-64 a signed id makes the key, whatever else the event says")
    func signedID() throws {
        let gate = try Gate.signed(.listed)
        let first = try key(gate, #"{"id":"evt_1","type":"a"}"#)
        #expect(first != nil)
        #expect(try key(gate, #"{"type":"b","id":"evt_1","more":1}"#, at: 5) == first)
        #expect(try key(gate, #"{"id":"evt_\u0031"}"#) == first)
        #expect(try key(gate, #"{"id":"evt_2"}"#) != first)
        #expect(try key(gate, #"{"id":1}"#) == key(gate, #"{"id":"1"}"#))
    }

    @Test("endpoint and sender are part of the key")
    func parted() throws {
        var gate = Gate(.listed)
        gate.senders = ["acme", "globex"]
        for sender in gate.senders { try gate.add("\(sender)/signing", PlainCredential("the secret of \(sender)")) }
        let body = #"{"id":"evt_1"}"#
        let keys = try gate.senders.map { try gate.verify(try gate.sign(body, secret: "the secret of \($0)")).event.key }
        #expect(keys[0] != keys[1])
        gate.change = { $0.name = "elsewhere" }
        #expect(try gate.verify(try gate.sign(body, secret: "the secret of acme")).event.key != keys[0])
    }

    @Test("SEC-64 an unsigned id is a hint: the signed bytes' digest makes the key")
    func unsignedID() throws {
        var scheme = Scheme.bare()
        scheme.event = EventSource(id: .header("x-id"), type: .header("x-type"))
        let gate = try Gate.signed(scheme)
        let request = try gate.sign("x", fields: [(name: "X-Id", value: "1"), (name: "X-Type", value: "t")])
        let first = try gate.verify(request)
        #expect(first.event.id == "1")
        #expect(first.event.type == "t")
        #expect(first.event.key != nil)
        #expect(try gate.verify(request.setting("x-id", "2")).event.key == first.event.key)
        #expect(try gate.verify(request.adding("x-id", "1")).summary == "signature-malformed")
        #expect(try gate.verify(try gate.sign("y")).event.key != first.event.key)
    }

    @Test("an absent id falls back to the digest, and `without-id: deliver` to nothing")
    func absentID() throws {
        var gate = try Gate.signed(.listed)
        let first = try key(gate, "{}")
        #expect(first != nil)
        #expect(try key(gate, "{}") == first)
        #expect(try key(gate, "{}", at: 1) != first)
        #expect(try key(gate, #"{"id":null}"#) != nil)
        gate.change = { $0.replay.withoutID = .deliver }
        #expect(try key(gate, "{}") == nil)
        #expect(try key(gate, #"{"id":"evt_1"}"#) != nil)
    }

    @Test("an id that spells a digest is not that digest")
    func domains() throws {
        let gate = try Gate.signed(.bare())
        var scheme = Scheme.bare()
        scheme.event = EventSource(id: .json(["id"]))
        let named = try Gate.signed(scheme)
        let digest = try gate.verify(try gate.sign("x"))
        let spelled = try named.verify(try named.sign(#"{"id":"\#(digest.bodySHA256.hex)"}"#))
        #expect(digest.event.key != nil && digest.event.key != spelled.event.key)
    }

    @Test("without a signature the id that policy names makes the key, else nothing")
    func withoutSignature() throws {
        var gate = Gate()
        gate.authenticate = [.basic]
        gate.change = { $0.event = EventSource(id: .json(["id"]), type: .json(["type"])) }
        try gate.add("acme/basic", CompositionTests.basicVerifier("acme:acme-password"))
        let fields = [("Authorization", CompositionTests.authorization("acme:acme-password"))]
        let verification = try gate.verify(Request(fields: fields, body: #"{"id":"7","type":"t"}"#))
        #expect(verification.event.id == "7")
        #expect(verification.event.key != nil)
        #expect(try gate.verify(Request(fields: fields, body: "{}")).event.key == nil)
    }

    @Test("a value compared for equality signs nothing, so it is no signature here")
    func equality() throws {
        let gate = try Gate.signed(try Scheme.shipped("gitlab-token"))
        let token = [("X-Gitlab-Token", Gate.secret)]
        #expect(try gate.verify(Request(fields: token, body: "x")).event.key == nil)
        let named = try gate.verify(Request(fields: token + [("X-Gitlab-Event-UUID", "u1"), ("X-Gitlab-Event", "Push Hook")], body: "x"))
        #expect(named.event.key != nil)
        #expect(named.event.type == "Push Hook")
    }

    @Test("the endpoint says where id and type are when the scheme does not")
    func fallback() throws {
        var gate = try Gate.signed(.bare())
        gate.change = { $0.event = EventSource(id: .json(["event", "id"]), type: .header("x-type")) }
        let verification = try gate.verify(try gate.sign(#"{"event":{"id":"e"}}"#, fields: [(name: "X-Type", value: "t")]))
        #expect(verification.event.id == "e")
        #expect(verification.event.type == "t")
        #expect(try gate.verify(try gate.sign(#"{"event":{"id":"e"},"n":2}"#)).event.key == verification.event.key)
    }

    @Test("a long id is shown cut between characters, and still known by all of it")
    func longID() throws {
        let gate = try Gate.signed(.listed)
        let long = String(repeating: "é", count: 200)
        let first = try gate.verify(try gate.sign(#"{"id":"\#(long)1"}"#))
        #expect(first.event.id == String(repeating: "é", count: 128))
        #expect(first.event.isIDCut)
        #expect(try !gate.verify(try gate.sign(#"{"id":"\#(String(long.prefix(128)))"}"#)).event.isIDCut)
        #expect(try gate.verify(try gate.sign(#"{"id":"\#(long)2"}"#)).event.key != first.event.key)
        let odd = try gate.verify(try gate.sign(#"{"id":"a\#(long)"}"#))
        #expect(odd.event.id == "a" + String(repeating: "é", count: 127))
    }

    @Test("SEC-46 a genuine body with a member twice, or nested too deeply, is malformed; one that is no JSON names nothing")
    func hostileBodies() throws {
        let gate = try Gate.signed(.listed)
        #expect(try gate.verify(try gate.sign(#"{"type":"a","type":"b"}"#)).summary == "malformed")
        #expect(try gate.verify(try gate.sign(String(repeating: "[", count: 100_000))).summary == "malformed")
        for body in ["", "payload=%7B%7D", "{", "{}{}", #"{"id":{"a":1},"type":["x"]}"#, #"{"id":"\ud800"}"#] {
            let verification = try gate.verify(try gate.sign(body))
            #expect(verification.summary == "ok")
            #expect(verification.isBodyUnreadable == !body.hasPrefix("{\"id\""))
            #expect(verification.event.id == nil)
            #expect(verification.event.type == nil)
            #expect(verification.event.key != nil)
        }
    }

    @Test("a refused request names no event")
    func refused() throws {
        let gate = try Gate.signed(.listed)
        let verification = try gate.verify(try gate.sign(#"{"id":"evt_1"}"#, secret: "some other secret"))
        #expect(verification.event == EventIdentity())
        #expect(verification.signedAt == nil)
    }

    @Test("the body's digest is there for every request")
    func digest() throws {
        let verification = try Gate.signed(.listed).verify(Request(body: "abc"))
        #expect(verification.bodySHA256.hex == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(verification.bodySHA256.withBytes { Hex.encode($0) } == verification.bodySHA256.hex)
    }

    @Test("event keys are 32 hex digits both ways")
    func hex() {
        let key = EventKey(high: 0x0123_4567_89ab_cdef, low: 0xfedc_ba98_7654_3210)
        #expect(key.hex == "0123456789abcdeffedcba9876543210")
        #expect(EventKey(hex: key.hex) == key)
        for text in ["", "0123", key.hex + "0", "+123456789abcdeffedcba9876543210", "x123456789abcdeffedcba9876543210"] {
            #expect(EventKey(hex: text) == nil)
        }
    }
}
