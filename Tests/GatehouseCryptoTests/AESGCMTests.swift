import GatehouseCrypto
import Testing

@Suite struct AESGCMTests {
    private let key: Secret
    private let associated = Array("acme/signing:3".utf8)

    init() throws { key = try Secret(random: 32) }

    private func seal(_ text: String) throws -> [UInt8] {
        try Array(text.utf8).withUnsafeBytes { try AESGCM.seal($0, key: key, associated: associated) }
    }

    @Test("what was sealed opens again", arguments: ["", "x", String(repeating: "a secret longer than a block ", count: 40)])
    func roundTrip(_ text: String) throws {
        let sealed = try seal(text)
        #expect(sealed.count == text.utf8.count + 28)
        #expect(try AESGCM.open(sealed, key: key, associated: associated).withBytes { String(decoding: $0, as: UTF8.self) } == text)
    }

    @Test("SEC-66: every nonce is fresh")
    func nonces() throws {
        let nonces = try (0..<200).map { _ in Array(try seal("same").prefix(12)) }
        #expect(Set(nonces).count == 200)
    }

    @Test("SEC-66: a changed byte anywhere, a cut, other associated data or another key do not open")
    func tampering() throws {
        let sealed = try seal("top secret")
        func refuses(_ sealed: [UInt8], _ key: Secret, _ associated: [UInt8]) -> Bool {
            do {
                _ = try AESGCM.open(sealed, key: key, associated: associated)
                return false
            } catch { return error.code == .notAuthentic }
        }
        for index in sealed.indices {
            var changed = sealed
            changed[index] ^= 1
            #expect(refuses(changed, key, associated))
        }
        for count in 0..<sealed.count { #expect(refuses(Array(sealed.prefix(count)), key, associated)) }
        #expect(refuses(sealed, key, Array("acme/signing:4".utf8)))
        #expect(refuses(sealed, try Secret(random: 32), associated))
    }

    @Test("a key of another length is refused")
    func keyLength() throws {
        let short = try Secret(random: 16)
        #expect(throws: CryptoError.self) { try Array("x".utf8).withUnsafeBytes { try AESGCM.seal($0, key: short, associated: []) } }
    }
}
