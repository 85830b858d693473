internal import COpenSSL

/// Bytes that must not be seen: owned once, wiped when the last reference goes, and never printed.
public final class Secret: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    private let storage: Storage

    /// A copy; wiping the source is the caller's part.
    public init(copying bytes: UnsafeRawBufferPointer) {
        storage = Storage(count: bytes.count)
        if let source = bytes.baseAddress { storage.base.copyMemory(from: source, byteCount: bytes.count) }
    }

    /// `count` bytes that `fill` writes in place.
    public init(count: Int, fill: (UnsafeMutableRawBufferPointer) throws(CryptoError) -> Void) throws(CryptoError) {
        storage = Storage(count: count)
        try fill(UnsafeMutableRawBufferPointer(start: storage.base, count: count))
    }

    public convenience init(_ bytes: [UInt8]) {
        self.init(copying: bytes, as: ())
    }

    public convenience init(utf8 text: String) {
        self.init(Array(text.utf8))
    }

    /// Fresh random bytes.
    public convenience init(random count: Int) throws(CryptoError) {
        try self.init(count: count) { (buffer) throws(CryptoError) in try Random.fill(buffer) }
    }

    private init(copying bytes: [UInt8], as _: Void) {
        storage = Storage(count: bytes.count)
        let storage = storage
        bytes.withUnsafeBytes { source in
            if let start = source.baseAddress { storage.base.copyMemory(from: start, byteCount: source.count) }
        }
    }

    public var count: Int { storage.count }

    /// The pointer is valid within `body` only.
    public func withBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        try withExtendedLifetime(storage) { try body(UnsafeRawBufferPointer(start: storage.base, count: storage.count)) }
    }

    public var description: String { "<secret>" }
    public var debugDescription: String { "<secret>" }
    public var customMirror: Mirror { Mirror(self, children: EmptyCollection<Mirror.Child>()) }

    // Sound: the bytes are written before the initialiser returns and only read afterwards.
    private final class Storage: @unchecked Sendable, CustomReflectable {
        let base: UnsafeMutableRawPointer
        let count: Int

        init(count: Int) {
            self.count = count
            base = SecretMemory.allocate(max(count, 1))
        }

        deinit {
            OPENSSL_cleanse(base, count)
            SecretMemory.release(base, count: max(count, 1))
        }

        var customMirror: Mirror { Mirror(self, children: EmptyCollection<Mirror.Child>()) }
    }
}
