import GatehouseCrypto

/// The 32 bytes under which everything secret in the state is sealed.
///
/// The keys that seal credentials, backups and refused requests are derived from it with HKDF (RFC 5869). It derives no others but those: what digests events
/// and passwords comes from a root secret that is itself sealed, so that the master key can be replaced without forgetting events.
struct MasterKey: Sendable {
    /// Seals credentials and the root secret.
    let sealing: Secret
    /// Seals backups of the state.
    let backup: Secret
    /// Seals refused requests that are kept.
    let rejected: Secret
    /// Stored in clear in the database; tells whether a key is the one that sealed it, and nothing about the key.
    let check: [UInt8]

    init(_ key: Secret) throws(StateError) {
        do {
            sealing = try KDF.hkdfSHA256(key: key, info: "gatehouse sealing", length: Self.length)
            backup = try KDF.hkdfSHA256(key: key, info: "gatehouse backup", length: Self.length)
            rejected = try KDF.hkdfSHA256(key: key, info: "gatehouse rejected requests", length: Self.length)
            check = try KDF.hkdfSHA256(key: key, info: "gatehouse master key check", length: 16).withBytes { Array($0) }
        } catch {
            throw StateError(.key, "the master key cannot be used: \(error)")
        }
    }

    /// Takes 32 bytes as they are, or their base64 in one line, as `openssl rand -base64 32` prints it.
    init(content: Secret, from place: String) throws(StateError) {
        try self.init(try Self.bytes(content, from: place))
    }

    func matches(_ stored: [UInt8]) -> Bool {
        stored.withUnsafeBytes { left in check.withUnsafeBytes { constantTimeEquals(left, $0) } }
    }

    /// The key itself, out of what a file, a credential or a descriptor held.
    static func bytes(_ content: Secret, from place: String) throws(StateError) -> Secret {
        if content.count == length { return content }
        var count: Int?
        let room = try? Secret(count: length) { output in
            count = content.withBytes { bytes in
                let line = bytes.last == UInt8(ascii: "\n") ? UnsafeRawBufferPointer(rebasing: bytes.dropLast()) : bytes
                return Base64.decode(line, into: output)
            }
        }
        guard count == length, let room else {
            throw StateError(
                .key,
                "\(place) is no master key: expected \(length) bytes, or their base64 in one line, and there are \(content.count) bytes")
        }
        return room
    }

    static func random() throws(StateError) -> Secret {
        do { return try Secret(random: length) } catch { throw StateError(.key, "no master key could be made: \(error)") }
    }

    static let length = 32
}
