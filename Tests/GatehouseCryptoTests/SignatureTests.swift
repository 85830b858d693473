import Testing

@testable import GatehouseCrypto

@Suite struct SignatureTests {
    private let message = Array("the bytes that were received".utf8)

    @Test(
        "RFC 8032 section 7.1: the signatures verify",
        arguments: [
            (
                "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
                "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
            ),
            (
                "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
                "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
            ),
        ])
    func ed25519(_ key: String, _ message: String, _ signature: String) throws {
        let key = try PublicKey(ed25519: bytes(key))
        #expect(key.kind == .ed25519)
        #expect(key.verify(.ed25519, bytes(signature), bytes(message)))
        #expect(!key.verify(.ed25519, bytes(signature), bytes(message) + [0]))
    }

    @Test("SEC-55: Ed25519 with S + L is the same signature in another spelling, and refused")
    func nonCanonicalS() throws {
        let key = try PublicKey(ed25519: bytes("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"))
        var signature = bytes(
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        )
        let order = bytes("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010")
        var carry = 0
        for index in 0..<32 {
            let sum = Int(signature[32 + index]) + Int(order[index]) + carry
            signature[32 + index] = UInt8(sum & 0xff)
            carry = sum >> 8
        }
        #expect(carry == 0)
        #expect(!key.verify(.ed25519, signature, bytes("72")))
    }

    @Test(
        "what a key signs, its public key verifies, and nothing else",
        arguments: [
            (PrivateKey.Generated.ed25519, [SignatureScheme.ed25519]),
            (.p256, [.ecdsaP256SHA256DER, .ecdsaP256SHA256Raw]),
            (.rsa(bits: 2048), [.rsaPKCS1(.sha256), .rsaPKCS1(.sha512), .rsaPSS(.sha256), .rsaPSS(.sha384)]),
        ])
    func roundTrip(_ kind: PrivateKey.Generated, _ schemes: [SignatureScheme]) throws {
        let key = try PrivateKey(pem: try PrivateKey.generate(kind).pem())
        let other = try PrivateKey.generate(kind).publicKey
        for scheme in schemes {
            let signature = try key.sign(scheme, message)
            #expect(key.publicKey.verify(scheme, signature, message))
            #expect(!other.verify(scheme, signature, message))
            #expect(!key.publicKey.verify(scheme, signature, message + [1]))
            #expect(!key.publicKey.verify(scheme, signature + [0], message))
            #expect(!key.publicKey.verify(scheme, Array(signature.dropLast()), message))
            #expect(!key.publicKey.verify(scheme, [], message))
            for index in stride(from: 0, to: signature.count, by: 7) {
                var changed = signature
                changed[index] ^= 0x10
                #expect(!key.publicKey.verify(scheme, changed, message))
            }
        }
        for scheme in [SignatureScheme.ed25519, .ecdsaP256SHA256DER, .rsaPKCS1(.sha256)] where !schemes.contains(scheme) {
            #expect(throws: CryptoError.self) { try key.sign(scheme, message) }
            #expect(!key.publicKey.verify(scheme, [UInt8](repeating: 1, count: 64), message))
        }
    }

    @Test("SEC-56: PSS with another digest or salt, and PKCS#1 for PSS, are refused")
    func paddings() throws {
        let key = try PrivateKey.generate(.rsa(bits: 2048))
        #expect(!key.publicKey.verify(.rsaPSS(.sha256), try key.sign(.rsaPSS(.sha384), message), message))
        #expect(!key.publicKey.verify(.rsaPSS(.sha256), try key.sign(.rsaPKCS1(.sha256), message), message))
        #expect(!key.publicKey.verify(.rsaPKCS1(.sha256), try key.sign(.rsaPKCS1(.sha384), message), message))
    }

    private static let order = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"
    private static let zero = String(repeating: "0", count: 64)
    private static let one = String(repeating: "0", count: 63) + "1"

    @Test(
        "SEC-55: r and s of zero, n and more are refused (CVE-2022-21449)",
        arguments: [
            (zero, zero), (zero, one), (one, zero), (order, one), (one, order), (String(repeating: "f", count: 64), one),
        ])
    func range(_ r: String, _ s: String) throws {
        let raw = bytes(r + s)
        #expect(raw.withUnsafeBytes { ECDSASignature(raw: $0) == nil })
        let key = try PrivateKey.generate(.p256).publicKey
        #expect(!key.verify(.ecdsaP256SHA256Raw, raw, message))
        var body: [UInt8] = []
        DER.appendInteger(raw[..<32], to: &body)
        DER.appendInteger(raw[32...], to: &body)
        #expect(!key.verify(.ecdsaP256SHA256DER, DER.wrap(0x30, body), message))
    }

    @Test(
        "SEC-55: any DER but the strict one is refused",
        arguments: [
            ("the strict form", "3006020101020101", true),
            ("a long length", "308106020101020101", false),
            ("an integer padded with zero", "300702020001020101", false),
            ("a negative integer", "3006020181020101", false),
            ("a byte behind", "300602010102010100", false),
            ("a byte inside behind", "300702010102010100", false),
            ("a third integer", "3009020101020101020101", false),
            ("a set", "3106020101020101", false),
            ("an empty integer", "30050200020101", false),
            ("a length that runs over", "3006020101020501", false),
            ("no second integer", "3003020101", false),
            ("an octet string", "3006040101020101", false),
            ("34 bytes of r", "3027022200" + String(repeating: "81", count: 33) + "020101", false),
        ])
    func strictDER(_ name: String, _ der: String, _ isTaken: Bool) {
        #expect(bytes(der).withUnsafeBytes { ECDSASignature(der: $0) != nil } == isTaken)
    }

    @Test("SEC-55: a valid signature in lax DER is refused, in strict DER accepted")
    func laxDER() throws {
        let key = try PrivateKey.generate(.p256)
        let der = try key.sign(.ecdsaP256SHA256DER, message)
        #expect(key.publicKey.verify(.ecdsaP256SHA256DER, der, message))
        #expect(!key.publicKey.verify(.ecdsaP256SHA256DER, [0x30, 0x81] + der.dropFirst(), message))
        #expect(!key.publicKey.verify(.ecdsaP256SHA256Raw, der, message))
        let raw = try key.sign(.ecdsaP256SHA256Raw, message)
        #expect(raw.count == 64)
        #expect(!key.publicKey.verify(.ecdsaP256SHA256DER, raw, message))
    }
}
