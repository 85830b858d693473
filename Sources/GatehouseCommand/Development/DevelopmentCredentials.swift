import Gatehouse
import GatehouseCrypto
import GatehouseTime
import GatehouseVerify

/// The example senders' credentials: in the state, and for pasting under `var/dev/example` (0600).
struct DevelopmentCredentials {
    var place: DevelopmentPlace
    /// There was no state before: what the files hold is known nowhere.
    var isStateNew = false
    /// The authority that client certificates come from is another one than before.
    var isAuthorityNew = false

    var signingFile: String { place.examples + "/example.secret" }
    var wrongFile: String { place.examples + "/wrong.secret" }
    /// curl configuration files, so that what is secret is in no argument list: user and password, client id and secret, an access token.
    var login: String { place.examples + "/example.curl" }
    var client: String { place.examples + "/example-oauth.curl" }
    var token: String { place.examples + "/token.curl" }
    /// What `private_key_jwt` assertions are signed with (PKCS#8 PEM).
    var clientKey: String { place.examples + "/example.key" }
    /// For `tls_client_auth`, and for endpoints that ask for a certificate.
    var clientCertificate: String { place.examples + "/example-client.pem" }
    var clientCertificateKey: String { place.examples + "/example-client.key" }
    var riverFile: String { place.examples + "/digital-river.secret" }
    /// A curl configuration file with the user name and password.
    var riverLogin: String { place.examples + "/digital-river.curl" }
    var riverSigner: String { place.examples + "/digital-river-sign" }
    var event: String { place.examples + "/event.json" }
    var otherEvent: String { place.examples + "/other-event.json" }

    /// Adds the credentials that are missing, writes the files that go with them, and two events with fresh ids.
    func prepare() throws {
        try add("example", .signing, to: signingFile) { $0 }
        try add("example", .basic, to: login) { "user = \"\($0)\"\n" }
        try add("example", .oauth, to: client) { "user = \"example:\($0)\"\n" }
        try addKey()
        try addCertificate()
        try add("digital-river", .signing, to: riverFile) { $0 }
        try add("digital-river", .basic, to: riverLogin) { "user = \"\($0)\"\n" }
        if !Files.exists(wrongFile) {
            try Files.write(
                Array(("whsec_" + Base64.encode(try Random.bytes(32), alphabet: .standard, padded: true)).utf8), to: wrongFile, mode: 0o600)
        }
        try writeRiverSigner()
        for file in [event, otherEvent] {
            try Files.write(Array(Self.eventBody(id: "evt_" + Hex.encode(try Random.bytes(8))).utf8), to: file)
        }
    }

    /// Makes the credential unless its file shows that it was made before, in this state. The form is the file's text for the generated value.
    private func add(_ sender: String, _ kind: CredentialKind, to file: String, form: (String) -> String) throws {
        if !isStateNew, Files.exists(file) { return }
        let name = CredentialName(sender: sender, kind: kind)
        Terminal.note("making the credential \(name)")
        let added: SecretOutcome
        do {
            added = try SecretCommands(policies: place.policies).add(name, value: nil)
        } catch {
            throw lost(name, file, error)
        }
        guard let secret = added.secret else { throw CommandFailure("\(name) was made without a value") }
        try Files.write(Array(form(secret).utf8), to: file, mode: 0o600)
    }

    private func addKey() throws {
        if !isStateNew, Files.exists(clientKey) { return }
        let name = CredentialName(sender: "example", kind: .key)
        Terminal.note("making the credential \(name)")
        let key = try PrivateKey.generate(.p256)
        try store(name, Secret(utf8: key.publicKey.pem()), whose: clientKey)
        try Files.write(key.pem().withBytes { Array($0) }, to: clientKey, mode: 0o600)
    }

    private func addCertificate() throws {
        let isMade = !isStateNew && Files.exists(clientCertificateKey)
        if isMade, !isAuthorityNew { return }
        let name = CredentialName(sender: "example", kind: .certificate)
        Terminal.note(isMade ? "making the client certificate again, since the authority is new" : "making the credential \(name)")
        let authority = try DevelopmentAuthority(
            certificatePEM: String(decoding: try Files.read(place.authority), as: UTF8.self),
            keyPEM: try Files.readSecret(place.authorityKey))
        let issued = try authority.issueClient(commonName: "example", now: SystemClock().now)
        // The credential is the subject, which stays.
        if !isMade {
            try store(name, Secret(utf8: "\(try CertificateInfo(pem: issued.certificatePEM).subject)"), whose: clientCertificateKey)
        }
        try Files.write(Array(issued.certificatePEM.utf8), to: clientCertificate, mode: 0o600)
        try Files.write(issued.keyPEM.withBytes { Array($0) }, to: clientCertificateKey, mode: 0o600)
    }

    private func store(_ name: CredentialName, _ value: Secret, whose file: String) throws {
        do {
            _ = try SecretCommands(policies: place.policies).add(name, value: value)
        } catch {
            throw lost(name, file, error)
        }
    }

    private func lost(_ name: CredentialName, _ file: String, _ error: any Error) -> CommandFailure {
        CommandFailure(
            "\(name) could not be made: \(error)",
            hint: "\(file) is missing; if the credential is in the state without it, remove \(place.prefix)var/dev and start again")
    }

    /// HMAC-SHA256 out of two `openssl dgst` (RFC 2104): the key's pads stand in files, so the secret is in no argument.
    func writeRiverSigner() throws {
        let key = try Files.readSecret(riverFile)
        guard key.count <= 64 else {
            throw CommandFailure("\(riverFile) holds more than 64 bytes", hint: "remove \(place.prefix)var/dev and start again")
        }
        for (name, byte) in [("ipad", UInt8(0x36)), ("opad", UInt8(0x5c))] {
            let pad = key.withBytes { bytes in bytes.map { $0 ^ byte } + [UInt8](repeating: byte, count: 64 - bytes.count) }
            try Files.write(pad, to: place.examples + "/digital-river." + name, mode: 0o600)
        }
        try Files.write(Array(Self.riverSignerText.utf8), to: riverSigner, mode: 0o700)
    }

    private static let riverSignerText = """
        #!/bin/sh
        # digital-river-sign TIME FILE: prints the DigitalRiver-Signature of a body, made with openssl alone.
        # It is base64(HMAC-SHA256(secret, "TIME.BODY")). HMAC is two digests, H(opad || H(ipad || message)) (RFC 2104); the pads are
        # read from files, so that the secret is in no argument list.
        set -eu
        here=$(dirname "$0")
        signature=$({ cat "$here/digital-river.ipad"; printf '%s.' "$1"; cat "$2"; } | openssl dgst -sha256 -binary |
            cat "$here/digital-river.opad" - | openssl dgst -sha256 -binary | openssl base64 -A)
        printf '%s, %s\\n' "$1" "$signature"

        """

    private static func eventBody(id: String) -> String {
        """
        {"id": "\(id)", "type": "order.accepted", "data": {"object": {"id": "204440790336", "totalAmount": 42.94, "currency": "USD"}}, "liveMode": false}

        """
    }
}
