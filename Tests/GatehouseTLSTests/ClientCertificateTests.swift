import Foundation
import GatehouseCrypto
import GatehouseTime
import Testing

@testable import GatehouseTLS

@Suite struct ClientCertificateTests {
    private let files: TestFiles

    init() throws { files = try TestFiles() }

    /// What the server saw of a client with these arguments.
    private func connect(_ arguments: [String], _ version: String = "-tls1_3", crl: String? = nil) async throws -> [Seen] {
        let identity = try files.server("a", names: ["localhost"], clientCA: files.path("client-ca.pem"))
        let server = try await TestServer(TLSServerContext(files.configuration([identity], crl: crl), tickets: TicketKeys()))
        _ = try await SClient.connect(server.port, [version] + arguments)
        let seen = await server.connection()
        await server.stop()
        return seen
    }

    @Test("a certificate of the client CA is taken and described; without one the handshake goes on", arguments: ["-tls1_2", "-tls1_3"])
    func good(_ version: String) async throws {
        let arguments = try files.client("acme")
        let certificate = try #require(try await connect(arguments, version).session?.clientCertificate)
        #expect(certificate.subject == DistinguishedName(rfc4514: "CN=acme"))
        #expect(certificate == (try ClientCertificate(pem: String(contentsOfFile: arguments[1], encoding: .utf8))))
        let without = try #require(try await connect([], version).session)
        #expect(without.clientCertificate == nil)
    }

    @Test(
        "SEC-6: a certificate of another authority, expired, not yet valid, or for servers is refused", arguments: ["-tls1_2", "-tls1_3"])
    func bad(_ version: String) async throws {
        let other = try DevelopmentAuthority.make(commonName: "Client CA", now: files.now)
        let expired = try files.client("expired", from: files.now - .seconds(7_200), validFor: .seconds(-3_600))
        let early = try files.client("early", from: files.now + .seconds(3_600), validFor: .seconds(7_200))
        let forServers = try files.clientCA.issueServer(names: ["acme.test"], now: files.now)
        let server = ["-cert", files.write("s.pem", forServers.certificatePEM), "-key", files.write("s.key", forServers.keyPEM)]
        for arguments in [try files.client("stranger", by: other), expired, early, server] {
            let seen = try await connect(arguments, version)
            #expect(seen.failure == .certificate)
            #expect(seen.session == nil)
        }
    }

    @Test("SEC-6: an RSA client key of 1024 bits is refused, one of 2048 taken", arguments: [(1024, false), (2048, true)])
    func keySize(_ bits: Int, _ isTaken: Bool) async throws {
        let key = files.path("rsa.key")
        _ = try await SClient.run([
            "req", "-newkey", "rsa:\(bits)", "-nodes", "-subj", "/CN=acme", "-keyout", key, "-out", files.path("rsa.csr"),
        ])
        files.write("ca.key", files.clientCA.keyPEM)
        _ = try await SClient.run([
            "x509", "-req", "-in", files.path("rsa.csr"), "-CA", files.path("client-ca.pem"), "-CAkey", files.path("ca.key"), "-days", "2",
            "-out", files.path("rsa.pem"),
        ])
        let seen = try await connect(["-cert", files.path("rsa.pem"), "-key", key, "-cipher", "DEFAULT:@SECLEVEL=0"])
        #expect((seen.session?.clientCertificate != nil) == isTaken)
    }

    @Test("a revoked certificate is refused, another one taken", arguments: ["-tls1_2", "-tls1_3"])
    func revoked(_ version: String) async throws {
        let bad = try files.client("bad")
        let good = try files.client("good")
        let crl = try files.revocationList("crl.pem", revoking: [String(contentsOfFile: bad[1], encoding: .utf8)])
        #expect(try await connect(bad, version, crl: crl).failure == .certificate)
        #expect(try await connect(good, version, crl: crl).session?.clientCertificate != nil)
    }

    @Test("an expired revocation list refuses client certificates, but not clients without one")
    func expiredList() async throws {
        let crl = try files.revocationList("crl.pem", nextUpdate: .seconds(-60))
        #expect(try await connect(files.client("acme"), crl: crl).failure == .certificate)
        #expect(try await connect([], crl: crl).session != nil)
    }
}
