/// The keyed digest by which a duplicate is known: the first 16 bytes of an HMAC-SHA256 under the state's replay key, over the endpoint's
/// name, the sender's name and either the event's id or the digest of the signed bytes. Made after every check has passed, of bytes that
/// the signature covers (SEC-64).
public struct EventKey: Sendable, Hashable, CustomStringConvertible {
    /// The first and last eight bytes, big-endian.
    public var high: UInt64
    public var low: UInt64

    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// 32 hex digits; nil for anything else.
    public init?(hex: some StringProtocol) {
        guard hex.utf8.count == 32, hex.utf8.allSatisfy({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "-") }),
            let high = UInt64(hex.prefix(16), radix: 16), let low = UInt64(hex.suffix(16), radix: 16)
        else { return nil }
        self.init(high: high, low: low)
    }

    /// 32 lower-case hex digits.
    public var hex: String {
        var text: [UInt8] = []
        appendHex(to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    public func appendHex(to text: inout [UInt8]) {
        GatehouseVerify.appendHex(high, to: &text)
        GatehouseVerify.appendHex(low, to: &text)
    }

    public var description: String { hex }
}

/// A SHA-256 digest held without an allocation.
public struct BodyDigest: Sendable, Hashable, CustomStringConvertible {
    /// In order, big-endian.
    public var words: (UInt64, UInt64, UInt64, UInt64)

    public init(words: (UInt64, UInt64, UInt64, UInt64)) { self.words = words }

    /// Nil unless there are exactly 32 bytes.
    public init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count == 32 else { return nil }
        self.init(words: (bytes.bigEndianWord(at: 0), bytes.bigEndianWord(at: 8), bytes.bigEndianWord(at: 16), bytes.bigEndianWord(at: 24)))
    }

    /// The 32 bytes, valid within `body`.
    public func withBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        try withUnsafeBytes(of: (words.0.bigEndian, words.1.bigEndian, words.2.bigEndian, words.3.bigEndian), body)
    }

    /// 64 lower-case hex digits.
    public var hex: String {
        var text: [UInt8] = []
        appendHex(to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    public func appendHex(to text: inout [UInt8]) {
        GatehouseVerify.appendHex(words.0, to: &text)
        GatehouseVerify.appendHex(words.1, to: &text)
        GatehouseVerify.appendHex(words.2, to: &text)
        GatehouseVerify.appendHex(words.3, to: &text)
    }

    public var description: String { hex }

    public static func == (left: BodyDigest, right: BodyDigest) -> Bool { left.words == right.words }

    public func hash(into hasher: inout Swift.Hasher) {
        hasher.combine(words.0)
        hasher.combine(words.1)
        hasher.combine(words.2)
        hasher.combine(words.3)
    }
}

extension UnsafeRawBufferPointer {
    /// - Precondition: eight bytes follow `offset`.
    func bigEndianWord(at offset: Int) -> UInt64 { UInt64(bigEndian: loadUnaligned(fromByteOffset: offset, as: UInt64.self)) }
}

private func appendHex(_ word: UInt64, to text: inout [UInt8]) {
    var shift: UInt64 = 60
    while true {
        let digit = UInt8(truncatingIfNeeded: word >> shift & 15)
        text.append(digit < 10 ? 0x30 + digit : 0x57 + digit)
        if shift == 0 { return }
        shift -= 4
    }
}
