import Testing

@testable import GatehouseCrypto

@Suite struct KeyTests {
    /// `openssl genrsa 1024`, its public half.
    private static let shortRSA = """
        -----BEGIN PUBLIC KEY-----
        MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDCvwZjve56JH4SaaLEoEDHHBwW
        kIMB+BJmvzN+WzoSUcZmBt4WoGf8LptEC4EE7SHiLzvMvftmDytgAnUIWvkNVrQF
        H9aYGN6IkLe2ollRCOZ7X6FwRu73sfrIVbfdXW1YbukFyHxBhfp7pRhcsotk7enB
        G61/ME+WxoRrVSnV4QIDAQAB
        -----END PUBLIC KEY-----
        """

    @Test("SEC-56: an RSA key under 2048 bits is refused")
    func shortRSA() {
        #expect { try PublicKey(pem: Self.shortRSA) } throws: { ($0 as? CryptoError)?.code == .weakKey }
    }

    @Test("SEC-56: an RSA exponent of 3 is refused")
    func smallExponent() throws {
        let jwk =
            #"{"kty":"RSA","n":"\#(Base64.encode([0xc1] + [UInt8](repeating: 0x5b, count: 255), alphabet: .url, padded: false))","e":"Aw"}"#
        #expect { try PublicKey(jwk: Array(jwk.utf8)) } throws: { ($0 as? CryptoError)?.code == .weakKey }
    }

    /// The y of the points of small order as RFC 8032 writes them, and those that are equal to one modulo p: each with either sign.
    static let weakPoints: [[UInt8]] = {
        func y(_ first: UInt8, _ rest: UInt8, _ last: UInt8) -> [UInt8] { [first] + [UInt8](repeating: rest, count: 30) + [last] }
        let reduced = [y(0, 0, 0), y(1, 0, 0), y(0xec, 0xff, 0x7f)]
        let order8 = [
            "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
            "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        ].map(bytes)
        let notReduced = (0xed...0xff).map { y(UInt8($0), 0xff, 0x7f) }
        return (reduced + order8 + notReduced).flatMap { point in [point, Array(point.dropLast()) + [(point.last ?? 0) | 0x80]] }
    }()

    @Test("an Ed25519 key of small order or of an encoding that is not reduced is refused as weak, in every form", arguments: weakPoints)
    func weakPoint(_ raw: [UInt8]) {
        let jwk = #"{"kty":"OKP","crv":"Ed25519","x":"\#(Base64.encode(raw, alphabet: .url, padded: false))"}"#
        let spki = bytes("302a300506032b6570032100") + raw
        let pem = "-----BEGIN PUBLIC KEY-----\n\(Base64.encode(spki))\n-----END PUBLIC KEY-----\n"
        func isWeak(_ error: any Error) -> Bool { (error as? CryptoError)?.code == .weakKey }
        #expect { try PublicKey(ed25519: raw) } throws: { isWeak($0) }
        #expect { try PublicKey(spki: spki) } throws: { isWeak($0) }
        #expect { try PublicKey(jwk: Array(jwk.utf8)) } throws: { isWeak($0) }
        #expect { try PublicKey(pem: pem) } throws: { isWeak($0) }
    }

    @Test("the points beside those of small order, and the base point, are keys")
    func strongPoints() throws {
        for text in [
            "5866666666666666666666666666666666666666666666666666666666666666",
            "0300000000000000000000000000000000000000000000000000000000000000",
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        ] { #expect(try PublicKey(ed25519: bytes(text)).kind == .ed25519) }
    }

    @Test("RFC 7517 appendix A.1: an EC key, and RFC 8037 appendix A.2: an OKP key, are read")
    func jwk() throws {
        let ec =
            #"{"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM","use":"sig","kid":"1"}"#
        #expect(try PublicKey(jwk: Array(ec.utf8)).kind == .p256)
        let okp =
            #" { "kty" : "OKP", "crv":"Ed25519", "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "x5c":["a",{"b":[1,-2.5e3,null]}] } "#
        let key = try PublicKey(jwk: Array(okp.utf8))
        #expect(key.kind == .ed25519)
        #expect(
            key.verify(
                .ed25519,
                bytes(
                    "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
                ), []))
    }

    @Test(
        "a JWK that is malformed, private, symmetric, off its curve or of another kind is refused",
        arguments: [
            #"{"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyI"}"#,
            #"{"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4"}"#,
            #"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"}"#,
            #"{"kty":"OKP","crv":"Ed25519","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#,
            #"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHUQ"}"#,
            #"{"kty":"OKP","crv":"X25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#,
            #"{"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ"}"#,
            #"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"} x"#,
            "", "{", "[]", #"{"kty":"#, #"{"a":\#(String(repeating: "[", count: 1000))}"#,
        ])
    func badJWK(_ text: String) {
        #expect(throws: CryptoError.self) { try PublicKey(jwk: Array(text.utf8)) }
    }

    @Test("a DER key with bytes behind it, PEM of something else and a short raw key are refused")
    func malformed() throws {
        let spki = try PrivateKey.generate(.p256).publicKey.subjectPublicKeyInfo()
        #expect(try PublicKey(spki: spki).kind == .p256)
        #expect(throws: CryptoError.self) { try PublicKey(spki: spki + [0]) }
        #expect(throws: CryptoError.self) { try PublicKey(spki: Array(spki.dropLast())) }
        #expect(throws: CryptoError.self) { try PublicKey(spki: []) }
        #expect(throws: CryptoError.self) { try PublicKey(pem: "") }
        #expect(throws: CryptoError.self) { try PublicKey(ed25519: [UInt8](repeating: 1, count: 31)) }
        #expect(throws: CryptoError.self) { try PrivateKey(pem: Secret(utf8: "")) }
    }

    @Test("an encrypted private key is refused without asking anyone")
    func encrypted() throws {
        #expect { try PrivateKey(pem: Secret(utf8: Self.encryptedKey)) } throws: { ($0 as? CryptoError)?.code == .encrypted }
    }

    /// `openssl pkey -aes256` with the passphrase `passphrase`.
    private static let encryptedKey = """
        -----BEGIN ENCRYPTED PRIVATE KEY-----
        MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAjXYkIjfcrhZgICCAAw
        DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEBRkxywK/l6zABlqxr4g44QEgZD2
        JyXeHkNsH7OnWxt3Sw0PhZGfw0NmAslfRnNe9C2LKiNwPuzGjh1TrO7R3Uvql4Q1
        TJzj5tOV1koL1QHDbFW4DWuQSfzzPrv8ELRAOhTrqLBxejnUCi100wR4cstBkyhi
        GKYtoL8pBbozgvFnDj1Frxlnokg9zwooB0QjiR7NcjBkmFPK5CMMfzfZjA5DW+E=
        -----END ENCRYPTED PRIVATE KEY-----
        """
}
