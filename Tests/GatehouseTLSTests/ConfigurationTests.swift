import GatehouseCrypto
import GatehouseTime
import Testing

@testable import GatehouseTLS

@Suite struct ConfigurationTests {
    private let files: TestFiles

    init() throws { files = try TestFiles() }

    private func problem(_ configuration: TLSServerConfiguration) -> String {
        do throws(TLSError) {
            _ = try TLSServerContext(configuration, tickets: TicketKeys())
            return ""
        } catch { return error.description }
    }

    @Test("SEC-9: a key that others may read is refused with what to do, one that the group may read is a warning")
    func keyMode() throws {
        var identity = try files.server("a", names: ["localhost"])
        let key = try files.serverCA.issueServer(names: ["localhost"], now: files.now)
        identity.certificateFile = files.write("b.pem", key.certificatePEM)
        identity.keyFile = files.write("b.key", key.keyPEM, mode: 0o644)
        #expect(
            problem(files.configuration([identity]))
                == "\(files.path("b.key")) is open to every user of this machine; run: chmod 600 \(files.path("b.key"))")
        identity.keyFile = files.write("c.key", key.keyPEM, mode: 0o640)
        let context = try TLSServerContext(files.configuration([identity]), tickets: TicketKeys())
        #expect(context.warnings == ["\(files.path("c.key")) is readable by its group; run: chmod 600 \(files.path("c.key"))"])
        identity.keyFile = files.write("d.key", key.keyPEM, mode: 0o600)
        #expect(try TLSServerContext(files.configuration([identity]), tickets: TicketKeys()).warnings == [])
    }

    @Test("SEC-9: a key that is not the certificate's is refused, naming both files")
    func mismatch() throws {
        var identity = try files.server("a", names: ["localhost"])
        identity.keyFile = try files.server("b", names: ["localhost"]).keyFile
        let message = problem(files.configuration([identity]))
        #expect(message.contains(files.path("b.key")) && message.contains(files.path("a.pem")) && message.contains("is not the key"))
    }

    @Test("every problem of every identity is reported at once, each with its file")
    func allProblems() throws {
        let missing = TLSServerConfiguration.Identity(certificateFile: files.path("none.pem"), keyFile: files.path("none.key"))
        var noKey = try files.server("a", names: ["localhost"])
        noKey.keyFile = files.write("text.key", "no key\n")
        var noCA = try files.server("b", names: ["localhost"])
        noCA.clientCAFile = files.write("empty.pem", "")
        var broken = try files.server("c", names: ["localhost"])
        broken.certificateFile = files.write("broken.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
        let message = problem(files.configuration([missing, noKey, noCA, broken]))
        for file in ["none.pem", "text.key", "empty.pem", "broken.pem"] { #expect(message.contains(files.path(file))) }
        #expect(problem(files.configuration([])).contains("has no certificate"))
        #expect(
            problem(files.configuration([try files.server("d", names: ["localhost"])], crl: try files.revocationList("crl.pem"))).contains(
                "client-ca"))
    }

    @Test("a client needs authorities that can be read")
    func clientAuthorities() throws {
        for file in ["none.pem", "empty.pem"] {
            files.write("empty.pem", "")
            #expect { try TLSClientContext(caFile: files.path(file)) } throws: { "\($0)".contains(files.path(file)) }
        }
    }

    @Test("SEC-70: no message quotes a key file")
    func quietErrors() throws {
        var identity = try files.server("a", names: ["localhost"])
        identity.keyFile = files.write("canary.key", "-----BEGIN PRIVATE KEY-----\nY2FuYXJ5LWNhbmFyeQ==\n-----END PRIVATE KEY-----\n")
        #expect(!problem(files.configuration([identity])).contains("Y2FuYXJ5"))
    }

    @Test("a weak server key is refused")
    func weakKey() async throws {
        _ = try await SClient.run([
            "req", "-x509", "-newkey", "rsa:1024", "-nodes", "-subj", "/CN=localhost", "-keyout", files.path("weak.key"), "-out",
            files.path("weak.pem"),
        ])
        let identity = TLSServerConfiguration.Identity(certificateFile: files.path("weak.pem"), keyFile: files.path("weak.key"))
        #expect(problem(files.configuration([identity])).contains("2048"))
    }

    @Test("what a listener serves is described, and its chain checked for order")
    func description() throws {
        let identity = try files.server("a", names: ["localhost", "*.example.com"])
        let context = try TLSServerContext(files.configuration([identity]), tickets: TicketKeys())
        #expect(context.certificates.map(\.dnsNames) == [["localhost", "*.example.com"]])
        let issued = try files.serverCA.issueServer(names: ["localhost"], now: files.now)
        let odd = TLSServerConfiguration.Identity(
            certificateFile: files.write("odd.pem", issued.certificatePEM + files.clientCA.certificatePEM),
            keyFile: files.write("odd.key", issued.keyPEM))
        #expect(try TLSServerContext(files.configuration([odd]), tickets: TicketKeys()).warnings.first?.contains("did not issue") == true)
    }

    @Test("expired certificates and revocation lists are warnings")
    func expiry() throws {
        let expired = try files.serverCA.issueServer(names: ["localhost"], now: files.now - .seconds(172_800), validFor: .seconds(3_600))
        let identity = TLSServerConfiguration.Identity(
            certificateFile: files.write("old.pem", expired.certificatePEM), keyFile: files.write("old.key", expired.keyPEM),
            clientCAFile: files.path("client-ca.pem"))
        let crl = try files.revocationList("old-crl.pem", nextUpdate: .seconds(-60))
        let warnings = try TLSServerContext(files.configuration([identity], crl: crl), tickets: TicketKeys()).warnings
        #expect(warnings.contains { $0.contains("old.pem expired") })
        #expect(warnings.contains { $0.contains("old-crl.pem") && $0.contains("expired") })
    }

    @Test("SEC-5: a host belongs to the identity that its name would have chosen")
    func hosts() throws {
        let context = try TLSServerContext(
            files.configuration([
                files.server("a", names: ["a.test", "127.0.0.1"]), files.server("b", names: ["b.test", "*.wild.test", "::1"]),
                files.server("c", names: ["special.wild.test", "b.test"]),
            ]), tickets: TicketKeys())
        for (host, identity) in [
            ("a.test", 0), ("A.Test", 0), ("a.test.", 0), ("127.0.0.1", 0), ("b.test", 1), ("x.wild.test", 1), ("::1", 1), ("0:0::1", 1),
            ("special.wild.test", 2),
        ] { #expect(context.identityIndex(forHost: host) == identity) }
        for host in ["wild.test", "x.y.wild.test", ".wild.test", "c.test", "127.0.0.2", ""] {
            #expect(context.identityIndex(forHost: host) == nil)
        }
    }

    @Test("SEC-25: a server_name extension of any other form than RFC 6066's holds no name")
    func serverNames() {
        func name(_ bytes: [UInt8]) -> String? { bytes.withUnsafeBytes { ServerNameExtension.hostName($0) } }
        #expect(name([0, 4, 0, 0, 1] + Array("a".utf8)) == "a")
        #expect(name([0, 9, 0, 0, 6] + Array("A.tEst".utf8)) == "a.test")
        for bytes in [
            [], [0], [0, 0], [0, 3, 0, 0, 0], [0, 4, 0, 0, 2, 0x61], [0, 4, 0, 0, 0, 0x61], [0, 5, 0, 0, 1, 0x61], [0, 4, 1, 0, 1, 0x61],
            [0xff, 0xff, 0, 0xff, 0xff, 0x61],
            [0, 4, 0, 0, 1, 0], [0, 4, 0, 0, 1, 0x61, 0x62],
        ] as [[UInt8]] { #expect(name(bytes) == nil) }
    }

    @Test("SEC-25: an ALPN list whose lengths run over chooses nothing")
    func alpnLists() {
        func choose(_ bytes: [UInt8]) -> Range<Int>? {
            bytes.withUnsafeBufferPointer { ServerCallbacks.choose([Array("http/1.1".utf8)], from: $0) }
        }
        #expect(choose([2] + Array("h2".utf8) + [8] + Array("http/1.1".utf8)) == 4..<12)
        for bytes in [[], [9] + Array("http/1.1".utf8), [255], [0], [2, 0x68], [2] + Array("h2".utf8)] as [[UInt8]] {
            #expect(choose(bytes) == nil)
        }
    }
}
