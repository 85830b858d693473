internal import COpenSSL
internal import GatehouseCrypto
public import GatehouseTime
internal import Synchronization

/// The keys that session tickets are sealed with: random, this process's own, and shared by every listener and over reloads, so that
/// a reload ends no session. What a session may open is bound elsewhere, in its session-id context.
///
/// A key makes tickets for `rotateEvery` and opens them for as long again (RFC 9325 section 3.4).
public final class TicketKeys: Sendable {
    /// Newest first, two at most. The lock guards nothing else and is held for no longer than making a key takes.
    private let keys = Mutex<[TicketKey]>([])
    private let clock: any GatewayClock
    private let rotateEvery: Duration

    private struct TicketKey: Sendable {
        /// 16 bytes that tell which key a ticket was sealed with.
        let name: [UInt8]
        let encryption: Secret
        let authentication: Secret
        let made: MonotonicTime
    }

    public init(clock: any GatewayClock = SystemClock(), rotateEvery: Duration = .seconds(12 * 3_600)) {
        self.clock = clock
        self.rotateEvery = rotateEvery
    }

    /// OpenSSL's ticket key callback: fills in `name` (16 bytes) and `vector` (16 bytes) and keys both contexts for a new ticket.
    /// 0: no ticket can be made.
    func seal(name: UnsafeMutablePointer<UInt8>, vector: UnsafeMutablePointer<UInt8>, cipher: OpaquePointer, mac: OpaquePointer) -> Int32 {
        guard let key = current().first, RAND_bytes(vector, 16) == 1 else { return 0 }
        for (index, byte) in key.name.enumerated() { name[index] = byte }
        let started = key.encryption.withBytes {
            EVP_EncryptInit_ex2(cipher, Self.method.pointer, $0.baseAddress?.assumingMemoryBound(to: UInt8.self), vector, nil) == 1
        }
        return started && authenticate(mac, key) ? 1 : -1
    }

    /// … and for one that a client brings. 0: the key is gone, make a full handshake; 2: an older key, send a new ticket too.
    func open(name: UnsafePointer<UInt8>, vector: UnsafePointer<UInt8>, cipher: OpaquePointer, mac: OpaquePointer) -> Int32 {
        let keys = current()
        let wanted = UnsafeBufferPointer(start: name, count: 16)
        guard let index = keys.firstIndex(where: { $0.name.elementsEqual(wanted) }) else { return 0 }
        let key = keys[index]
        let started = key.encryption.withBytes {
            EVP_DecryptInit_ex2(cipher, Self.method.pointer, $0.baseAddress?.assumingMemoryBound(to: UInt8.self), vector, nil) == 1
        }
        return started && authenticate(mac, key) ? (index == 0 ? 1 : 2) : -1
    }

    private func authenticate(_ mac: OpaquePointer, _ key: TicketKey) -> Bool {
        key.authentication.withBytes { gh_hmac_init(mac, "SHA256", $0.baseAddress?.assumingMemoryBound(to: UInt8.self), $0.count) == 1 }
    }

    private func current() -> [TicketKey] {
        let now = clock.monotonic
        return keys.withLock { keys in
            if let newest = keys.first {
                let age = now - newest.made
                guard age >= rotateEvery else { return keys }
                keys = age >= rotateEvery * 2 ? [] : [newest]
            }
            // Without random bytes there are no new tickets; connections still work.
            if let key = try? Self.make(now) { keys.insert(key, at: 0) }
            return keys
        }
    }

    private static func make(_ now: MonotonicTime) throws(CryptoError) -> TicketKey {
        TicketKey(name: try Random.bytes(16), encryption: try Secret(random: 32), authentication: try Secret(random: 32), made: now)
    }

    private static let method = Cipher(pointer: EVP_CIPHER_fetch(nil, "AES-256-CBC", nil))

    private struct Cipher: @unchecked Sendable {
        // Sound: a fetched algorithm is immutable and never freed.
        let pointer: OpaquePointer?
    }
}
