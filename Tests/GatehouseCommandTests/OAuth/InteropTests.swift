import Foundation
import GatehouseAudit
import GatehouseTesting
import Testing

/// Clients from PyPI that were not written here, against the built program. `./run test` makes their environment.
@Suite(
    "Clients not written here",
    .disabled(if: ProcessInfo.processInfo.environment["GATEHOUSE_WITHOUT_INTEROP"] == "1", "they could not be installed from PyPI"))
struct InteropTests {
    @Test(
        "SEC-29, SEC-35, SEC-36, SEC-37, SEC-38, SEC-40, SEC-43, SEC-44, SEC-47, SEC-48: each of these does what it is meant to, and is refused what it must not have",
        arguments: ["authlib_client", "requests_oauthlib_client", "pyjwt_client", "joserfc_client", "mutual_tls_client", "fapi_client"])
    func client(_ script: String) async throws {
        let python = try Self.python()
        let site = try TestSite(
            gateway: "log: { level: info }", listener: "client-ca: ../certs/clients-ca.pem", limits: "failures: 100000/s")
        let handler = try await TestHandler.start()
        let methods =
            script == "fapi_client"
            ? "profile: fapi2" : "token-authentication: [client_secret_basic, client_secret_post, private_key_jwt, tls_client_auth]"
        try site.sender("acme", "scopes: [events:read, events:write]\n\(methods)")
        try site.sender("legacy", "scopes: [events:write]\ngrants: [password]")
        try site.endpoint(
            "acme", to: handler.url(), senders: "[acme, legacy]", authenticate: "[{ oauth: ['events:write'] }]",
            "event: { id: json:id, type: json:type }")
        let folder = URL(fileURLWithPath: site.folder.path)
        try site.folder.write("keys/here", "")
        let keys = try await Program.run(python, [Self.file("make_keys.py"), site.folder("keys")], in: folder, input: nil)
        try #require(keys.status == 0, "\(keys.messages)")
        try site.add("acme/key", String(decoding: site.folder.read("keys/jwks.json"), as: UTF8.self))
        try site.add("acme/certificate", "CN=acme")
        for name in ["acme", "globex"] { try site.writeClient(name) }
        let login = try site.add("legacy/basic").split(separator: ":", maxSplits: 1).map(String.init)
        var configuration: [String: Any] = [
            "issuer": "https://localhost:8443", "ca": site.folder("certs/ca.pem"), "client_id": "acme",
            "secret": try site.add("acme/oauth"),
            "keys": site.folder("keys"),
            "legacy": ["client_id": "legacy", "secret": try site.add("legacy/oauth"), "user": login[0], "password": login[1]],
            "certificate": site.folder("certs/acme.pem"), "certificate_key": site.folder("certs/acme.key"),
            "other_certificate": site.folder("certs/globex.pem"), "other_certificate_key": site.folder("certs/globex.key"),
        ]
        let gateway = try await GatewayProgram.start(site)
        configuration["base"] = "https://localhost:\(gateway.port)"
        let text = String(decoding: try JSONSerialization.data(withJSONObject: configuration), as: UTF8.self)
        let result = try await Program.run(
            python, [Self.file(script + ".py"), try site.folder.write("interop.json", text)], in: folder, input: nil)
        #expect(result.status == 0, "\(script): \(result.output)\(result.messages)")
        gateway.signal(SIGTERM)
        #expect(await gateway.exit() == 0)
        #expect(try site.verifyAudit().isGood)
    }

    private static func file(_ name: String) -> String {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Interop/\(name)").path
    }

    struct Missing: Error, CustomStringConvertible {
        var description: String
    }

    /// `GATEHOUSE_INTEROP_PYTHON`, else where `./run test` puts it.
    private static func python() throws -> String {
        let root = (0..<4).reduce(URL(fileURLWithPath: #filePath)) { url, _ in url.deletingLastPathComponent() }
        let venv = root.appendingPathComponent(".build/interop-venv").path
        let path = ProcessInfo.processInfo.environment["GATEHOUSE_INTEROP_PYTHON"] ?? venv + "/bin/python"
        guard FileManager.default.isExecutableFile(atPath: path) else {
            throw Missing(
                description: """
                    \(path) is missing: `./run test` makes it, as do (Debian package python3-venv)
                      python3 -m venv \(venv) && \(venv)/bin/pip install -r \(file("requirements.txt"))
                    """)
        }
        return path
    }
}
