public import GatehouseCrypto

/// What is kept of a `SENDER/basic` credential: enough to check user and password, not enough to know the password (SEC-68).
///
/// A generated password has 256 random bits, so a keyed digest of it gives nothing away and costs a microsecond to check. A given password
/// may be a word, so it is stretched with scrypt (RFC 7914), about 50 ms and 32 MiB for each guess.
public struct BasicVerifier: Sendable {
    public let user: [UInt8]
    public let form: Form

    public enum Form: Sendable {
        /// HMAC-SHA256 under ``DerivedKeys/passwords`` of user and password.
        case keyed([UInt8])
        case stretched(Stretched)
    }

    public struct Stretched: Sendable, Hashable {
        public var salt: [UInt8]
        public var n: UInt64
        public var r: UInt32
        public var p: UInt32
        public var hash: [UInt8]

        /// Runs scrypt with the verifier's own costs.
        func matches(_ password: UnsafeRawBufferPointer) throws(CryptoError) -> Bool {
            let derived = try KDF.scrypt(password: password, salt: salt, n: n, r: r, p: p, length: hash.count)
            return derived.withBytes { left in hash.withUnsafeBytes { constantTimeEquals(left, $0) } }
        }
    }

    public struct MalformedError: Error, Sendable, Hashable, CustomStringConvertible {
        public let description: String
    }

    /// From `USER:PASSWORD`. The user ends at the first colon (RFC 7617 section 2).
    ///
    /// - Parameters:
    ///   - generated: the password is random and of at least 128 bits; else it is stretched, which takes its time.
    ///   - keys: the state's own; a keyed verifier holds under the same keys only.
    public static func make(_ credentials: Secret, generated: Bool, keys: DerivedKeys) throws -> BasicVerifier {
        try credentials.withBytes { bytes in
            guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")), colon > 0, colon + 1 < bytes.count else {
                throw MalformedError(description: "a basic credential is USER:PASSWORD, neither of them empty")
            }
            guard bytes.count <= maximumLength else {
                throw MalformedError(description: "a basic credential has at most \(maximumLength) bytes")
            }
            let user = UnsafeRawBufferPointer(rebasing: bytes[..<colon])
            let password = UnsafeRawBufferPointer(rebasing: bytes[(colon + 1)...])
            if generated {
                let mac = try MAC(.sha256, key: keys.passwords)
                var digest = [UInt8](repeating: 0, count: 32)
                let count = digest.withUnsafeMutableBytes { Self.digest(user: user, password: password, mac: mac, into: $0) }
                guard count == 32 else { throw CryptoError(.failed, "HMAC failed") }
                return BasicVerifier(user: Array(user), form: .keyed(digest))
            }
            let salt = try Random.bytes(16)
            let hash = try KDF.scrypt(password: password, salt: salt, n: Self.n, r: Self.r, p: Self.p, length: 32)
            return BasicVerifier(
                user: Array(user),
                form: .stretched(Stretched(salt: salt, n: Self.n, r: Self.r, p: Self.p, hash: hash.withBytes { Array($0) })))
        }
    }

    init(user: [UInt8], form: Form) {
        self.user = user
        self.form = form
    }

    /// Reads what ``encoded()`` wrote; throws for anything else.
    public init(decoding value: Secret) throws(MalformedError) {
        let decoded = value.withBytes { bytes -> BasicVerifier? in
            var reader = Reader(bytes: bytes)
            guard let form = reader.byte(), let user = reader.block(), !user.isEmpty else { return nil }
            switch form {
            case Self.keyedTag:
                guard let digest = reader.block(), digest.count == 32, reader.isAtEnd else { return nil }
                return BasicVerifier(user: user, form: .keyed(digest))
            case Self.stretchedTag:
                guard let salt = reader.block(), let n = reader.number(), let r = reader.number(), let p = reader.number(),
                    let hash = reader.block(), reader.isAtEnd, salt.count >= 16, hash.count >= 16,
                    n > 1, n & (n - 1) == 0, n <= 1 << 20, 1 <= r, r <= 64, 1 <= p, p <= 64
                else { return nil }
                return BasicVerifier(user: user, form: .stretched(Stretched(salt: salt, n: n, r: UInt32(r), p: UInt32(p), hash: hash)))
            default:
                return nil
            }
        }
        guard let decoded else { throw MalformedError(description: "a stored basic credential does not parse") }
        self = decoded
    }

    /// A byte for the form, then blocks with a two-byte length; numbers are eight bytes, big-endian.
    public func encoded() -> Secret {
        var bytes: [UInt8] = []
        switch form {
        case .keyed(let digest):
            bytes.append(Self.keyedTag)
            Self.append(user, to: &bytes)
            Self.append(digest, to: &bytes)
        case .stretched(let stretched):
            bytes.append(Self.stretchedTag)
            Self.append(user, to: &bytes)
            Self.append(stretched.salt, to: &bytes)
            for number in [stretched.n, UInt64(stretched.r), UInt64(stretched.p)] {
                withUnsafeBytes(of: number.bigEndian) { bytes.append(contentsOf: $0) }
            }
            Self.append(stretched.hash, to: &bytes)
        }
        return Secret(bytes)
    }

    /// The digest that a keyed verifier holds; returns 32, or 0 where OpenSSL failed.
    package static func digest(
        user: UnsafeRawBufferPointer, password: UnsafeRawBufferPointer, mac: MAC, into output: UnsafeMutableRawBufferPointer
    ) -> Int {
        mac.start()
        KeyedDomain.basic.withBytes { mac.update($0) }
        withUnsafeBytes(of: UInt64(user.count).bigEndian) { mac.update($0) }
        mac.update(user)
        mac.update(password)
        return mac.finish(into: output)
    }

    private static func append(_ block: [UInt8], to bytes: inout [UInt8]) {
        let count = UInt16(clamping: block.count)
        bytes.append(UInt8(count >> 8))
        bytes.append(UInt8(count & 0xff))
        bytes.append(contentsOf: block.prefix(Int(count)))
    }

    /// Of user, colon and password, kept or received.
    package static let maximumLength = 1024
    private static let keyedTag: UInt8 = 1
    private static let stretchedTag: UInt8 = 2
    private static let n: UInt64 = 1 << 15
    private static let r: UInt32 = 8
    private static let p: UInt32 = 1
}

/// What a digest under ``DerivedKeys/passwords`` is of: no digest of one sort equals one of another.
enum KeyedDomain: UInt8 {
    case basic = 1
    case cached = 2
    case equality = 3

    func withBytes(_ body: (UnsafeRawBufferPointer) -> Void) { withUnsafeBytes(of: rawValue, body) }
}

private struct Reader {
    let bytes: UnsafeRawBufferPointer
    var position = 0

    init(bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    var isAtEnd: Bool { position == bytes.count }

    mutating func byte() -> UInt8? {
        guard position < bytes.count else { return nil }
        defer { position += 1 }
        return bytes[position]
    }

    mutating func block() -> [UInt8]? {
        guard let high = byte(), let low = byte() else { return nil }
        let count = Int(high) << 8 | Int(low)
        guard bytes.count - position >= count else { return nil }
        defer { position += count }
        return Array(bytes[position..<position + count])
    }

    mutating func number() -> UInt64? {
        guard bytes.count - position >= 8 else { return nil }
        defer { position += 8 }
        return bytes.bigEndianWord(at: position)
    }
}
