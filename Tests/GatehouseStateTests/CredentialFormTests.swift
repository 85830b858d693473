import GatehouseCrypto
import GatehouseVerify
import Testing

@testable import GatehouseState

@Suite("What a given value must look like")
struct CredentialFormTests {
    private static let keys = DerivedKeys(
        replay: Secret(utf8: "replay key of the tests, 32 bytes"), passwords: Secret(utf8: "password key of the tests, 32 byt"))

    private func refusal(_ name: String, _ value: [UInt8]) throws -> String? {
        let name = try #require(CredentialName(name))
        do throws(StateError) {
            _ = try CredentialForm(given: Secret(value), for: name, keys: Self.keys)
            return nil
        } catch {
            #expect(error.code == .value)
            // A message names the credential and says what was expected; it never quotes what was given.
            #expect(error.message.hasPrefix("\(name): "))
            let text = String(decoding: value, as: UTF8.self)
            if text.utf8.count > 8 { #expect(!error.message.contains(text)) }
            return error.message
        }
    }

    @Test(
        "forms that are taken",
        arguments: [
            ("acme/signing", "twelve bytes"), ("acme/signing", "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"),
            ("acme/signing", "whsec_abcdefghijklmnop!"),
            ("acme/basic", "acme:twelve bytes"), ("acme/basic", "acme:with:colons:in:it"), ("acme/oauth", "twelve chars"),
            ("acme/certificate", "CN=acme,O=Acme Ltd,C=GB"), ("acme/certificate", "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="),
            ("acme/key", "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="), ("acme/key", "whpk_11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="),
            ("acme/key", "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"),
            ("acme/key", #"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#),
            ("handler/erp/signing", "twelve bytes"),
        ])
    func taken(name: String, value: String) throws {
        #expect(try refusal(name, Array(value.utf8)) == nil)
    }

    @Test(
        "forms that are refused, with what was expected",
        arguments: [
            ("acme/signing", "", "empty"), ("acme/signing", "elevenbytes", "at least 12"),
            ("acme/signing", "whsec_c2hvcnQ=", "at least 12"),
            ("acme/signing", "whsec_elevenbytes", "at least 12"),
            ("acme/signing", "-----BEGIN CERTIFICATE-----\nMIIB", "acme/certificate"),
            ("acme/signing", "-----BEGIN PUBLIC KEY-----\nMIIB", "acme/key"),
            ("acme/signing", "-----BEGIN EC PRIVATE KEY-----\nMIIB", "private key"),
            ("acme/basic", "nocolonanywhere", "acme:PASSWORD"), ("acme/basic", "other:a long password", "acme:PASSWORD"),
            ("acme/basic", ":a long password", "acme:PASSWORD"), ("acme/basic", "acme:short", "at least 12"),
            ("acme/basic", "acme:a long password\n", "line break"), ("acme/oauth", "short", "at least 12"),
            ("acme/oauth", "not ascii äöüäöü", "ASCII"),
            ("acme/key", "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----", "public half"),
            ("acme/key", "whsk_AAAA", "public half"),
            (
                "acme/key",
                "-----BEGIN PUBLIC KEY-----\nMCow\n-----END PUBLIC KEY-----\n-----BEGIN PUBLIC KEY-----\nMCow\n-----END PUBLIC KEY-----\n",
                "there are 2"
            ),
            ("acme/key", "0100000000000000000000000000000000000000000000000000000000000000", "small order"),
            ("acme/key", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "small order"),
            ("acme/key", "-----BEGIN CERTIFICATE-----\nMIIB", "openssl x509"),
            ("acme/key", "neither this nor that", "expected a public key"),
            ("acme/key", #"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","d":"AAAA"}"#, "private"),
            ("acme/key", "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC", "private"),
            ("acme/certificate", "CN=acme, O = Acme", "-nameopt RFC2253"),
            ("acme/oauth", String(repeating: "x", count: 2_000), "client secret has 2000 bytes"),
            ("acme/certificate", "acme", "RFC 4514"), ("acme/certificate", "sha256//c2hvcnQ=", "32 bytes"),
            ("acme/certificate", "-----BEGIN CERTIFICATE-----\nMIIB", "openssl x509"),
        ])
    func refused(name: String, value: String, expected: String) throws {
        let message = try #require(try refusal(name, Array(value.utf8)))
        #expect(message.contains(expected), "\(message)")
    }

    @Test(
        "a public key that nothing here verifies with is refused, with the kinds that are expected",
        arguments: [
            (
                "-----BEGIN PUBLIC KEY-----\nMHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEh4jAmTJAfdGFmNEjmuUUL5Aj7B7E/Vy8\n9/spbGnc5m5yQHGoOzjO6sFeP8dieZR1KhJfJ5cx/T9RXczLQDels+ezzmPjmvXo\njYP1ZY8woy+fD+fWc5SWZJGXSUBhklCp\n-----END PUBLIC KEY-----",
                "another kind"
            ),
            (
                "-----BEGIN PUBLIC KEY-----\nMIGbMBAGByqGSM49AgEGBSuBBAAjA4GGAAQByqiZ+/WhrtqiyKlmn1t40Hx8t9p6\ndGODkbIaCEe/sZrCv+cWxFAl8d+3Gx3yjw/6BZezTvCFwAfvQSqSKfoxS6AADTKd\n2K45+dSe50A9NlXtGNr0aJwipgeQnqDGj5YI+FIUov/L98YBzmq/x/fyTR8rZcvy\n07kyBS8VKjhSX7ffblk=\n-----END PUBLIC KEY-----",
                "another kind"
            ),
            (#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","use":"enc"}"#, "`use`"),
            (#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","key_ops":["sign"]}"#, "`key_ops`"),
            (#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","alg":"ES256"}"#, "`alg`"),
        ])
    func neverVerifies(value: String, expected: String) throws {
        let message = try #require(try refusal("acme/key", Array(value.utf8)))
        #expect(
            message.contains(expected) && message.contains("P-256") && message.contains("Ed25519") && message.contains("2048"), "\(message)"
        )
    }

    @Test("a JWK that is marked for checking signatures is taken")
    func marked() throws {
        let jwk =
            #"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","use":"sig","key_ops":["verify"],"alg":"EdDSA"}"#
        #expect(try refusal("acme/key", Array(jwk.utf8)) == nil)
    }

    @Test("values beyond the limit are refused", arguments: ["signing", "basic", "oauth", "key", "certificate"])
    func oversized(kind: String) throws {
        // A JWK Set may hold several keys.
        let limit = kind == "key" ? 16_384 : 8_192
        #expect(try refusal("acme/\(kind)", [UInt8](repeating: 0x61, count: limit + 1))?.contains("\(limit)") == true)
    }

    @Test("a signing secret may be any bytes")
    func binary() throws {
        #expect(try refusal("acme/signing", (0..<32).map { UInt8(200 + $0) }) == nil)
    }

    @Test("public keys and subjects are not generated", arguments: ["acme/key", "acme/certificate"])
    func notGenerated(name: String) throws {
        let name = try #require(CredentialName(name))
        #expect(throws: StateError.self) { _ = try CredentialForm.text(for: name) }
    }

    @Test("two spellings of one key or subject mean the same")
    func identities() throws {
        let key = try #require(CredentialName("acme/key"))
        let certificate = try #require(CredentialName("acme/certificate"))
        func identity(_ text: String, _ name: CredentialName) throws -> [UInt8]? {
            try CredentialForm(given: Secret(utf8: text), for: name, keys: Self.keys).identity?.withBytes { Array($0) }
        }
        #expect(
            try identity("11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=", key)
                == identity("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", key))
        #expect(try identity("CN=Acme,O=X", certificate) == identity("cn=acme,o=x", certificate))
    }
}
