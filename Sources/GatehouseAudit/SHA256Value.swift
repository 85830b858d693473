/// A SHA-256 digest as a value of four words, so that records and chain heads hold one without an allocation.
public struct SHA256Value: Sendable, Hashable, CustomStringConvertible {
    // The digest's bytes in memory order, whatever the machine's byte order.
    private var words: (UInt64, UInt64, UInt64, UInt64)

    /// 32 zero bytes: what the first record of a log names as its predecessor.
    public static let zero = SHA256Value()

    private init() { words = (0, 0, 0, 0) }

    /// - Precondition: `bytes` are 32.
    public init(copying bytes: UnsafeRawBufferPointer) {
        precondition(bytes.count == 32, "a SHA-256 digest has 32 bytes")
        words = (0, 0, 0, 0)
        withUnsafeMutableBytes(of: &words) { $0.copyMemory(from: bytes) }
    }

    /// Nil unless `bytes` are 32.
    public init?(_ bytes: some Sequence<UInt8>) {
        let copy = Array(bytes)
        guard copy.count == 32 else { return nil }
        self = copy.withUnsafeBytes { SHA256Value(copying: $0) }
    }

    /// 64 lower-case hexadecimal digits; nil for anything else.
    public init?(hex text: UnsafeRawBufferPointer) {
        guard text.count == 64 else { return nil }
        words = (0, 0, 0, 0)
        let valid = withUnsafeMutableBytes(of: &words) { target in
            for index in 0..<32 {
                guard let high = Self.value(text[2 * index]), let low = Self.value(text[2 * index + 1]) else { return false }
                target[index] = high << 4 | low
            }
            return true
        }
        guard valid else { return nil }
    }

    public init?(hex text: some StringProtocol) {
        let digits = Array(text.utf8)
        guard let value = digits.withUnsafeBytes({ SHA256Value(hex: $0) }) else { return nil }
        self = value
    }

    public func withUnsafeBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        try Swift.withUnsafeBytes(of: words, body)
    }

    /// Appends 64 lower-case hexadecimal digits.
    public func appendHex(to output: inout [UInt8]) { output.write { $0.append(hex: self) } }

    public var description: String {
        var digits: [UInt8] = []
        appendHex(to: &digits)
        return String(decoding: digits, as: UTF8.self)
    }

    public static func == (left: SHA256Value, right: SHA256Value) -> Bool { left.words == right.words }

    public func hash(into hasher: inout Hasher) { hasher.combine(words.0) }

    private static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case 0x30...0x39: digit - 0x30
        case 0x61...0x66: digit - 0x57
        default: nil
        }
    }
}
