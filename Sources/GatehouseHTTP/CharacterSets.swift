/// Byte classes of RFC 9110 and 9112 as two 64-bit masks each: a test is a shift, without a table in memory.
@usableFromInline
struct ByteClass: Sendable {
    @usableFromInline let low: UInt64
    @usableFromInline let high: UInt64

    /// The ASCII characters of `text`.
    init(_ text: String) {
        var low: UInt64 = 0
        var high: UInt64 = 0
        for byte in text.utf8 {
            if byte < 64 { low |= 1 << UInt64(byte) } else if byte < 128 { high |= 1 << UInt64(byte - 64) }
        }
        self.low = low
        self.high = high
    }

    @inlinable func contains(_ byte: UInt8) -> Bool {
        byte < 64 ? low >> UInt64(byte) & 1 != 0 : byte < 128 && high >> UInt64(byte &- 64) & 1 != 0
    }

    /// `tchar` (RFC 9110 section 5.6.2).
    static let token = ByteClass("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
    /// What a request target may hold: visible ASCII without `#`, quotes, angle brackets, braces, backquote, caret and bar, which no URI
    /// holds (RFC 3986 section 2). The backslash and bar stay out as well: some servers take them for other characters.
    static let target = ByteClass("!$%&'()*+,-./0123456789:;=?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]_abcdefghijklmnopqrstuvwxyz~")
    /// `reg-name` and IPv4 (RFC 3986 section 3.2.2).
    static let host = ByteClass("!$%&'()*+,-.;=_~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
    static let ipv6 = ByteClass("0123456789abcdefABCDEF:.")
}

extension UInt8 {
    @inlinable var isDigit: Bool { 0x30 <= self && self <= 0x39 }
    @inlinable var lowercased: UInt8 { 0x41 <= self && self <= 0x5a ? self | 0x20 : self }
    @inlinable var hexValue: UInt8? {
        switch self {
        case 0x30...0x39: self - 0x30
        case 0x41...0x46: self - 0x37
        case 0x61...0x66: self - 0x57
        default: nil
        }
    }
    /// May stand in the target of a request that is taken.
    package var isTargetCharacter: Bool { ByteClass.target.contains(self) }
    /// A byte of a field value: visible, blank, tab or obs-text (RFC 9110 section 5.5).
    @inlinable var isFieldValue: Bool { self >= 0x20 && self != 0x7f || self == 0x09 }

    static let carriageReturn: UInt8 = 0x0d
    static let lineFeed: UInt8 = 0x0a
    static let space: UInt8 = 0x20
    static let tab: UInt8 = 0x09
}
