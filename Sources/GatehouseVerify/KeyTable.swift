internal import GatehouseCrypto
internal import GatehousePolicy
internal import Synchronization

/// What a credential's value is made into for one use.
enum KeyUse: Sendable, Hashable {
    case mac(DigestAlgorithm, KeyForm)
    /// The value itself, compared as a keyed digest.
    case equality(KeyForm)
    /// A secret that stands inside the digested text.
    case embedded(KeyForm)
    case publicKey(SignatureAlgorithm, KeyForm)
    case basic
    case certificate
}

/// One version of one credential for one use; workspaces cache what they make of it under its position.
struct KeySlot: Sendable {
    let name: CredentialName
    let version: CredentialVersion
    let use: KeyUse
}

/// A slot with what decides whether it counts.
struct KeyReference: Sendable {
    let number: Int
    let state: VersionState
    /// One for each algorithm of the scheme; one where there is no choice.
    let slots: [Int]
}

/// Every key of a snapshot. Immutable; only the password cache behind it changes, under its own lock.
final class KeyTable: Sendable {
    /// Tells snapshots of one process apart, later ones being greater.
    let generation: UInt64
    let slots: [KeySlot]
    let keys: DerivedKeys
    let minimumKeyBytes: Int
    let passwords: PasswordCache

    init(slots: [KeySlot], keys: DerivedKeys, minimumKeyBytes: Int, passwords: PasswordCache) {
        generation = Self.generations.add(1, ordering: .relaxed).newValue
        self.slots = slots
        self.keys = keys
        self.minimumKeyBytes = minimumKeyBytes
        self.passwords = passwords
    }

    private static let generations = Atomic<UInt64>(0)
}

/// Collects the slots that plans ask for; the same version for the same use gets one.
struct KeyTableBuilder {
    private struct Identity: Hashable {
        let name: CredentialName
        let number: Int
        let use: KeyUse
    }

    let credentials: CredentialSet
    private(set) var slots: [KeySlot] = []
    private var known: [Identity: Int] = [:]

    init(_ credentials: CredentialSet) { self.credentials = credentials }

    /// The versions that still have a value, newest first, each with a slot for every use.
    ///
    /// - Parameter keepingRevoked: with those that have none any more, which have no slot: where having had a value matters.
    mutating func references(_ name: CredentialName, uses: [KeyUse], keepingRevoked: Bool = false) -> [KeyReference] {
        credentials[name].compactMap { version in
            if case .revoked = version.state {
                return keepingRevoked ? KeyReference(number: version.number, state: version.state, slots: []) : nil
            }
            return KeyReference(number: version.number, state: version.state, slots: uses.map { slot(name, version, $0) })
        }
    }

    private mutating func slot(_ name: CredentialName, _ version: CredentialVersion, _ use: KeyUse) -> Int {
        let identity = Identity(name: name, number: version.number, use: use)
        if let slot = known[identity] { return slot }
        let slot = slots.count
        slots.append(KeySlot(name: name, version: version, use: use))
        known[identity] = slot
        return slot
    }
}
