import GatehouseCrypto
import GatehouseTime
import Testing

@testable import GatehouseToken

@Suite("Signing keys")
struct SigningKeySetTests {
    @Test("SEC-40: the JWKS shows public members only, distinct names, and what each key is for")
    func jwks() throws {
        let keys = SigningKeySet(
            try JWSAlgorithm.allCases.map { try SigningKey(algorithm: $0, created: .now, key: PrivateKey.generate($0.generated)) })
        let document = try keys.jwks()
        let listed = try #require(StrictJSON(document)?.members?["keys"]?.elements)
        #expect(listed.count == 4)
        let allowed: Set<String> = ["kty", "crv", "x", "y", "n", "e", "kid", "use", "alg"]
        for key in listed.compactMap(\.members) {
            #expect(Set(key.keys).isSubset(of: allowed))
            #expect(key["use"] == .string("sig"))
        }
        #expect(Set(listed.compactMap { $0.members?["kid"]?.text }).count == 4)
        // What we publish is a key set that we would take ourselves.
        let read = try VerificationKeySet(try keys.jwks())
        #expect(Set(read.keys.compactMap(\.id)) == Set(keys.keys.map(\.id)))
        #expect(Set(read.keys.flatMap(\.algorithms)) == Set(JWSAlgorithm.allCases))
    }

    @Test("SEC-40: a retiring key is shown before its last token has expired and not after")
    func retiring() throws {
        var old = try SigningKey.generate(.es256, at: .now)
        old.state = .retiring(until: .now + .seconds(600))
        let keys = SigningKeySet([old, try SigningKey.generate(.es256, at: .now + .seconds(1))])
        #expect(keys.live(at: .now + .seconds(599)).keys.count == 2)
        #expect(keys.live(at: .now + .seconds(600)).keys.count == 1)
        #expect(keys.active?.id != old.id)
    }

    @Test("a kid is the thumbprint of RFC 7638 section 3.1's example")
    func thumbprint() throws {
        let modulus =
            "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W"
            + "-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbIS"
            + "D08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
        let key = try PublicKey(
            jwk: Array("{\"kty\":\"RSA\",\"n\":\"\(modulus)\",\"e\":\"AQAB\",\"alg\":\"RS256\",\"kid\":\"2011-04-29\"}".utf8))
        #expect(try key.thumbprint() == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs")
    }

    @Test("a key does not sign with another kind's algorithm")
    func kinds() throws {
        #expect(throws: CryptoError.self) { try SigningKey(algorithm: .rs256, created: .now, key: TestKeys.p256) }
        #expect(throws: CryptoError.self) { try SigningKey(algorithm: .es256, created: .now, key: TestKeys.ed25519) }
    }
}
