import GatehouseCrypto
#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The 32 bytes under which everything secret in the state is sealed: `STATE/master.key`, mode 0600.
///
/// The key that seals is derived from it with HKDF (RFC 5869). It derives no others but that: those that digest events and passwords come
/// from a root secret that is itself sealed, so that the master key can be replaced without forgetting events.
struct MasterKey: Sendable {
    /// Seals credentials and the root secret.
    let sealing: Secret
    /// Stored in clear in the database; tells whether a key is the one that sealed it, and nothing about the key.
    let check: [UInt8]

    init(_ key: Secret) throws(StateError) {
        do {
            sealing = try KDF.hkdfSHA256(key: key, info: "gatehouse sealing", length: Self.length)
            check = try KDF.hkdfSHA256(key: key, info: "gatehouse master key check", length: 16).withBytes { Array($0) }
        } catch {
            throw StateError(.key, "the master key cannot be used: \(error)")
        }
    }

    /// Reads the key; makes one where there is none and `isNew` says that nothing was ever sealed. A state that has lost its key is never
    /// given another (SEC-67): that would look like a working gateway that knows nobody.
    static func load(_ path: String, isNew: Bool) throws(StateError) -> MasterKey {
        if !FileSystem.exists(path) {
            guard isNew else {
                throw StateError(
                    .key,
                    "\(path) is missing, and the state beside it was sealed with it: "
                        + "put the key back from its backup. Without it the "
                        + "credentials are lost, and a new state has to be made in another directory"
                )
            }
            try make(path)
        }
        try StateDirectory.check(path, isDirectory: false)
        let file = try Descriptor(opening: path, O_RDONLY)
        guard try file.size() == length else {
            throw StateError(.key, "\(path) is no master key: it has \(try file.size()) bytes and not \(length)")
        }
        let key: Secret
        do throws(CryptoError) {
            key = try Secret(count: length) { (buffer) throws(CryptoError) in
                do throws(StateError) { try file.read(into: buffer, at: 0) } catch { throw CryptoError(.unreadable, error.message) }
            }
        } catch {
            throw StateError(.access, error.message)
        }
        return try MasterKey(key)
    }

    private static func make(_ path: String) throws(StateError) {
        let key: Secret
        do { key = try Secret(random: length) } catch { throw StateError(.key, "no master key could be made: \(error)") }
        let result: Result<Void, StateError> = key.withBytes { bytes in
            Result { () throws(StateError) in try FileSystem.replace(path, with: bytes) }
        }
        try result.get()
    }

    private static let length = 32
}
