import GatehouseCrypto
import GatehouseTime
import Testing

@Suite struct DistinguishedNameTests {
    @Test(
        "RFC 4514 section 4: the examples are read and written back",
        arguments: [
            ("UID=jsmith,DC=example,DC=net", "UID=jsmith,DC=example,DC=net"),
            ("OU=Sales+CN=J.  Smith,DC=example,DC=net", "OU=Sales+CN=J.  Smith,DC=example,DC=net"),
            (#"CN=James \"Jim\" Smith\, III,DC=example,DC=net"#, #"CN=James \"Jim\" Smith\, III,DC=example,DC=net"#),
            (#"CN=Before\0dAfter,DC=example,DC=net"#, #"CN=Before\0dAfter,DC=example,DC=net"#),
            (#"CN=Lu\C4\8Di\C4\87"#, "CN=Lučić"),
            ("1.3.6.1.4.1.1466.0=#04024869", "1.3.6.1.4.1.1466.0=#04024869"),
            (##"cn=\20edge\20,o=\#acme"##, ##"CN=\ edge\ ,O=\#acme"##),
        ])
    func examples(_ text: String, _ written: String) throws {
        let name = try #require(DistinguishedName(rfc4514: text))
        #expect(name.description == written)
        #expect(DistinguishedName(rfc4514: name.description) == name)
    }

    @Test(
        "a loose form is refused",
        arguments: [
            "", "CN", "CN=", "=x", "CN=a,", ",CN=a", "CN=a, O=b", "CN= a", "CN=a ", "CN=a;O=b", "CN=a<b", #"CN="quoted""#, #"CN=a\"#,
            #"CN=a\zz"#, #"CN=\ff"#,
            "XX=a", "1=a", "1..2=a", "1.02=a", "CN=#", "CN=#0", "CN=#0402486", "CN=#040248690", "CN=#04024869ff", "CN=a+", "CN=a++O=b",
            "CN=a\u{0}b",
        ])
    func loose(_ text: String) {
        #expect(DistinguishedName(rfc4514: text) == nil)
    }

    @Test(
        "SEC-6: names are compared as structures",
        arguments: [
            ("CN=acme,O=Acme Inc", "cn=ACME,o=acme   inc", true),
            ("CN=acme+OU=hooks", "OU=hooks+CN=acme", true),
            ("CN=acme", "CN=#0c0461636d65", true),
            ("CN=acme", "2.5.4.3=acme", true),
            ("CN=acme,O=x", "O=x,CN=acme", false),
            ("CN=acme+O=x", "CN=acme,O=x", false),
            (#"CN=acme\,O=x"#, "CN=acme,O=x", false),
            ("CN=acme", "CN=acme,CN=acme", false),
            ("CN=acme", "OU=acme", false),
            (#"CN=acme\00"#, "CN=acme", false),
            (#"CN=acme\00.evil"#, "CN=acme", false),
            ("CN=Ä", "CN=ä", false),
            ("1.2.3=#04024869", "1.2.3=#0402486a", false),
        ])
    func comparison(_ left: String, _ right: String, _ same: Bool) throws {
        let left = try #require(DistinguishedName(rfc4514: left))
        let right = try #require(DistinguishedName(rfc4514: right))
        #expect((left == right) == same)
        if same { #expect(left.hashValue == right.hashValue) }
    }

    @Test("SEC-6: a certificate's subject equals its RFC 4514 form, and the pins are of its bytes")
    func certificate() throws {
        let now = WallTime(seconds: 1_700_000_000)
        let authority = try DevelopmentAuthority.make(now: now)
        let issued = try authority.issueClient(
            commonName: "Acme, \"hooks\"", organization: "Acme Inc", now: now, validFor: .seconds(86_400))
        let certificate = try ClientCertificate(pem: issued.certificatePEM)
        #expect(certificate.subject == DistinguishedName(rfc4514: #"CN=Acme\, \"hooks\",O=Acme Inc"#))
        #expect(certificate.subject.description == #"CN=Acme\, \"hooks\",O=Acme Inc"#)
        #expect(certificate.notAfter == now + .seconds(86_400))
        #expect(certificate.spkiSHA256 == (try PrivateKey(pem: issued.keyPEM).publicKey.spkiSHA256))
        let body = issued.certificatePEM.split(separator: "\n").filter { !$0.hasPrefix("-") }.joined()
        #expect(certificate.sha256 == Digest.sha256(try #require(Base64.decode(body))))
    }

    @Test("a server certificate says its names, addresses and times")
    func server() throws {
        let now = WallTime(seconds: 1_700_000_000)
        let authority = try DevelopmentAuthority.make(now: now)
        let again = try DevelopmentAuthority(certificatePEM: authority.certificatePEM, keyPEM: authority.keyPEM)
        let info = try CertificateInfo(
            pem: try again.issueServer(names: ["Localhost", "*.example.com", "127.0.0.1", "::1"], now: now).certificatePEM)
        #expect(info.dnsNames == ["localhost", "*.example.com"])
        #expect(info.addresses == [[127, 0, 0, 1], [UInt8](repeating: 0, count: 15) + [1]])
        #expect(info.notBefore == now - .seconds(86_400))
        #expect(info.issuer == (try CertificateInfo(pem: authority.certificatePEM).subject))
        for name in ["", "a,DNS:b", "a b", "a\n", "a;b"] {
            #expect(throws: CryptoError.self) { try authority.issueServer(names: [name], now: now) }
        }
        let stranger = try DevelopmentAuthority.make(now: now)
        #expect(throws: CryptoError.self) { try DevelopmentAuthority(certificatePEM: authority.certificatePEM, keyPEM: stranger.keyPEM) }
    }
}
