import COpenSSL
import Foundation
import GatehouseCrypto
import GatehouseTime

@testable import GatehouseTLS

/// A temporary folder with authorities, certificates and keys; gone with this value.
final class TestFiles: Sendable {
    let folder: String
    let now = SystemClock().now
    let serverCA: DevelopmentAuthority
    let clientCA: DevelopmentAuthority

    init() throws {
        folder = NSTemporaryDirectory() + "gatehouse-tls-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        serverCA = try DevelopmentAuthority.make(commonName: "Server CA", now: now)
        clientCA = try DevelopmentAuthority.make(commonName: "Client CA", now: now)
        write("server-ca.pem", serverCA.certificatePEM)
        write("client-ca.pem", clientCA.certificatePEM)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    func path(_ name: String) -> String { "\(folder)/\(name)" }

    @discardableResult
    func write(_ name: String, _ text: String, mode: Int = 0o600) -> String {
        _ = FileManager.default.createFile(atPath: path(name), contents: Data(text.utf8), attributes: [.posixPermissions: mode])
        return path(name)
    }

    @discardableResult
    func write(_ name: String, _ secret: Secret, mode: Int = 0o600) -> String {
        write(name, secret.withBytes { String(decoding: $0, as: UTF8.self) }, mode: mode)
    }

    /// Writes `name.pem` and `name.key`.
    func server(_ name: String, names: [String], clientCA: String? = nil) throws -> TLSServerConfiguration.Identity {
        let issued = try serverCA.issueServer(names: names, now: now)
        return TLSServerConfiguration.Identity(
            certificateFile: write("\(name).pem", issued.certificatePEM), keyFile: write("\(name).key", issued.keyPEM),
            clientCAFile: clientCA)
    }

    /// Writes `name.pem` and `name.key`, and gives the arguments for s_client.
    func client(_ name: String, by authority: DevelopmentAuthority? = nil, from: WallTime? = nil, validFor: Duration = .seconds(86_400))
        throws -> [String]
    {
        let issued = try (authority ?? clientCA).issueClient(commonName: name, now: now, from: from, validFor: validFor)
        return ["-cert", write("\(name).pem", issued.certificatePEM), "-key", write("\(name).key", issued.keyPEM)]
    }

    func configuration(_ identities: [TLSServerConfiguration.Identity], listener: String = "0.0.0.0:8443", crl: String? = nil)
        -> TLSServerConfiguration
    {
        TLSServerConfiguration(listener: listener, identities: identities, crlFile: crl)
    }

    /// A revocation list of the client CA.
    func revocationList(_ name: String, revoking certificates: [String] = [], nextUpdate: Duration = .seconds(86_400)) throws -> String {
        guard let list = X509_CRL_new(), let issuer = Self.certificate(clientCA.certificatePEM), let key = Self.key(clientCA.keyPEM) else {
            throw TLSError(.configuration, "no revocation list")
        }
        defer {
            X509_CRL_free(list)
            X509_free(issuer)
            EVP_PKEY_free(key)
        }
        let last = ASN1_TIME_set(nil, Int(now.seconds) - 7_200)
        let next = ASN1_TIME_set(nil, Int((now + nextUpdate).seconds))
        defer {
            ASN1_TIME_free(last)
            ASN1_TIME_free(next)
        }
        X509_CRL_set_version(list, 1)
        X509_CRL_set_issuer_name(list, X509_get_subject_name(issuer))
        X509_CRL_set1_lastUpdate(list, last)
        X509_CRL_set1_nextUpdate(list, next)
        for pem in certificates {
            guard let certificate = Self.certificate(pem), let entry = X509_REVOKED_new() else { continue }
            defer { X509_free(certificate) }
            X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(certificate))
            X509_REVOKED_set_revocationDate(entry, last)
            X509_CRL_add0_revoked(list, entry)
        }
        guard X509_CRL_sort(list) == 1, X509_CRL_sign(list, key, EVP_sha256()) > 0 else {
            throw TLSError(.configuration, "no revocation list")
        }
        let bio = BIO_new(BIO_s_mem())
        defer { BIO_free(bio) }
        PEM_write_bio_X509_CRL(bio, list)
        var contents: UnsafeMutablePointer<CChar>?
        let count = gh_bio_contents(bio, &contents)
        return write(name, String(decoding: UnsafeRawBufferPointer(start: contents, count: count), as: UTF8.self))
    }

    private static func certificate(_ pem: String) -> OpaquePointer? {
        Array(pem.utf8).withUnsafeBytes { bytes in
            let bio = BIO_new_mem_buf(bytes.baseAddress, Int32(bytes.count))
            defer { BIO_free(bio) }
            return PEM_read_bio_X509(bio, nil, nil, nil)
        }
    }

    private static func key(_ pem: Secret) -> OpaquePointer? {
        pem.withBytes { bytes in
            let bio = BIO_new_mem_buf(bytes.baseAddress, Int32(bytes.count))
            defer { BIO_free(bio) }
            return PEM_read_bio_PrivateKey(bio, nil, nil, nil)
        }
    }
}
