import Foundation
import GatehouseCrypto
import GatehouseTime
import Testing

@testable import GatehouseCommand

@Suite("What dev makes")
struct DevelopmentTests {
    @Test("certificates are made once, and the server's anew by the same authority when it is about to expire")
    func certificates() async throws {
        try await withTemporaryDirectory { root in
            let place = DevelopmentPlace(root: root.path)
            _ = try place.prepare()
            let certificates = DevelopmentCertificates(place: place)
            let start = SystemClock().now
            #expect(try certificates.prepare(now: start))
            let authority = try Files.read(place.authority)
            let server = try Files.read(place.certificate)
            #expect(try !certificates.prepare(now: start + .seconds(3_600)))
            #expect(try Files.read(place.certificate) == server)
            #expect(try !certificates.prepare(now: start + .seconds(397 * 86_400)))
            #expect(try Files.read(place.certificate) != server)
            #expect(try Files.read(place.authority) == authority)
        }
    }

    @Test("keys and examples are for their owner only (SEC-9, SEC-67)")
    func modes() async throws {
        try await withTemporaryDirectory { root in
            let place = DevelopmentPlace(root: root.path)
            _ = try place.prepare()
            _ = try DevelopmentCertificates(place: place).prepare()
            for (path, mode) in [(place.authorityKey, 0o600), (place.privateKey, 0o600), (place.examples, 0o700), (place.state, 0o700)] {
                let found = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
                #expect(found == mode, "\(path)")
            }
        }
    }

    @Test("a state or an authority that was removed is made anew with all that hangs on it, and nothing is left that would be refused")
    func lostParts() async throws {
        try await withTemporaryDirectory { root in
            let place = DevelopmentPlace(root: root.path)
            func prepare() throws {
                let isStateNew = try place.prepare()
                let isAuthorityNew = try DevelopmentCertificates(place: place).prepare()
                _ = try DevelopmentPolicies(place: place).prepare(port: nil, adminPort: nil)
                try DevelopmentCredentials(place: place, isStateNew: isStateNew, isAuthorityNew: isAuthorityNew).prepare()
            }
            try prepare()
            let credentials = DevelopmentCredentials(place: place)
            let (secret, certificate) = (try Files.read(credentials.signingFile), try Files.read(credentials.clientCertificate))
            try prepare()
            #expect(try Files.read(credentials.signingFile) == secret)
            #expect(try Files.read(credentials.clientCertificate) == certificate)

            try FileManager.default.removeItem(atPath: place.authority)
            try prepare()
            #expect(try Files.read(credentials.signingFile) == secret)
            #expect(try Files.read(credentials.clientCertificate) != certificate)

            try FileManager.default.removeItem(atPath: place.state)
            try prepare()
            #expect(try Files.read(credentials.signingFile) != secret)
            let status = try await Program(directory: root).run("secret", "status", "--policies", place.policies)
            #expect(status.status == 0 && status.output.contains("example/signing"), "\(status)")
        }
    }

    @Test("its policies can be checked, with a warning of the handler that only dev has")
    func check() async throws {
        try await withTemporaryDirectory { root in
            let place = DevelopmentPlace(root: root.path)
            _ = try place.prepare()
            _ = try DevelopmentCertificates(place: place).prepare()
            #expect(try DevelopmentPolicies(place: place).prepare(port: nil, adminPort: nil) == nil)
            let good = try await Program(directory: root).run("check", "--policies", place.policies)
            #expect(good.status == 0 && good.messages.contains("gatehouse dev"), "\(good)")
            #expect(good.messages.contains("endpoints/example.yaml:6:"), "\(good)")
            #expect(good.output.contains("2 schemes in use"))
            try Files.write(Array("path: nowhere\nsenders: [none]\n".utf8), to: place.policies + "/endpoints/example.yaml")
            let bad = try await Program(directory: root).run("check", "--policies", place.policies)
            #expect(bad.status == 1)
            let serve = try await Program(directory: root).run("serve", "--policies", place.policies)
            let lines = serve.messages.split(separator: "\n").filter { $0.contains(".yaml:") }
            #expect(serve.status == 1 && lines.count > 2 && lines.allSatisfy { $0.hasPrefix("error: ") }, "\(serve)")
        }
    }

    @Test("a port that is taken does not stay in the policy", arguments: ["--port", "--admin-port"])
    func keptPort(option: String) async throws {
        try await withTemporaryDirectory { root in
            let place = DevelopmentPlace(root: root.path)
            _ = try place.prepare()
            let policies = DevelopmentPolicies(place: place)
            #expect(try policies.prepare(port: freePort(), adminPort: freePort()) == nil)
            let before = try Files.read(place.policies + "/gateway.yaml")
            let taken = takenPort()
            defer { close(taken.socket) }
            let result = try await Program(directory: root).run("dev", option, "\(taken.port)")
            #expect(result.status == 1)
            #expect(result.messages.contains("127.0.0.1:\(taken.port)") && result.messages.contains("putting"), "\(result.messages)")
            #expect(try Files.read(place.policies + "/gateway.yaml") == before)
        }
    }

    @Test("the example script signs as Digital River does, with openssl alone and the secret in no argument")
    func script() async throws {
        try await withTemporaryDirectory { root in
            let place = DevelopmentPlace(root: root.path)
            _ = try place.prepare()
            let credentials = DevelopmentCredentials(place: place)
            let secret = "whsec_" + Base64.encode(try Random.bytes(32))
            try Files.write(Array(secret.utf8), to: credentials.riverFile, mode: 0o600)
            try Files.write(Array("{\"id\":1}\n".utf8), to: credentials.event)
            try credentials.writeRiverSigner()
            let result = try await Program.run(credentials.riverSigner, ["1700000000", credentials.event], in: root, input: nil)
            let message = Array("1700000000.{\"id\":1}\n".utf8)
            let mac = try message.withUnsafeBytes { bytes throws(CryptoError) in
                try HMAC.compute(.sha256, key: Secret(utf8: secret), bytes)
            }
            #expect(result.output == "1700000000, \(Base64.encode(mac))\n")
            #expect(result.status == 0)
            #expect(try !String(contentsOfFile: credentials.riverSigner, encoding: .utf8).contains(secret))
        }
    }
}
