import GatehouseCrypto
import GatehouseTime
import Testing

@testable import GatehouseOAuth
@testable import GatehouseToken

@Suite("What means harm")
struct HostileTests {
    @Test("there are more than two hundred cases, each of its own name")
    func count() {
        #expect(HostileToken.all.count >= 150)
        #expect(HostileRequest.all.count >= 150)
        #expect(Set(HostileToken.all.map(\.name)).count == HostileToken.all.count)
        #expect(Set(HostileRequest.all.map(\.name)).count == HostileRequest.all.count)
    }

    @Test("SEC-43 to SEC-48: no hostile token is accepted, in any order, fresh or repeated")
    func tokens() throws {
        let bench = try TokenBench()
        let good = try bench.issue()
        for token in HostileToken.all {
            let text = try token.make(bench)
            for _ in 0..<2 { #expect(bench.refusal(text) != nil, "\(token.name)") }
        }
        #expect(bench.refusal(good) == nil)
    }

    @Test("SEC-41: no hostile token is active for a client whose it is not, nor revoked by it")
    func introspection() throws {
        let server = try TestServer()
        let bench = try TokenBench()
        let other = [TestServer.basic("basic-only", TestServer.secret)]
        for token in HostileToken.all {
            let text = try token.make(bench).utf8.map { byte in
                (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
                    ? String(UnicodeScalar(byte)) : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
            }.joined()
            guard text.utf8.count < 60_000 else { continue }
            let asked = try server.decide("token=\(text)", to: .introspect, authorization: other)
            #expect(asked.json["active"] != .bool(true), "\(token.name)")
            let revoked = try server.decide("token=\(text)", to: .revoke, authorization: other)
            #expect(revoked.effects.isEmpty, "\(token.name)")
        }
    }

    @Test("SEC-28 to SEC-37: no hostile request is issued anything, and each is answered as RFC 6749 section 5.2 has it")
    func requests() throws {
        let server = try TestServer(withoutGiven: true)
        for request in HostileRequest.all {
            let decision = try server.decide(
                try request.body(), authorization: request.authorization, hasQuery: request.hasQuery, certificate: request.certificate)
            #expect(decision.json["access_token"] == nil, "\(request.name)")
            #expect(decision.event == .refused, "\(request.name)")
            #expect(decision.answer.status == 400 || decision.answer.status == 401, "\(request.name)")
            #expect(decision.code != nil, "\(request.name)")
            #expect(decision.uses.isEmpty || decision.sender != nil, "\(request.name)")
            #expect(decision.reason != "ok" && decision.reason != "unavailable", "\(request.name): \(decision.reason)")
        }
        #expect(try server.acmeToken().isEmpty == false)
    }

    @Test("SEC-29, SEC-41: the same requests learn nothing at the other endpoints")
    func otherEndpoints() throws {
        let server = try TestServer(withoutGiven: true)
        let token = try server.acmeToken()
        for request in HostileRequest.all {
            for endpoint in [TestServer.Endpoint.introspect, .revoke] {
                let decision = try server.decide(
                    try request.body() + "&token=\(token)", to: endpoint, authorization: request.authorization, hasQuery: request.hasQuery,
                    certificate: request.certificate)
                guard decision.event == .refused else { continue }
                #expect(decision.json["active"] == nil, "\(request.name)")
            }
        }
    }

    @Test("one byte of a good token changed at any place is not accepted")
    func everyByte() throws {
        let bench = try TokenBench()
        let good = Array(try bench.issue().utf8)
        for index in good.indices {
            var bad = good
            bad[index] ^= 1
            #expect(bench.refusal(String(decoding: bad, as: UTF8.self)) != nil)
        }
    }

    @Test("a good token cut off at any place is not accepted")
    func everyPrefix() throws {
        let bench = try TokenBench()
        let good = try bench.issue()
        for count in 0..<good.utf8.count { #expect(bench.refusal(String(good.prefix(count))) != nil) }
    }
}
