import GatehouseCrypto
import GatehouseVerify
import Synchronization

/// A value as it is stored: opened when it is first used, and from then on held in memory that is wiped with it. Any thread may ask.
final class SealedCredential: CredentialValue {
    private let sealed: [UInt8]
    private let key: Secret
    private let name: CredentialName
    private let version: Int
    /// Guards the opened value; held while it is opened, which takes microseconds.
    private let opened = Mutex<Secret?>(nil)

    init(_ sealed: [UInt8], key: Secret, name: CredentialName, version: Int) {
        self.sealed = sealed
        self.key = key
        self.name = name
        self.version = version
    }

    func open() throws -> Secret {
        try opened.withLock { opened in
            if let opened { return opened }
            let secret = try AESGCM.open(sealed, key: key, associated: Self.associated(name, version))
            opened = secret
            return secret
        }
    }

    func holds(_ other: [UInt8]) -> Bool { sealed == other }

    static func open(_ sealed: [UInt8], key: Secret, name: CredentialName, version: Int) throws(CryptoError) -> Secret {
        try AESGCM.open(sealed, key: key, associated: associated(name, version))
    }

    static func seal(_ value: Secret, key: Secret, name: CredentialName, version: Int) throws(CryptoError) -> [UInt8] {
        let result: Result<[UInt8], CryptoError> = value.withBytes { bytes in
            Result { () throws(CryptoError) in try AESGCM.seal(bytes, key: key, associated: associated(name, version)) }
        }
        return try result.get()
    }

    /// Binds a value to its row: one that was copied to another row does not open (SEC-66).
    private static func associated(_ name: CredentialName, _ version: Int) -> [UInt8] {
        Array("gatehouse credential\0\(name.sender)\0\(name.kind.rawValue)\0\(version)".utf8)
    }
}
