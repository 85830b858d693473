public import GatehouseCrypto
public import GatehouseTime

/// The id of one request: a ULID, 48 bits of milliseconds and 80 random bits, so that references sort by time and cannot be guessed.
public struct Reference: Sendable, Hashable, Comparable, CustomStringConvertible, LosslessStringConvertible {
    public let high: UInt64
    public let low: UInt64

    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// 26 characters of Crockford's base 32 in upper case, as ``description`` has them, or in lower case; nil for anything else.
    public init?(_ text: String) {
        var high: UInt64 = 0
        var low: UInt64 = 0
        var count = 0
        for byte in text.utf8 {
            let upper = byte &- 0x61 < 26 ? byte - 0x20 : byte
            guard count < 26, let digit = (0..<32).first(where: { Self.digit($0) == upper }), count > 0 || digit < 8 else { return nil }
            high = high << 5 | low >> 59
            low = low << 5 | UInt64(digit)
            count += 1
        }
        guard count == 26 else { return nil }
        self.init(high: high, low: low)
    }

    /// When its request came, to the millisecond.
    public var time: WallTime { WallTime(microseconds: Int64(high >> 16) * 1_000) }

    public static func < (left: Reference, right: Reference) -> Bool { (left.high, left.low) < (right.high, right.low) }

    public var description: String {
        var text: [UInt8] = []
        append(to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    public func append(to output: inout [UInt8]) { output.write { $0.append(self) } }

    /// The 26 characters, valid within `body`.
    public func withText<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 26) { digits in
            var (high, low) = (high, low)
            for index in stride(from: 25, through: 0, by: -1) {
                digits.initializeElement(at: index, to: Self.digit(UInt8(truncatingIfNeeded: low) & 31))
                low = low >> 5 | high << 59
                high >>= 5
            }
            return body(UnsafeRawBufferPointer(digits))
        }
    }

    /// Of the low five bits of `value`.
    static func digit(_ value: UInt8) -> UInt8 { digits.utf8Start[Int(value & 31)] }

    private static let digits: StaticString = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
}

/// Makes references; each event loop has its own. Random bytes are fetched for many at once.
public struct ReferenceGenerator {
    private var pool: [UInt8] = []
    private var used = 0

    public init() {}

    /// Fails only where the system's random generator does.
    public mutating func next(at time: WallTime) throws(CryptoError) -> Reference {
        if used + 10 > pool.count {
            pool = try Random.bytes(2_560)
            used = 0
        }
        let milliseconds = UInt64(clamping: time.microseconds / 1_000) & 0xffff_ffff_ffff
        var high = milliseconds << 16
        var low: UInt64 = 0
        for index in 0..<2 { high |= UInt64(pool[used + index]) << UInt64(8 * (1 - index)) }
        for index in 2..<10 { low = low << 8 | UInt64(pool[used + index]) }
        used += 10
        return Reference(high: high, low: low)
    }
}
