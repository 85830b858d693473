import Testing

@testable import GatehouseCrypto

@Suite struct KeyDerivationTests {
    struct HKDFVector: Sendable {
        let key: String
        let salt: String
        let info: String
        let output: String
    }

    @Test(
        "RFC 5869: the keys of appendix A come out",
        arguments: [
            HKDFVector(
                key: "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", salt: "000102030405060708090a0b0c", info: "f0f1f2f3f4f5f6f7f8f9",
                output: "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"),
            HKDFVector(
                key: "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", salt: "", info: "",
                output: "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"),
        ])
    func hkdf(_ vector: HKDFVector) throws {
        let output = bytes(vector.output)
        let key = try KDF.hkdfSHA256(
            key: Secret(bytes(vector.key)), salt: bytes(vector.salt), info: bytes(vector.info), length: output.count)
        #expect(key.copy == output)
    }

    @Test("an empty key derives nothing")
    func emptyKey() {
        #expect(throws: CryptoError.self) { try KDF.hkdfSHA256(key: Secret([]), info: "replay", length: 32) }
    }

    struct ScryptVector: Sendable {
        let password: String
        let salt: String
        let n: UInt64
        let r: UInt32
        let p: UInt32
        let output: String
    }

    @Test(
        "SEC-68: RFC 7914: the keys of section 12 come out, that of the empty password too",
        arguments: [
            ScryptVector(
                password: "", salt: "", n: 16, r: 1, p: 1,
                output:
                    "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906"
            ),
            ScryptVector(
                password: "password", salt: "NaCl", n: 1024, r: 8, p: 16,
                output:
                    "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b3731622eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640"
            ),
        ])
    func scrypt(_ vector: ScryptVector) throws {
        let key = try Array(vector.password.utf8).withUnsafeBytes {
            try KDF.scrypt(password: $0, salt: Array(vector.salt.utf8), n: vector.n, r: vector.r, p: vector.p, length: 64)
        }
        #expect(key.copy == bytes(vector.output))
    }

    @Test("scrypt parameters that make no sense are an error")
    func scryptParameters() {
        #expect(throws: CryptoError.self) {
            try Array("password".utf8).withUnsafeBytes { try KDF.scrypt(password: $0, salt: [1], n: 1000, r: 8, p: 1, length: 32) }
        }
    }
}
