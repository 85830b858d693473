import GatehouseCrypto
import GatehouseTime

/// The authority and server certificate under `certs/dev`.
struct DevelopmentCertificates {
    var place: DevelopmentPlace

    /// Leaves what is there and still valid for a day; makes the rest.
    /// - Returns: the authority is a new one, which vouches for no certificate made before.
    func prepare(now: WallTime = SystemClock().now) throws -> Bool {
        let hasAuthority = isUsable(place.authority, place.authorityKey, now)
        if hasAuthority, isUsable(place.certificate, place.privateKey, now) { return false }
        let authority: DevelopmentAuthority
        if hasAuthority {
            Terminal.note("making a server certificate in \(place.certificates)")
            authority = try DevelopmentAuthority(
                certificatePEM: String(decoding: try Files.read(place.authority), as: UTF8.self),
                keyPEM: try Files.readSecret(place.authorityKey))
        } else {
            Terminal.note("making a certificate authority and a server certificate in \(place.certificates)")
            authority = try DevelopmentAuthority.make(now: now)
            try write(authority.keyPEM, to: place.authorityKey)
            try Files.write(Array(authority.certificatePEM.utf8), to: place.authority)
        }
        let server = try authority.issueServer(names: ["localhost", "127.0.0.1", "::1"], now: now)
        try write(server.keyPEM, to: place.privateKey)
        try Files.write(Array(server.certificatePEM.utf8), to: place.certificate)
        return !hasAuthority
    }

    private func isUsable(_ certificate: String, _ key: String, _ now: WallTime) -> Bool {
        guard Files.exists(key), let info = try? CertificateInfo.load(pemFile: certificate) else { return false }
        return info.notBefore <= now && info.notAfter > now + .seconds(86_400)
    }

    private func write(_ key: Secret, to path: String) throws {
        try Files.write(key.withBytes { Array($0) }, to: path, mode: 0o600)
    }
}
