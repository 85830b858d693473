internal import COpenSSL

/// The OpenSSL that is loaded, which may be newer than the one compiled against.
public enum OpenSSLVersion {
    /// Such as `OpenSSL 3.0.19 27 Jan 2026`.
    public static var text: String { OpenSSL_version(OPENSSL_VERSION).map { String(cString: $0) } ?? "OpenSSL" }
}
