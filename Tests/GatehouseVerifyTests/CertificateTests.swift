import GatehouseCrypto
import GatehousePolicy
import GatehouseTime
import Testing

@testable import GatehouseVerify

@Suite("Client certificates")
struct CertificateTests {
    static let pin = [UInt8](repeating: 0xab, count: 32)

    private func certificate(_ subject: String, pin: [UInt8] = Self.pin) throws -> ClientCertificate {
        ClientCertificate(
            subject: try #require(DistinguishedName(rfc4514: subject)), spkiSHA256: pin, sha256: Array(repeating: 1, count: 32),
            notAfter: Gate.now + .seconds(60))
    }

    private func gate(_ values: String...) throws -> Gate {
        var gate = Gate()
        gate.authenticate = [.certificate]
        for value in values { try gate.add("acme/certificate", PlainCredential(value)) }
        return gate
    }

    @Test("a subject is compared as a structure, a pin byte for byte")
    func matches() throws {
        let subject = try gate("CN=events.acme.example,O=Acme Inc.,C=US")
        #expect(try subject.verify(Request(), certificate: certificate("CN=events.acme.example,O=Acme Inc.,C=US")).summary == "ok")
        #expect(
            try subject.verify(Request(), certificate: certificate("CN=events.acme.example,O=Acme Ltd.,C=US")).summary
                == "certificate-mismatch")
        #expect(
            try subject.verify(Request(), certificate: certificate("CN=events.acme.example\\,O=Acme Inc.,C=US")).summary
                == "certificate-mismatch")
        let pinned = try gate("sha256//" + Base64.encode(Self.pin))
        #expect(
            try pinned.verify(Request(), certificate: certificate("CN=whatever")).checks == [CheckResult(.certificate, version: 1, .ok)])
        var other = Self.pin
        other[31] ^= 1
        #expect(try pinned.verify(Request(), certificate: certificate("CN=whatever", pin: other)).summary == "certificate-mismatch")
    }

    @Test("no certificate, no credential and an expired certificate are refused")
    func refused() throws {
        let gate = try gate("CN=acme")
        #expect(try gate.verify(Request()).summary == "certificate-missing")
        #expect(
            try gate.verify(Request(), at: Gate.now + .seconds(61), certificate: certificate("CN=acme")).summary == "certificate-mismatch")
        #expect(try self.gate().verify(Request(), certificate: certificate("CN=acme")).summary == "credential-unknown")
    }

    @Test("any live version may match; a retired or revoked one stops at once")
    func versions() throws {
        var gate = try gate("CN=old", "CN=new")
        #expect(try gate.verify(Request(), certificate: certificate("CN=old")).checks.first?.version == 1)
        let name = try #require(CredentialName("acme/certificate"))
        gate.credentials[name]?[0].state = .retired
        #expect(try gate.verify(Request(), certificate: certificate("CN=old")).summary == "certificate-mismatch")
        #expect(try gate.verify(Request(), certificate: certificate("CN=old"), retired: true).summary == "credential-retired")
        gate.credentials[name]?[0].state = .revoked
        #expect(try gate.verify(Request(), certificate: certificate("CN=old"), retired: true).summary == "certificate-mismatch")
    }

    @Test("a stored value that is no pattern matches nothing", arguments: ["", "acme", "sha256//AAAA", "sha256//!", "CN"])
    func unusable(_ value: String) throws {
        #expect(try gate(value).verify(Request(), certificate: certificate("CN=acme")).summary == "certificate-mismatch")
    }
}
