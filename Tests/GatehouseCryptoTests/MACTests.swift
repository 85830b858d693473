import GatehouseCrypto
import Testing

@Suite struct MACTests {
    struct Vector: Sendable, CustomTestStringConvertible {
        let name: String
        let algorithm: DigestAlgorithm
        let key: String
        let data: String
        let code: String
        var testDescription: String { name }
    }

    static let vectors = [
        Vector(
            name: "RFC 4231 case 1, SHA-256", algorithm: .sha256, key: "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", data: "4869205468657265",
            code: "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
        Vector(
            name: "RFC 4231 case 2, SHA-256", algorithm: .sha256, key: "4a656665",
            data: "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
            code: "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
        Vector(
            name: "RFC 4231 case 2, SHA-384", algorithm: .sha384, key: "4a656665",
            data: "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
            code: "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649"),
        Vector(
            name: "RFC 4231 case 2, SHA-512", algorithm: .sha512, key: "4a656665",
            data: "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
            code:
                "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"
        ),
        Vector(
            name: "RFC 4231 case 6, a key longer than a block", algorithm: .sha256, key: String(repeating: "aa", count: 131),
            data: "54657374205573696e67204c6172676572205468616e20426c6f636b2d53697a65204b6579202d2048617368204b6579204669727374",
            code: "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"),
        Vector(
            name: "RFC 2202 case 2, SHA-1", algorithm: .sha1, key: "4a656665",
            data: "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
            code: "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"),
    ]

    @Test("the codes of the RFCs come out, one-shot and from a context that is used again", arguments: vectors)
    func vector(_ vector: Vector) throws {
        let key = Secret(bytes(vector.key))
        let data = bytes(vector.data)
        #expect(try data.withUnsafeBytes { try HMAC.compute(vector.algorithm, key: key, $0) } == bytes(vector.code))
        let mac = try MAC(vector.algorithm, key: key)
        for _ in 0..<3 {
            mac.start()
            // In two halves: what is fed in slices is one message.
            data.withUnsafeBytes { buffer in
                mac.update(UnsafeRawBufferPointer(rebasing: buffer[..<(buffer.count / 2)]))
                mac.update(UnsafeRawBufferPointer(rebasing: buffer[(buffer.count / 2)...]))
            }
            var code = [UInt8](repeating: 0, count: vector.algorithm.length)
            #expect(code.withUnsafeMutableBytes { mac.finish(into: $0) } == vector.algorithm.length)
            #expect(code == bytes(vector.code))
        }
    }

    @Test("SEC-54: an empty key is refused")
    func emptyKey() {
        #expect(throws: CryptoError.self) { try MAC(.sha256, key: Secret([])) }
    }

    @Test("SEC-54: a context that was finished and not started again gives nothing, which equals nothing")
    func finishedTwice() throws {
        let mac = try MAC(.sha256, key: Secret(utf8: "key"))
        var code = [UInt8](repeating: 0, count: 32)
        #expect(code.withUnsafeMutableBytes { mac.finish(into: $0) } == 32)
        #expect(code.withUnsafeMutableBytes { mac.finish(into: $0) } == 0)
    }

    @Test("SEC-52: equality needs the same length, the same bytes, and at least one")
    func constantTime() {
        func equal(_ left: [UInt8], _ right: [UInt8]) -> Bool {
            left.withUnsafeBytes { left in right.withUnsafeBytes { constantTimeEquals(left, $0) } }
        }
        #expect(equal([1, 2, 3], [1, 2, 3]))
        #expect(!equal([1, 2, 3], [1, 2, 4]))
        #expect(!equal([1, 2, 3], [1, 2]))
        #expect(!equal([], []))
    }

    @Test(
        "digests of the standards come out",
        arguments: [
            (DigestAlgorithm.sha1, "a9993e364706816aba3e25717850c26c9cd0d89d"),
            (.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (.sha384, "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7"),
            (
                .sha512,
                "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
            ),
        ])
    func digest(_ algorithm: DigestAlgorithm, _ expected: String) throws {
        let data = Array("abc".utf8)
        #expect(data.withUnsafeBytes { Digest.compute(algorithm, $0) } == bytes(expected))
        let hasher = try GatehouseCrypto.Hasher(algorithm)
        for _ in 0..<2 {
            hasher.start()
            data.withUnsafeBytes { hasher.update($0) }
            var sum = [UInt8](repeating: 0, count: algorithm.length)
            #expect(sum.withUnsafeMutableBytes { hasher.finish(into: $0) } == algorithm.length)
            #expect(sum == bytes(expected))
        }
    }
}
