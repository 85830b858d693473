import GatehouseCrypto
import Testing

@Suite struct SecretTests {
    @Test("SEC-70: a secret does not show in print, interpolation, dump or reflection")
    func printing() {
        struct Holder { let secret: Secret }
        let secret = Secret(utf8: "canary-4711")
        var dumped = ""
        dump(Holder(secret: secret), to: &dumped)
        let texts = [
            "\(secret)", String(reflecting: secret), String(describing: Holder(secret: secret)), dumped,
            "\(Mirror(reflecting: secret).children.map(\.value))",
        ]
        for text in texts { #expect(!text.contains("canary") && !text.contains("4711")) }
    }

    @Test("a secret holds what it was given, at any length", arguments: [0, 1, 31, 32, 33, 8192, 8193, 70_000])
    func contents(_ count: Int) throws {
        let random = try Random.bytes(count)
        let secret = Secret(random)
        #expect(secret.count == count)
        #expect(secret.withBytes { Array($0) } == random)
    }

    @Test("SEC-71: memory is wiped before another secret gets it")
    func wiping() throws {
        var addresses: Set<UInt> = []
        for _ in 0..<50 {
            let secret = Secret([UInt8](repeating: 0xa5, count: 48))
            _ = secret.withBytes { addresses.insert(UInt(bitPattern: $0.baseAddress)) }
        }
        // Blocks come back, and what a new owner has not written is zero.
        #expect(addresses.count < 50)
        let reused = try Secret(count: 64) { _ in }
        #expect(reused.withBytes { $0.allSatisfy { $0 == 0 } })
    }

    @Test("random secrets differ")
    func random() throws {
        let first = try Secret(random: 32)
        let second = try Secret(random: 32)
        #expect(first.withBytes { first in second.withBytes { !constantTimeEquals(first, $0) } })
    }
}
