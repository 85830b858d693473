package import GatehouseCrypto
internal import Synchronization

/// Remembers which passwords were right lately, as keyed digests and in memory only (SEC-68), so that scrypt runs once for a sender and not
/// once a request. Safe to use from any thread; the lock is held for a dictionary access.
///
/// An entry belongs to one version of one credential and to its verifier. It is only ever looked up for versions that are live, so a
/// revoked version's entry counts for nothing from that moment, and ``keep(only:)`` drops it.
public final class PasswordCache: Sendable {
    struct Version: Hashable, Sendable {
        let sender: String
        let number: Int
    }

    package struct Entry: Hashable, Sendable {
        let version: Version
        /// Keyed over user, password and the version's verifier.
        let digest: BodyDigest

        /// Nil where OpenSSL failed.
        ///
        /// - Parameters:
        ///   - claim: ``BasicVerifier/digest(user:password:mac:into:)`` of what was received.
        ///   - mac: keyed with ``DerivedKeys/passwords``.
        package init?(sender: String, version: Int, verifier: BasicVerifier.Stretched, claim: BodyDigest, mac: MAC) {
            mac.start()
            KeyedDomain.cached.withBytes { mac.update($0) }
            claim.withBytes { mac.update($0) }
            verifier.salt.withUnsafeBytes { mac.update($0) }
            verifier.hash.withUnsafeBytes { mac.update($0) }
            let digest = withUnsafeTemporaryAllocation(byteCount: 32, alignment: 8) { output in
                mac.finish(into: output) == 32 ? BodyDigest(UnsafeRawBufferPointer(output)) : nil
            }
            guard let digest else { return nil }
            self.version = Version(sender: sender, number: version)
            self.digest = digest
        }
    }

    /// A version has one right password, so one digest.
    private let digests = Mutex<[Version: BodyDigest]>([:])
    private let capacity: Int

    /// - Parameter capacity: passwords remembered; when there would be more, all are forgotten and earned again.
    public init(capacity: Int = 4096) { self.capacity = capacity }

    package func contains(_ entry: Entry) -> Bool {
        digests.withLock { $0[entry.version] == entry.digest }
    }

    package func remember(_ entry: Entry) {
        digests.withLock { digests in
            if digests.count >= capacity, digests[entry.version] == nil { digests.removeAll() }
            digests[entry.version] = entry.digest
        }
    }

    /// Forgets every version not in `versions`.
    func keep(only versions: Set<Version>) {
        digests.withLock { digests in digests = digests.filter { versions.contains($0.key) } }
    }
}
